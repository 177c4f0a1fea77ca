// Draws the rows that Python hands over; everything is set as text, never as HTML.

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(attribute, value)
  }
  made.append(...children)
  return made
}

const icon = (name) =>
  element("span", { class: "icon", "aria-hidden": "true", translate: "no" }, name)

const header = (column, position, order, askToSort) => {
  const rank = order.findIndex((entry) => entry.order === column.order)
  if (!column.order) {
    return element("th", { role: "columnheader", scope: "col" }, column.label)
  }
  const descending = rank >= 0 && order[rank].descending
  const button = element(
    "button",
    {
      type: "button",
      title: `Sort by ${column.label.toLowerCase()}; with Shift as a further key`,
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

const below = (cell) =>
  (cell.lines ?? []).map((line) =>
    element("div", { class: "line", "data-tone": cell.tone }, ...piecesOf(line)),
  )

const actionsOf = (row, cell, act) =>
  (cell.actions ?? []).map((action) => {
    // The row's own name tells one "Download" from the next for a screen reader.
    const label = `${action.label} ${row.cells[0].text}`
    const look = { class: "action", title: action.label, "aria-label": label }
    const made = action.url
      ? element("a", { ...look, href: action.url, download: "" }, icon(action.icon))
      : element("button", { ...look, type: "button" }, icon(action.icon))
    made.onclick = (event) => {
      event.stopPropagation()
      if (!action.url) act(row.id, action.name)
    }
    return made
  })

const record = (row, columns, open, act) => {
  const line = element("tr", { role: "row" })
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
        // A new tab or window is the browser's business.
        if (event.ctrlKey || event.metaKey || event.shiftKey) return
        event.preventDefault()
        event.stopPropagation()
        open(row.id)
      }
      made.append(link)
    } else if (cell.text || cell.icon) {
      made.append(...content(cell))
    }
    const more = [...below(cell), ...actionsOf(row, cell, act)]
    // On a phone the label stands beside the cell, so its parts need a box.
    if (more.length) made.replaceChildren(element("div", {}, ...made.childNodes, ...more))
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

export default function ({ data, parentElement, setTriggerValue }) {
  const { columns, rows, order, name } = JSON.parse(new TextDecoder().decode(data))
  const open = (id) => setTriggerValue("opened", id)
  const sort = (key, adds) => setTriggerValue("sorted", { order: key, adds })
  const act = (id, action) => setTriggerValue("done", { id, action })
  const focused = parentElement.activeElement?.closest("[data-focus]")?.dataset.focus

  const head = element("tr", { role: "row" })
  columns.forEach((column, position) =>
    head.append(header(column, position, order, sort)),
  )
  const table = element(
    "table",
    { role: "table" },
    element("caption", {}, name),
    element("thead", { role: "rowgroup" }, head),
    element(
      "tbody",
      { role: "rowgroup" },
      ...rows.map((row) => record(row, columns, open, act)),
    ),
  )
  table.querySelectorAll("button, a").forEach((control, position) => {
    control.dataset.focus = String(position)
  })
  const frame = element("div", { class: "frame" }, table)
  const before = parentElement.querySelector(".frame")
  if (before) before.replaceWith(frame)
  else parentElement.append(frame)
  // A sorted header is drawn anew; who sorted by keyboard stays on it.
  if (focused) frame.querySelector(`[data-focus="${focused}"]`)?.focus()
}
