// Ties what is wrong with a field to it. Streamlit's fields cannot be told that they are
// invalid, so a refusal stands in a container whose key names the field ("problem_of_email",
// dashboard/ui/outcomes/field_problems.py), and the field is the one whose own key has that name.
// It is marked and described here, and again whenever Streamlit has drawn it anew.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  // What an empty field for a day shows, which Streamlit writes in English always.
  const PARTS = window.chartroomDayParts = { day: translate("DD"), month: translate("MM"), year: translate("YYYY") }
  const EMPTY = '[data-testid="stDateInput"] [data-placeholder]'
  const PROBLEM = "st-key-problem_of_"
  const KEY = "st-key-"
  const CONTROLS =
    'input:not([type="hidden"]):not([tabindex="-1"]), textarea, [role="spinbutton"], ' +
    '[role="radiogroup"], [data-testid="stFileUploader"] button'
  // The keyboard of a phone, by what a field is filled in with: all of Streamlit's are of text.
  const KEYBOARDS = { "one-time-code": "numeric", tel: "tel", email: "email" }
  const MARK = "data-chartroom-invalid"
  const STYLE = `
    [data-testid="stTextInputRootElement"]:has([${MARK}]),
    [data-testid="stTextAreaRootElement"]:has([${MARK}]),
    [data-testid="stNumberInputContainer"]:has([${MARK}]),
    [data-testid="stSelectbox"] [${MARK}], [data-testid="stMultiSelect"]:has([${MARK}]) > div:last-child,
    [data-testid="stFileUploaderDropzone"]:has([${MARK}]), [data-testid="stDateInputField"]:has([${MARK}]),
    [data-testid="stTimeInputTimeDisplay"]:has([${MARK}]) {
      outline: 2px solid var(--cr-wrong); outline-offset: -1px;
    }
    ${Object.entries(PARTS).map(([part, shown]) => `
    ${EMPTY}[data-type="${part}"] { font-size: 0; }
    ${EMPTY}[data-type="${part}"]::before { content: "${shown}"; font-size: 14px; vertical-align: top; }`).join("")}
  `
  const nameIn = (element, prefix) =>
    [...element.classList].find((name) => name.startsWith(prefix))?.slice(prefix.length)

  const dialogOf = (element) =>
    element.closest('[role="dialog"], [data-testid="stPopoverBody"]')

  // How many elements both stand in: the more, the nearer.
  const nearness = (one, path) => {
    let count = 0
    for (let at = one; at; at = at.parentElement) if (path.has(at)) count++
    return count
  }

  const pathOf = (element) => {
    const path = new Set()
    for (let at = element; at; at = at.parentElement) path.add(at)
    return path
  }

  // "email", or "lines-0-drug": the drug of the first of many lines.
  const fieldsNamed = (words, root) => {
    const parts = words.replace(/__\d+$/, "").split("-")
    const name = parts.at(-1)
    const place = Number(parts.find((part) => /^\d+$/.test(part)) ?? NaN)
    const exact = []
    const longer = []
    for (const field of root.querySelectorAll(`[class*="${KEY}"]`)) {
      const key = nameIn(field, KEY)
      if (!key || key.startsWith("problem_of_") || !field.querySelector(CONTROLS)) continue
      if (`_${key}`.endsWith(`_${name}`)) exact.push(field)
      else if (`_${key}_`.includes(`_${name}_`)) longer.push(field)
    }
    const found = exact.length ? exact : longer
    return Number.isNaN(place) ? found : found.slice(place, place + 1)
  }

  // What was pressed last tells which of several fields of that name is meant.
  let pressed = new Set()
  document.addEventListener("click", (event) => { pressed = pathOf(event.target) }, true)
  document.addEventListener(
    "keydown",
    (event) => { if (event.key === "Enter") pressed = pathOf(event.target) },
    true,
  )

  const fieldsOf = (problem) => {
    const root = dialogOf(problem) ?? document.querySelector('[data-testid="stMain"]')
    const fields = fieldsNamed(nameIn(problem, PROBLEM), root ?? document.body)
    if (fields.length < 2) return fields
    const path = pathOf(problem)
    const near = fields.map((field) => nearness(field, pressed) * 1000 + nearness(field, path))
    return fields.filter((_, n) => near[n] === Math.max(...near))
  }

  const described = (control, ids) => {
    const own = (control.getAttribute("aria-describedby") ?? "").split(/\s+/)
    return [...new Set([...own.filter((id) => id && !id.startsWith("chartroom-problem-")), ...ids])]
  }

  const set = (element, name, value) => {
    if (!value) element.removeAttribute(name)
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value)
  }

  const tie = () => {
    const sentences = new Map()
    for (const problem of document.querySelectorAll(`[class*="${PROBLEM}"]`)) {
      problem.id ||= `chartroom-problem-${crypto.getRandomValues(new Uint32Array(1))[0]}`
      for (const field of fieldsOf(problem)) {
        for (const control of field.querySelectorAll(CONTROLS)) {
          sentences.set(control, [...(sentences.get(control) ?? []), problem.id])
        }
      }
    }
    for (const control of document.querySelectorAll(`[${MARK}]`)) {
      if (sentences.has(control)) continue
      control.removeAttribute(MARK)
      control.removeAttribute("aria-invalid")
      set(control, "aria-describedby", described(control, []).join(" "))
    }
    for (const [control, ids] of sentences) {
      set(control, MARK, "true")
      set(control, "aria-invalid", "true")
      set(control, "aria-describedby", described(control, ids).join(" "))
    }
  }

  const suitKeyboards = () => {
    for (const [content, keyboard] of Object.entries(KEYBOARDS)) {
      for (const field of document.querySelectorAll(`input[autocomplete~="${content}"]`)) {
        set(field, "inputmode", keyboard)
      }
    }
  }

  // The first field in which something is wrong, and what is said of all of them.
  const problems = () => ({
    first: [...document.querySelectorAll(`[${MARK}]`)].find((control) => control.checkVisibility()),
    shown: new Set([...document.querySelectorAll(`[class*="${PROBLEM}"]`)].map((one) => one.id)),
  })

  let isDue = false
  const look = () => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      tie()
      suitKeyboards()
    })
  }
  new MutationObserver(look).observe(document.body, {
    attributeFilter: ["aria-describedby", "aria-invalid"], childList: true, subtree: true,
  })
  document.head.append(Object.assign(document.createElement("style"), { textContent: STYLE }))
  Object.assign(window.chartroom, { problems, tieFields: tie })
})()
