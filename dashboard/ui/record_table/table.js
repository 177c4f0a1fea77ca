// Draws the rows that Python hands over; everything is set as text, never as HTML.

const header = (column, position, order, askToSort) => {
  const rank = order.findIndex((entry) => entry.order === column.order)
  if (!column.order) {
    // Over buttons nothing needs to be seen; to whom it is read, it is said.
    const label = column.label || element("span", { class: "sr" }, translate("Actions"))
    return element("th", { role: "columnheader", scope: "col" }, label)
  }
  const descending = rank >= 0 && order[rank].descending
  const button = element(
    "button",
    {
      type: "button",
      title: translate("Sort by {column}; with Shift as a further key", { column: lowered(column.label) }),
    },
    column.label,
  )
  if (rank >= 0) {
    button.append(icon(descending ? "arrow_downward" : "arrow_upward"))
    if (order.length > 1) {
      button.append(element("span", { class: "rank" }, String(rank + 1)))
    }
  }
  button.onclick = (event) => askToSort(column.order, event.shiftKey)
  return element(
    "th",
    {
      role: "columnheader",
      scope: "col",
      "aria-sort": rank < 0 ? null : descending ? "descending" : "ascending",
    },
    button,
  )
}

const content = (cell) => {
  if (!cell.icon && cell.tone === "plain") return [cell.text]
  const badge = element("span", { class: cell.icon ? "badge" : "note" })
  badge.dataset.tone = cell.tone
  if (cell.icon) badge.append(icon(cell.icon))
  badge.append(element("span", {}, cell.text))
  return [badge]
}

const piecesOf = (line) =>
  line.map(({ text, marked }) => (marked ? element("mark", {}, text) : text))

// More than a date of birth or an address: what wants half of the table.
const PASSAGE = 50

const lengthOf = (line) => line.reduce((sum, { text }) => sum + text.length, 0)

const below = (cell) =>
  (cell.lines ?? []).map((line) =>
    element(
      "div",
      {
        class: lengthOf(line) > PASSAGE ? "line passage" : "line",
        "data-tone": cell.tone,
      },
      ...piecesOf(line),
    ),
  )

const actionsOf = (row, cell, act) =>
  (cell.actions ?? []).map((action) => {
    // The row's own name tells one "Download" from the next for a screen reader.
    const label = `${action.label} ${row.cells[0].text}`
    const kind = action.words ? "action labelled" : "action"
    const look = { class: kind, title: action.label, "aria-label": label }
    // On a phone nothing can be pointed at: there every picture has its word beside it.
    const word = element("span", action.words ? {} : { class: "word" }, action.label)
    const drawn = [icon(action.icon), word]
    const made = action.url
      ? element("a", { ...look, href: action.url, download: "" }, ...drawn)
      : element("button", { ...look, type: "button" }, ...drawn)
    made.onclick = (event) => {
      event.stopPropagation()
      // After the first click of a double click another row may be below the pointer.
      const isRepeated = event.detail > 1
      if (!action.url && !isRepeated) act(row.id, action.name)
    }
    return made
  })

// One size from the start, so that nothing moves when the picture comes.
const thumbnailOf = (row, kept) => {
  const box = element("span", { class: "thumbnail", "aria-hidden": "true" })
  const instead = () => box.replaceChildren(icon("description"))
  if (!row.picture) {
    instead()
    return box
  }
  const image = kept.get(row.picture) ?? element("img", { alt: "", loading: "lazy" })
  image.onerror = instead
  if (!image.src) image.src = row.picture
  box.append(image)
  return box
}

// The text of a cell that leads somewhere else than its row.
const linkOf = (row, cell, act) => {
  const link = element("a", { href: cell.url }, ...content(cell))
  link.onclick = (event) => {
    event.stopPropagation()
    if (!cell.name || isForAnotherTab(event)) return
    event.preventDefault()
    act(row.id, cell.name)
  }
  return link
}

// A new tab or window is the browser's business.
const isForAnotherTab = (event) => event.ctrlKey || event.metaKey || event.shiftKey

// Which rows are chosen, what can be done with them, and the boxes by which they are.
class Chosen {
  constructor({ noun, actions }, rows, before, tell) {
    const there = rows.map(({ id }) => id)
    this.noun = noun
    this.count = rows.length
    this.ids = new Set(there.filter((id) => before.has(id)))
    this.tell = tell
    this.boxes = new Map()
    this.all = element("input", { type: "checkbox" })
    this.all.onchange = () => {
      this.ids = new Set(this.all.checked ? there : [])
      this.say()
    }
    this.words = element("span", {})
    this.acts = actions.map((action) => this.act(action))
    const tools = element("div", { class: "acts" }, ...this.acts)
    this.bar = element(
      "div",
      { class: "chosen", role: "group", "aria-label": translate("Selected {noun}", { noun: noun[1] }) },
      element("label", {}, this.all, this.words),
      tools,
    )
  }

  act(action) {
    const kind = action.url ? "a" : "button"
    const drawn = element(
      kind,
      { class: "action labelled", ...(action.url ? { download: "" } : { type: "button" }) },
      icon(action.icon),
      action.label,
    )
    if (action.url) drawn.dataset.url = action.url
    else drawn.onclick = () => this.tell([...this.ids], action.name)
    return drawn
  }

  cell(row) {
    const name = row.cells[0].text
    const box = element("input", { type: "checkbox", "aria-label": translate("Select {name}", { name }) })
    box.onchange = () => {
      if (box.checked) this.ids.add(row.id)
      else this.ids.delete(row.id)
      this.say()
    }
    this.boxes.set(row.id, box)
    const made = element("td", { role: "cell", class: "choice" }, element("label", {}, box))
    // Beside the box is meant for the box, and not to open the row.
    made.onclick = (event) => event.stopPropagation()
    return made
  }

  say() {
    const count = this.ids.size
    this.boxes.forEach((box, id) => {
      box.checked = this.ids.has(id)
    })
    this.all.checked = count > 0 && count === this.count
    this.all.indeterminate = count > 0 && count < this.count
    const noun = this.noun[count === 1 ? 0 : 1]
    this.words.textContent = count ? translate("{count} {noun} selected", { count, noun }) : translate("Select all on this page")
    for (const drawn of this.acts) {
      drawn.hidden = !count
      const { url } = drawn.dataset
      if (url) drawn.href = `${url}?${[...this.ids].map((id) => `document=${id}`).join("&")}`
    }
  }
}

const record = (row, columns, open, act, chosen, kept) => {
  const line = element("tr", { role: "row", "data-row": row.id })
  if (chosen) line.append(chosen.cell(row))
  row.cells.forEach((cell, position) => {
    const isName = position === 0
    const made = element(isName ? "th" : "td", {
      role: isName ? "rowheader" : "cell",
      scope: isName ? "row" : null,
      "data-label": columns[position].label,
      "data-whole": columns[position].whole,
    })
    if (isName && row.url) {
      const link = element("a", { href: row.url }, ...content(cell))
      link.onclick = (event) => {
        event.stopPropagation()
        if (isForAnotherTab(event)) return
        event.preventDefault()
        open(row.id)
      }
      made.append(link)
    } else if (cell.url) {
      made.append(linkOf(row, cell, act))
    } else if (cell.text || cell.icon) {
      made.append(...content(cell))
    }
    const more = [...below(cell), ...actionsOf(row, cell, act)]
    // On a phone the label stands beside the cell, so its parts need a box.
    if (more.length) made.replaceChildren(element("div", {}, ...made.childNodes, ...more))
    if (isName && row.picture !== undefined) {
      made.classList.add("pictured")
      made.prepend(thumbnailOf(row, kept))
    }
    line.append(made)
  })
  if (row.url) {
    line.classList.add("opens")
    line.onclick = () => {
      // Marking text to copy it is not opening.
      if (!window.getSelection()?.toString()) open(row.id)
    }
  }
  return line
}

// A phone's width: there a row is a card whatever it has.
const PHONE_REM = 40

// Columns without room would be cut off, the actions at their end first.
const fit = (frame, table) => {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize)
  frame.classList.remove("cards")
  const isNarrow = frame.clientWidth <= PHONE_REM * rem
  frame.classList.toggle("cards", isNarrow || table.scrollWidth > frame.clientWidth)
}

// What was chosen stays so when the table is drawn anew, for as long as it is shown.
const chosenBefore = new WeakMap()
// Also when it is taken away and comes back: as a list does that could not be read once.
const BACK_WITHIN_MS = 60000
let takenAway = null

const takeAway = (name, parentElement) => {
  const chosen = chosenBefore.get(parentElement)
  if (chosen?.ids.size) {
    takenAway = { name, address: location.href, ids: chosen.ids, at: performance.now() }
  }
}

const comeBack = (name) => {
  const last = takenAway
  takenAway = null
  const isBack =
    last?.name === name &&
    last.address === location.href &&
    performance.now() - last.at < BACK_WITHIN_MS
  return isBack ? last.ids : new Set()
}

export default function ({ data, parentElement, setTriggerValue }) {
  const drawn = JSON.parse(new TextDecoder().decode(data))
  const { columns, rows, order, name, selection } = drawn
  const open = (id) => setTriggerValue("opened", id)
  const sort = (key, adds) => setTriggerValue("sorted", { order: key, adds })
  const act = (id, action) => setTriggerValue("done", { id, action })
  const had = parentElement.activeElement?.closest("[data-focus]")
  const focused = had?.dataset.focus
  const row = had?.closest("[data-row]")?.dataset.row

  const before = parentElement.querySelector(".frame")
  const pictures = before?.querySelectorAll(".thumbnail img") ?? []
  const kept = new Map([...pictures].map((image) => [image.getAttribute("src"), image]))
  const tell = (ids, action) => setTriggerValue("chosen", { ids, action })
  const isChoosing = selection && rows.length
  const idsBefore = () => chosenBefore.get(parentElement)?.ids ?? comeBack(name)
  const chosen = isChoosing ? new Chosen(selection, rows, idsBefore(), tell) : null

  const head = element("tr", { role: "row" })
  if (chosen) {
    const label = element("span", { class: "sr" }, translate("Select"))
    head.append(element("th", { role: "columnheader", scope: "col" }, label))
  }
  columns.forEach((column, position) =>
    head.append(header(column, position, order, sort)),
  )
  const table = element(
    "table",
    { role: "table" },
    element("caption", { class: "sr" }, name),
    element("thead", { role: "rowgroup" }, head),
    element(
      "tbody",
      { role: "rowgroup" },
      ...rows.map((row) => record(row, columns, open, act, chosen, kept)),
    ),
  )
  const controls = "button, a, input"
  table.querySelectorAll(controls).forEach((control, position) => {
    const isInRow = control.closest("[data-row]")
    control.dataset.focus = isInRow ? control.ariaLabel || control.textContent : position
  })
  // Without height: rows that become cards do not call for another look at the width.
  const ruler = element("div", {})
  const bar = chosen ? [chosen.bar] : []
  const frame = element("div", { class: "frame" }, ruler, ...bar, table)
  const fitting = new ResizeObserver(() => fit(frame, table))
  fitting.observe(ruler)
  chosenBefore.set(parentElement, chosen)
  chosen?.say()
  if (before) before.replaceWith(frame)
  else parentElement.append(frame)
  // The room that was kept for it is no longer needed.
  const place = parentElement.getRootNode().host?.closest("[data-testid=stElementContainer]")
  place?.toggleAttribute("data-drawn", true)
  const cleanUp = () => {
    fitting.disconnect()
    takeAway(name, parentElement)
  }
  // A sorted header is drawn anew; who sorted by keyboard stays on it. In a row the focus
  // stays with the row: where another one stands now, the same key would act on that.
  if (!had) return cleanUp
  const within = row
    ? frame.querySelector(`[data-row="${CSS.escape(row)}"]`)
    : table.querySelector("thead")
  const there = [...(within?.querySelectorAll(controls) ?? [])]
  const again = there.find((control) => control.dataset.focus === focused) ?? there[0]
  again?.focus()
  return cleanUp
}
