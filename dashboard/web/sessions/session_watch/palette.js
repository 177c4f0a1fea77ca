// One search from every page: Ctrl-K or "/" opens it, arrows and Enter choose, Esc closes
// it and the focus is where it was. "?" lists the keys. What is typed goes to the server in
// a body, never in an address, and is forgotten when the search is closed.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const WAIT_MS = 180
  const FEWEST = 2
  const LOCALES = { en: "en-GB", de: "de-DE" }
  const UNREACHABLE = translate(
    "Search is not available right now. You can still open pages and actions; type again in a moment.",
  )
  const KEYS = [
    [translate("Ctrl K  or  /"), translate("Search for patients, documents, doctors, pages and actions")],
    ["\u2191  \u2193", translate("Move through the results")],
    [translate("Enter"), translate("Open the selected result")],
    ["Esc", translate("Close a search or a dialog")],
    ["Tab", translate("Go to the next field or button")],
    ["\u2190  \u2191  \u2192  \u2193", translate("Move in menus, lists, tabs and the calendar")],
    [translate("Page Up  Page Down"), translate("In a document: a screen up or down")],
    ["\u2190  \u2192", translate("In a document: the page before or after")],
    ["+  \u2212  0  9", translate("In a document: zoom in or out, fit width, fit whole page")],
    [translate("r  Shift R"), translate("In a document: rotate the page, or all")],
    ["l", translate("In a document: show or hide the list of pages")],
    ["p", translate("In a document: print")],
    ["?", translate("Show this list")],
  ]
  const STYLE = `
    .chartroom-search {
      align-items: center; background: var(--cr-raised); border: 1px solid var(--cr-line);
      border-radius: 8px; color: var(--cr-quiet); cursor: pointer; display: flex; gap: 8px;
      font: inherit; font-family: var(--cr-font); font-size: 14px; height: 36px;
      padding: 0 12px;
    }
    .chartroom-search kbd, .chartroom-keys kbd {
      background: var(--cr-page); border: 1px solid var(--cr-line); border-radius: 4px;
      color: var(--cr-text); font: inherit; font-size: 12px; padding: 1px 6px;
      white-space: pre;
    }
    .chartroom-search:focus-visible, .chartroom-palette button:focus-visible {
      outline: 2px solid var(--cr-mark); outline-offset: 2px;
    }
    .chartroom-palette {
      background: var(--cr-page); border: 1px solid var(--cr-line); border-radius: 12px;
      box-shadow: 0 12px 40px rgb(0 0 0 / 35%); box-sizing: border-box;
      color: var(--cr-text); font-family: var(--cr-font); margin: 10vh auto auto; max-height: 76vh; overflow: hidden;
      padding: 0; width: min(640px, calc(100vw - 24px));
    }
    .chartroom-palette[open] { display: flex; flex-direction: column; }
    .chartroom-palette::backdrop { background: rgb(0 0 0 / 45%); }
    .chartroom-palette input {
      background: transparent; border: 0; border-bottom: 1px solid var(--cr-line);
      color: inherit; flex: none; font: inherit; font-size: 18px; height: 56px;
      outline: none; padding: 0 20px; width: 100%; box-sizing: border-box;
    }
    .chartroom-palette input::placeholder { color: var(--cr-quiet); opacity: 1; }
    .chartroom-palette input:focus-visible { box-shadow: inset 0 -2px 0 var(--cr-mark); }
    .chartroom-palette [role="listbox"] { overflow-y: auto; padding: 4px 8px; }
    .chartroom-palette [role="group"] > span {
      color: var(--cr-quiet); display: block; font-size: 13px; padding: 8px 12px 4px;
    }
    .chartroom-palette [role="option"] {
      align-items: center; border-radius: 8px; cursor: pointer; display: flex; gap: 4px 16px;
      flex-wrap: wrap; justify-content: space-between; min-height: 44px;
      padding: 4px 12px; box-sizing: border-box; overflow-wrap: anywhere;
    }
    .chartroom-palette [role="option"][aria-selected="true"] {
      background: var(--cr-raised); box-shadow: inset 3px 0 0 var(--cr-mark);
    }
    .chartroom-palette small {
      color: var(--cr-quiet); font-size: 14px; font-variant-numeric: tabular-nums;
    }
    .chartroom-palette p {
      border-top: 1px solid var(--cr-line); color: var(--cr-quiet); flex: none;
      font-size: 14px; margin: 0; min-height: 20px; padding: 10px 20px;
    }
    .chartroom-keys { padding: 24px; }
    .chartroom-keys h2 { font-size: 1.25rem; margin: 0 0 16px; padding: 0; }
    .chartroom-keys dl {
      display: grid; gap: 10px 16px; grid-template-columns: auto 1fr; margin: 0 0 20px;
    }
    .chartroom-keys dd { margin: 0; }
    .chartroom-keys button {
      align-self: flex-start; background: transparent; border: 1px solid var(--cr-text);
      border-radius: 8px; color: inherit; cursor: pointer; font: inherit;
      min-height: 44px; padding: 8px 16px;
    }
    @media (max-width: 1279px) {
      .chartroom-search { justify-content: center; padding: 0; width: 44px; }
      .chartroom-search > :not(svg) { height: 1px; overflow: hidden; position: absolute;
        clip-path: inset(50%); width: 1px; }
    }
    @media (max-width: 768px) {
      .chartroom-search { height: 44px; }
      .chartroom-palette { margin-top: 12px; max-height: calc(100vh - 24px); }
    }
  `
  const make = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties)
    made.append(...children)
    return made
  }

  // -- Looks ---------------------------------------------------------------------

  const glass = () => {
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg")
    for (const [name, value] of Object.entries({
      "aria-hidden": "true", width: 18, height: 18, viewBox: "0 0 24 24", fill: "none",
      stroke: "currentColor", "stroke-width": 2.2, "stroke-linecap": "round",
    })) icon.setAttribute(name, value)
    const path = document.createElementNS(icon.namespaceURI, "path")
    path.setAttribute("d", "M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13Zm5-1.5L21 21")
    icon.append(path)
    return icon
  }

  const button = make(
    "button", { className: "chartroom-search", type: "button" },
    glass(), make("span", { textContent: translate("Search") }),
    make("kbd", { textContent: translate("Ctrl K"), ariaHidden: "true" }),
  )
  button.setAttribute("aria-keyshortcuts", "Control+K /")
  button.setAttribute("aria-haspopup", "dialog")

  // -- The search ----------------------------------------------------------------

  const field = make("input", {
    autocomplete: "off", id: "chartroom-palette-field", maxLength: 200, spellcheck: false,
    placeholder: translate("Patient, document, doctor, page or action"), type: "text",
  })
  const list = make("div", { id: "chartroom-palette-list" })
  const note = make("p", { role: "status" })
  const palette = make("dialog", { className: "chartroom-palette" }, field, list, note)
  palette.setAttribute("aria-label", translate("Search everywhere"))
  list.setAttribute("role", "listbox")
  list.setAttribute("aria-label", translate("Search results"))
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-label": translate("Search everywhere"), "aria-autocomplete": "list",
    "aria-controls": list.id, "aria-expanded": "false",
  })) field.setAttribute(name, value)

  let { places } = window.chartroom
  let found = null
  let waiting = null
  let asking = null
  let marked = 0

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
  const day = (text) =>
    new Date(text).toLocaleDateString(LOCALES[document.documentElement.lang] ?? "en-GB", {
      day: "numeric", month: "long", timeZone: "UTC", year: "numeric",
    })
  const typed = () => field.value.trim().replace(/\s+/g, " ")
  const options = () => [...list.querySelectorAll('[role="option"]')]

  const groups = () => {
    const words = plain(typed()).split(" ")
    const fits = ({ title }) => words.every((word) => plain(title).includes(word))
    const of = (kind) => (places?.[kind] ?? []).filter(fits)
    return [
      [translate("Patients"), (found?.patients ?? []).map((patient) => ({
        title: (places?.family_first ?? true)
          ? patient.name
          : `${patient.first_name} ${patient.last_name}`,
        more: `${translate("born {day}", { day: day(patient.date_of_birth) })} \u00b7 ${hyphenatedNumber(patient.record_number)}`,
        url: `/patient?patient=${patient.uuid}`,
      }))],
      [translate("Actions"), of("acts")],
      [translate("Pages"), of("pages")],
      [translate("Doctors"), (found?.doctors ?? []).map((doctor) => ({
        title: doctor.name, more: doctor.specialization,
        url: `/doctor?doctor=${doctor.uuid}`,
      }))],
      [translate("Documents"), (found?.documents ?? []).map((paper) => ({
        title: paper.title, url: `/document?document=${paper.uuid}`,
      }))],
    ].filter(([, rows]) => rows.length)
  }

  // Whoever types the whole name of something means it, whatever else has these words.
  const named = () =>
    Math.max(0, options().findIndex((option) => plain(option.firstChild.textContent) === plain(typed())))

  const mark = (number) => {
    const all = options()
    marked = all.length ? (number + all.length) % all.length : 0
    all.forEach((option, n) => option.setAttribute("aria-selected", String(n === marked)))
    if (!all.length) return field.removeAttribute("aria-activedescendant")
    field.setAttribute("aria-activedescendant", all[marked].id)
    all[marked].scrollIntoView({ block: "nearest" })
  }

  const draw = (state, at = 0) => {
    let number = 0
    const row = ({ title, more, url }) => {
      const option = make("div", { id: `chartroom-option-${number++}` })
      option.setAttribute("role", "option")
      option.dataset.url = url
      option.append(make("span", { textContent: title }))
      if (more) option.append(make("small", { textContent: more }))
      return option
    }
    const drawn = groups().map(([name, rows], n) => {
      const head = make("span", { id: `chartroom-group-${n}`, textContent: name })
      const group = make("div", {}, head, ...rows.map(row))
      group.setAttribute("role", "group")
      group.setAttribute("aria-labelledby", head.id)
      return group
    })
    list.replaceChildren(...drawn)
    list.hidden = !drawn.length
    field.setAttribute("aria-expanded", String(Boolean(drawn.length)))
    note.textContent = saying(state, number)
    mark(at || named())
  }

  const saying = (state, count) => {
    if (state === "asking") return translate("Searching\u2026")
    if (state === "failed") return UNREACHABLE
    if (found?.advice) return translate(found.advice)
    if (typed().length < FEWEST) return translate("Type at least two characters. Esc closes.")
    if (!count) return translate("Nothing found. Check the spelling, or type fewer letters.")
    return translate("{count} found. Arrow keys move, Enter opens.", { count })
  }

  const ask = async () => {
    asking = new AbortController()
    const { signal } = asking
    try {
      const answer = await fetch("/api/v1/search", {
        body: JSON.stringify({ search: typed() }),
        headers: { "Content-Type": "application/json" },
        method: "POST",
        signal,
      })
      if (!answer.ok) throw new Error("refused")
      found = await answer.json()
      if (!signal.aborted) draw("done")
    } catch {
      if (!signal.aborted) draw("failed")
    }
  }

  const onTyped = () => {
    clearTimeout(waiting)
    asking?.abort()
    found = null
    if (typed().length < FEWEST) return draw("done")
    draw("asking")
    waiting = setTimeout(ask, WAIT_MS)
  }

  const open = async () => {
    if (palette.open) return field.select()
    if (document.querySelector("dialog[open]")) return
    field.value = ""
    found = null
    draw("done")
    palette.showModal()
    field.focus()
    try {
      const answer = await fetch("/session/places", { cache: "no-store" })
      if (!answer.ok) throw new Error("refused")
      places = await answer.json()
      // Arrows may have been pressed since it opened.
      if (palette.open && !typed()) draw("done", marked)
    } catch {
      if (!places) note.textContent = UNREACHABLE
    }
  }

  const go = (url) => {
    palette.close()
    window.chartroom.go(url)
  }

  field.addEventListener("input", onTyped)
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) {
      event.preventDefault()
      mark(marked + step)
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault()
      const chosen = options()[marked]
      if (chosen) go(chosen.dataset.url)
    } else if (event.key === "Tab") {
      // There is nothing else to go to.
      event.preventDefault()
    }
  })
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest('[role="option"]')
    if (chosen) go(chosen.dataset.url)
  })
  palette.addEventListener("click", (event) => {
    if (event.target === palette) palette.close()
  })
  palette.addEventListener("close", () => {
    clearTimeout(waiting)
    asking?.abort()
    field.value = ""
    found = null
    list.replaceChildren()
  })
  button.addEventListener("click", open)

  // -- The list of keys ----------------------------------------------------------

  const titled = make("h2", { id: "chartroom-keys-title", textContent: translate("Keyboard shortcuts") })
  const table = make("dl")
  for (const [name, what] of KEYS) {
    const term = make("dt", {}, make("kbd", { textContent: name }))
    table.append(term, make("dd", { textContent: what }))
  }
  const shut = make("button", { type: "button", textContent: translate("Close"), autofocus: true })
  const keys = make(
    "dialog", { className: "chartroom-palette chartroom-keys" }, titled, table, shut,
  )
  keys.setAttribute("aria-labelledby", titled.id)
  shut.addEventListener("click", () => keys.close())

  const showKeys = () => {
    if (document.querySelector("dialog[open]")) return
    keys.showModal()
  }

  window.chartroom.showKeys = showKeys

  // -- Keys ----------------------------------------------------------------------

  const isWriting = (element) =>
    element?.isContentEditable || element?.closest?.("input, textarea, select, [role=textbox]")

  document.addEventListener(
    "keydown",
    (event) => {
      const isPlain = !(event.ctrlKey || event.metaKey || event.altKey)
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault()
        event.stopPropagation()
        open()
      } else if (isPlain && !isWriting(event.composedPath()[0])) {
        if (event.key === "/") {
          event.preventDefault()
          open()
        } else if (event.key === "?") {
          event.preventDefault()
          showKeys()
        }
      }
    },
    { capture: true },
  )

  document.head.append(make("style", { textContent: STYLE }))
  window.chartroom.bar.append(button)
  document.body.append(palette, keys)
})()
