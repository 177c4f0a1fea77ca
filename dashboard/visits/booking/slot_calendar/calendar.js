// Draws the days that Python hands over; everything is set as text, never as HTML.

const BUSY_MILLISECONDS = 3000
// To patients, and to those who book for them.
const SAID = {
  own: { booked: translate("taken"), own_hold: translate("held for you"), own_visit: translate("your visit") },
  other: { booked: translate("taken"), own_hold: translate("held by you"), own_visit: translate("patient's visit") },
}

class Calendar extends ButtonColumns {
  constructor(parent, { name, action, days, whose }, choose) {
    super({ column: ".day", button: "button.time", id: "slot", line: "line", wraps: true })
    this.action = action
    this.days = days
    this.choose = choose
    this.said = SAID[whose]
    this.drawnAt = Date.now()
    const focused = parent.activeElement?.dataset.slot
    this.hint = action ? translate("{name}. Arrow keys move between free times.", { name }) : name
    this.frame = element("div", { class: "frame" })
    const before = parent.querySelector(".frame")
    if (before) before.replaceWith(this.frame)
    else parent.append(this.frame)
    this.draw(focused)
  }

  draw(focused) {
    const grid = element("div", {
      class: "days",
      role: "group",
      "aria-label": this.hint,
      "data-alone": String(this.days.length === 1),
      style: `--days: ${this.days.length}`,
    })
    grid.append(...this.days.map((day, column) => this.day(day, column + 1)))
    grid.onkeydown = (event) => this.onKey(event)
    this.frame.replaceChildren(grid)
    this.rove(this.button(focused) ?? this.buttons()[0])
    if (focused) this.button(focused)?.focus()
    this.waitForHolds()
  }

  day(day, column) {
    const title = element("h2", { style: `grid-column: ${column}` }, day.label)
    title.id = `day-${column}`
    const made = element("section", { class: "day", "aria-labelledby": title.id }, title)
    made.dataset.today = String(day.is_today)
    if (day.times.length) {
      made.append(element("ul", {}, ...day.times.map((slot) => this.time(slot, day, column))))
    }
    if (!day.times.some((slot) => slot.state !== "booked")) {
      // On a phone taken times are left out, and a day must not seem forgotten.
      const sentence = day.times.length ? translate("Nothing free") : translate("No times")
      const place = `grid-column: ${column}`
      const none = element("p", { class: "none", style: place }, sentence)
      if (!day.times.length || this.isNarrow()) made.append(none)
    }
    return made
  }

  isNarrow() {
    return this.frame.clientWidth > 0 && this.frame.clientWidth < 704
  }

  time(slot, day, column) {
    const isOpen = slot.state === "free" && this.action
    const made = element(isOpen ? "button" : "div", { class: "time" })
    made.dataset.state = slot.state
    made.append(this.clock(slot))
    const note = slot.note || this.said[slot.state]
    // A struck-out time says to the eye what this says to the ear.
    const look = slot.state === "booked" ? "sr" : "note"
    if (note) made.append(element("span", { class: look }, note))
    if (isOpen) this.open(made, slot, day)
    const place = `grid-column: ${column}; grid-row: ${slot.line + 2}`
    const item = element("li", { style: place }, made)
    item.dataset.state = slot.state
    return item
  }

  clock(slot) {
    const text = slot.state === "booked" ? element("s", {}, slot.text) : slot.text
    const made = element("span", {}, text)
    if (slot.beside) made.append(" ", element("span", { class: "beside" }, slot.beside))
    return made
  }

  open(button, slot, day) {
    button.type = "button"
    button.dataset.slot = slot.id
    button.dataset.line = String(slot.line)
    const beside = slot.beside ? ` (${slot.beside})` : ""
    button.setAttribute("aria-label", `${this.action} ${day.name}, ${slot.text}${beside}`)
    button.tabIndex = -1
    button.onfocus = () => this.rove(button)
    button.onclick = () => {
      // One wish at a time: the answer draws the calendar anew, or else a dialog asks
      // something first, which may be closed again.
      if (this.frame.getAttribute("aria-busy") === "true") return
      this.frame.setAttribute("aria-busy", "true")
      button.dataset.chosen = "true"
      setTimeout(() => {
        this.frame.removeAttribute("aria-busy")
        delete button.dataset.chosen
      }, BUSY_MILLISECONDS)
      this.choose(slot.id)
    }
  }

  waitForHolds() {
    clearTimeout(this.timer)
    const passed = (Date.now() - this.drawnAt) / 1000
    const waits = this.days
      .flatMap((day) => day.times)
      .filter((slot) => slot.state === "held" && slot.frees_in !== null)
      .map((slot) => slot.frees_in - passed)
    if (!waits.length) return
    const wait = Math.max(0, Math.min(...waits)) * 1000 + 50
    this.timer = setTimeout(() => this.free(), wait)
  }

  free() {
    const passed = (Date.now() - this.drawnAt) / 1000
    for (const slot of this.days.flatMap((day) => day.times)) {
      if (slot.state === "held" && slot.frees_in !== null && slot.frees_in <= passed) {
        Object.assign(slot, { state: "free", note: "", frees_in: null })
      }
    }
    const focused = this.frame.getRootNode().activeElement?.dataset.slot
    this.draw(focused)
  }

  close() {
    clearTimeout(this.timer)
  }
}

const shown = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  shown.get(parentElement)?.close()
  const payload = JSON.parse(new TextDecoder().decode(data))
  const choose = (id) => setTriggerValue("chosen", id)
  shown.set(parentElement, new Calendar(parentElement, payload, choose))
  return () => {
    shown.get(parentElement)?.close()
    shown.delete(parentElement)
  }
}
