// A field that finds a patient while one types. What is typed goes to the server in a
// body, as from the search of every page; only who was chosen is told to the page.

const WAIT_MS = 180
const FEWEST = 2
const FIRST = 6
const MOST = 30
const UNREACHABLE = translate("Search is not available right now. Type again in a moment.")

const locale = () => (document.documentElement.lang === "de" ? "de-DE" : "en-GB")

const born = (text) => {
  const day = new Date(text)
  const now = new Date()
  const had = [now.getMonth() - day.getUTCMonth(), now.getDate() - day.getUTCDate()]
  const isBefore = had[0] < 0 || (had[0] === 0 && had[1] < 0)
  const age = now.getFullYear() - day.getUTCFullYear() - (isBefore ? 1 : 0)
  const written = day.toLocaleDateString(locale(), {
    day: "numeric", month: "long", timeZone: "UTC", year: "numeric",
  })
  return translate("born {day} ({age})", { day: written, age })
}

let pickers = 0

class Picker {
  constructor(parent) {
    const id = `cr-picker-${(pickers += 1)}`
    this.id = id
    this.field = element("input", {
      id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      maxlength: "200", "aria-autocomplete": "list", "aria-controls": `${id}-list`,
      "aria-describedby": `${id}-note`, "aria-expanded": "false",
      placeholder: translate("Name, date of birth, record number, phone or e-mail"),
    })
    this.list = element("div", {
      id: `${id}-list`, role: "listbox", "aria-label": translate("Patients found"),
    })
    this.note = element("p", { id: `${id}-note`, role: "status" })
    const label = element("label", { for: id }, translate("Patient"))
    this.frame = element("div", { class: "cr-picker" }, label, this.field, this.list, this.note)
    this.found = null
    this.marked = 0
    this.field.addEventListener("input", () => this.onTyped())
    this.field.addEventListener("keydown", (event) => this.onKey(event))
    this.list.addEventListener("click", (event) => {
      this.take(event.target.closest('[role="option"]'))
    })
    parent.append(this.frame)
  }

  // What the page says may change while somebody types.
  tell(advice, isFamilyFirst, choose) {
    this.advice = advice
    this.isFamilyFirst = isFamilyFirst
    this.choose = choose
    if (!this.found) this.draw()
  }

  typed() {
    return this.field.value.trim().replace(/\s+/g, " ")
  }

  options() {
    return [...this.list.children]
  }

  stop() {
    clearTimeout(this.waiting)
    this.asking?.abort()
  }

  onTyped() {
    this.stop()
    this.found = null
    if (this.typed().length < FEWEST) return this.draw()
    this.waiting = setTimeout(() => this.ask(FIRST), WAIT_MS)
    // Whoever was found before stays until the answer, so that nothing jumps.
    this.note.textContent = translate("Searching\u2026")
  }

  async ask(most, mark = 0) {
    this.asking = new AbortController()
    const { signal } = this.asking
    try {
      const answer = await fetch("/api/v1/search", {
        body: JSON.stringify({
          search: this.typed(), kinds: ["patients"], most, total: true,
        }),
        headers: { "Content-Type": "application/json" },
        method: "POST",
        signal,
      })
      if (!answer.ok) throw new Error("refused")
      const found = await answer.json()
      if (signal.aborted) return
      this.found = { ...found, most }
      this.draw(mark)
    } catch {
      if (signal.aborted) return
      this.found = null
      this.draw()
      this.note.textContent = UNREACHABLE
    }
  }

  draw(mark = 0) {
    const patients = this.found?.patients ?? []
    const rows = patients.map(({ uuid, date_of_birth, record_number, ...names }) => {
      const more = `${born(date_of_birth)} \u00b7 ${hyphenatedNumber(record_number)}`
      const name = this.isFamilyFirst
        ? names.name
        : `${names.first_name} ${names.last_name}`
      const row = element("div", { role: "option" }, element("span", {}, name))
      row.append(element("small", {}, more))
      row.dataset.patient = uuid
      return row
    })
    if (this.left() && this.found.most < MOST) {
      const row = element("div", { role: "option" }, translate("Show up to {most}", { most: MOST }))
      row.dataset.more = "yes"
      rows.push(row)
    }
    rows.forEach((row, n) => row.setAttribute("id", `${this.id}-${n}`))
    this.list.replaceChildren(...rows)
    this.list.hidden = !rows.length
    this.field.setAttribute("aria-expanded", String(Boolean(rows.length)))
    this.note.textContent = this.saying(patients.length)
    this.mark(mark)
  }

  // How many match and are not shown.
  left() {
    const { patients = [], similar, total } = this.found ?? {}
    return similar || !total ? 0 : Math.max(0, total - patients.length)
  }

  saying(count) {
    if (!this.found) return this.advice
    if (this.found.advice) return this.found.advice
    if (this.found.similar) return translate("No patients match. Did you mean one of these?")
    if (!count) return translate("No patients match. Check the spelling, or type fewer letters.")
    if (!this.left()) {
      return count === 1 ? translate("1 patient found.") : translate("{count} patients found.", { count })
    }
    const number = this.found.total.toLocaleString(locale())
    const total = this.found.total_is_exact ? number : translate("about {number}", { number })
    if (this.found.most < MOST) return translate("{count} of {total} patients.", { count, total })
    return translate("{count} of {total} patients. Type more of the name, or the date of birth.", { count, total })
  }

  mark(number) {
    const all = this.options()
    this.marked = all.length ? (number + all.length) % all.length : 0
    all.forEach((row, n) => row.setAttribute("aria-selected", String(n === this.marked)))
    if (!all.length) return this.field.removeAttribute("aria-activedescendant")
    this.field.setAttribute("aria-activedescendant", all[this.marked].id)
    const row = all[this.marked]
    // Within the list alone: the page stays where it is.
    const below = row.offsetTop + row.offsetHeight - this.list.offsetTop
    const above = row.offsetTop - this.list.offsetTop
    if (above < this.list.scrollTop) this.list.scrollTop = above
    else if (below > this.list.scrollTop + this.list.clientHeight) {
      this.list.scrollTop = below - this.list.clientHeight
    }
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) {
      event.preventDefault()
      this.mark(this.marked + step)
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault()
      // Those shown may be of what was typed before.
      if (this.found) this.take(this.options()[this.marked])
    } else if (event.key === "Escape" && this.field.value) {
      // A dialog around the field stays open.
      event.preventDefault()
      event.stopPropagation()
      this.field.value = ""
      this.onTyped()
    }
  }

  take(row) {
    if (!row || !this.found) return
    this.field.focus()
    if (row.dataset.more) this.ask(MOST, this.options().length - 1)
    else this.choose(row.dataset.patient)
  }
}

const known = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const { advice, is_family_first, takes_focus } = JSON.parse(new TextDecoder().decode(data))
  let picker = known.get(parentElement)
  if (!picker) {
    picker = new Picker(parentElement)
    known.set(parentElement, picker)
    if (takes_focus) picker.field.focus()
  }
  picker.tell(advice, is_family_first, (id) => setTriggerValue("chosen", id))
}
