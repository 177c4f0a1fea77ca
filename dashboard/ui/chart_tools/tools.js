// Below a chart: its numbers as a table, as a CSV file, and the chart as a picture.

const button = (label, told, act) => {
  const made = element("button", { type: "button", "aria-label": told }, label)
  made.onclick = act
  return made
}

const fileName = (name) =>
  name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "chart"

const save = (text, name) => {
  // Spreadsheets read UTF-8 by the mark at its beginning.
  const address = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }))
  const link = element("a", { href: address, download: `${fileName(name)}.csv` })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

// For how long nothing of the page changes before a chart counts as drawn, in milliseconds.
const STILL = 250

// Streamlit's own toolbar draws the picture, pale until it is pointed at, and offers it
// once the chart is drawn: whoever is quicker gets it then, if the chart is still there.
// Right after that Streamlit may draw the chart anew, for another width, and forgets a
// picture that was asked for in between: it is asked for once nothing changes any more.
const savePicture = (frame) => {
  const chart = `.${CSS.escape(frame)}`
  // Streamlit's label, and what the page makes of it.
  const buttons = ["Download as PNG", translate("Download as PNG")]
  let still
  const awaitStillness = () => {
    clearTimeout(still)
    still = setTimeout(() => {
      const save = buttons.map((label) => document.querySelector(`${chart} button[aria-label^="${label}"]`)).find(Boolean)
      if (!save && document.querySelector(chart)) return
      changes.disconnect()
      save?.click()
    }, STILL)
  }
  const changes = new MutationObserver(awaitStillness)
  changes.observe(document.body, { childList: true, subtree: true })
  awaitStillness()
}

const cell = (text, position, choose, tell) => {
  if (position || !choose) return element(position ? "td" : "th", position ? {} : { scope: "row" }, text)
  const chooser = button(text, `${choose} ${text}`, () => tell(text))
  chooser.className = "choose"
  return element("th", { scope: "row" }, chooser)
}

// What is `fixed` is no choice: no filter has it.
const tableOf = (name, { header, rows, left_out, choose, fixed }, tell) => {
  const table = element(
    "table",
    {},
    element("caption", { class: "sr" }, name),
    element("thead", {}, element("tr", {}, ...header.map((label) => element("th", { scope: "col" }, label)))),
    element(
      "tbody",
      {},
      ...rows.map((row) => element("tr", {}, ...row.map((text, n) => cell(text, n, fixed.includes(text) ? "" : choose, tell)))),
    ),
  )
  const parts = left_out ? [element("p", {}, translate("The last {count}; the CSV file has {more} more.", { count: rows.length, more: left_out }))] : []
  // The keyboard scrolls what can have the focus.
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name }, ...parts, table)
}

// What stands below each chart, by the element that Streamlit gives it.
const toolsOf = new WeakMap()

// Whose numbers are shown, by the frame of the chart: Streamlit may give it another
// element while the page is drawn, and what somebody has just opened stays open.
const opened = new Set()

// The buttons stay while a chart moves along: one that is made anew between the press and
// the release of a mouse is not clicked. Numbers come once somebody asks for them: whether
// the table is open is a state, which each drawing anew goes by, and a file is asked for once.
const makeTools = (parentElement, { name, frame, is_table }) => {
  const place = element("div")
  // There before it says anything, so that it is read out.
  const status = element("p", { role: "status" })
  // What is a table only is always open.
  const isOpen = () => is_table || opened.has(frame)
  const toggle = button(translate("Table"), translate("Table: {name}", { name }), () => {
    const opens = !opened.delete(frame)
    if (opens) opened.add(frame)
    tools.show()
    tools.setStateValue("opened", opens)
  })
  const saveFile = () => {
    // Of what is drawn now the file may be here: what comes the same again is not told.
    tools.awaitsFile = tools.drawn.csv === undefined
    tools.isAskedAgain = false
    say()
    if (tools.awaitsFile) tools.setTriggerValue("csv", true)
    else save(tools.drawn.csv, name)
  }
  const say = () => {
    const isAwaited = tools.awaitsFile || (isOpen() && !tools.drawn.table)
    status.textContent = isAwaited ? translate("The numbers are loading.") : ""
  }
  const tools = {
    name,
    is_table,
    awaitsFile: false,
    isAskedAgain: false,
    show: () => {
      const numbers = isOpen() ? tools.drawn.table : undefined
      toggle.setAttribute("aria-expanded", String(isOpen()))
      say()
      // Where somebody has scrolled to stays unless there is something new.
      const shown = JSON.stringify(numbers)
      if (shown === tools.shown) return
      tools.shown = shown
      place.replaceChildren(...(numbers ? [tableOf(name, numbers, (text) => tools.setTriggerValue("chosen", text))] : []))
    },
    receive: () => {
      tools.show()
      if (tools.awaitsFile && tools.drawn.csv !== undefined) saveFile()
      else if (tools.awaitsFile && !tools.isAskedAgain) {
        // A chart that moves along may be drawn anew without what was asked for meanwhile.
        tools.isAskedAgain = true
        tools.setTriggerValue("csv", true)
      }
      // It may be older than what was asked for since.
      if (isOpen() && !tools.drawn.table) tools.setStateValue("opened", true)
    },
  }
  const bar = element(
    "div",
    { class: "bar" },
    ...(is_table ? [] : [toggle]),
    button("CSV", `CSV: ${name}`, saveFile),
    ...(is_table ? [] : [button("PNG", `PNG: ${name}`, () => savePicture(tools.drawn.frame))]),
  )
  const before = parentElement.querySelector(".tools")
  const made = element("div", { class: is_table ? "tools only" : "tools" }, ...(is_table ? [place, bar, status] : [bar, status, place]))
  if (before) before.replaceWith(made)
  else parentElement.append(made)
  toolsOf.set(parentElement, tools)
  return tools
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const text = new TextDecoder().decode(data)
  const drawn = JSON.parse(text)
  const before = parentElement.querySelector(".tools") && toolsOf.get(parentElement)
  const isSame = before?.name === drawn.name && before.is_table === drawn.is_table
  const tools = isSame ? before : makeTools(parentElement, drawn)
  Object.assign(tools, { setStateValue, setTriggerValue })
  if (tools.text === text) return
  Object.assign(tools, { text, drawn })
  const focused = parentElement.activeElement?.textContent
  tools.receive()
  // A table that moves along is drawn anew under whoever is at one of its buttons.
  if (focused) [...parentElement.querySelectorAll("button")].find((b) => b.textContent === focused)?.focus()
}
