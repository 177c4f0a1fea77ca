// A number field takes only the separator that the browser itself writes decimals with,
// and leaves out any other without a word: 45,50 became 4550. Here a comma and a dot are
// read as they are meant: the last of two different ones, and one that is not followed by
// three digits, is the decimal separator. With three digits, it is the one that the page's
// language writes decimals with. What is pasted and no number is refused in a sentence.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const COMMA = ","
  const DOT = "."
  const ROOT = '[data-testid="stNumberInput"]'
  const NOTE = "data-chartroom-number"
  const DIGIT = /^\d$/
  const PLAIN = /^\s*[+-]?\d+(e[+-]?\d+)?\s*$/i
  // Thousands are set apart by spaces and apostrophes, too, and money has a sign.
  const SET_APART = /[\s'’]|\p{Sc}/gu
  const WRITTEN = /^([+-]?)([\d.,]+)$/
  const IN_GROUPS = /^\d+$|^[1-9]\d{0,2}(?:\.\d{3})+$|^[1-9]\d{0,2}(?:,\d{3})+$/
  const ONE_GROUP = /^[1-9]\d{0,2}[.,]\d{3}$/
  const MAY_BE_GROUP = /^-?[1-9]\d*\.\d{3}$/
  const BECOMES_GROUP = /^-?[1-9]\d*\.\d{2}$/
  const DIGITS_OF_A_GROUP = 3

  const separator = () =>
    new Intl.NumberFormat(document.documentElement.lang || undefined)
      .formatToParts(0.5)
      .find(({ type }) => type === "decimal").value

  // As if somebody had typed it, so that Streamlit and the browser's undo know of it.
  const type = (field, text) => {
    let isTaken = false
    const taken = () => { isTaken = true }
    field.addEventListener("input", taken)
    field.dataset.chartroomTyping = "true"
    document.execCommand("insertText", false, text)
    delete field.dataset.chartroomTyping
    field.removeEventListener("input", taken)
    return isTaken
  }
  const typeSeparator = (field) => {
    if (!type(field, COMMA)) type(field, DOT)
  }
  const retype = (field, text) => {
    field.select()
    type(field, text)
  }

  // Return the digits before and after the decimal separator, or null.
  const read = (text) => {
    const [, sign, digits] = text.replace(SET_APART, "").match(WRITTEN) ?? []
    if (!digits) return null
    const last = Math.max(digits.lastIndexOf(COMMA), digits.lastIndexOf(DOT))
    const mark = digits[last]
    const isGrouped = ONE_GROUP.test(digits) ? mark !== separator() : digits.indexOf(mark) !== last
    const whole = isGrouped || last < 0 ? digits : digits.slice(0, last)
    const fraction = isGrouped || last < 0 ? "" : digits.slice(last + 1)
    if (whole && (!IN_GROUPS.test(whole) || whole.includes(mark) !== isGrouped)) return null
    return { fraction, whole: sign + whole.replace(/[.,]/g, "") }
  }

  const unsay = (field) => field.closest(ROOT)?.querySelector(`[${NOTE}]`)?.remove()
  const refuse = (field, text) => {
    const root = field.closest(ROOT)
    if (!root) return
    const label = root.querySelector('[data-testid="stWidgetLabel"]')?.textContent.trim() ?? ""
    const note = document.createElement("p")
    note.setAttribute(NOTE, "")
    note.setAttribute("role", "alert")
    note.textContent = translate("{label}: “{text}” is not a number, so it was not pasted.", { label, text })
    root.append(note)
  }

  const paste = (field, text) => {
    const number = read(text)
    if (!number) return refuse(field, text)
    type(field, number.whole || "0")
    if (!number.fraction) return
    typeSeparator(field)
    type(field, number.fraction)
  }

  // The fields whose last separator is not the one of the page's language, and those whose
  // digits were grouped before.
  const undecided = new WeakSet()
  const grouped = new WeakSet()
  const separate = (field, mark) => {
    if (MAY_BE_GROUP.test(field.value) && !document.getSelection().toString()) {
      retype(field, field.value.replace(DOT, ""))
      grouped.add(field)
    }
    if (mark === separator()) undecided.delete(field)
    else undecided.add(field)
    typeSeparator(field)
  }
  const isGroup = (field) => {
    const [whole] = field.value.replace("-", "").split(DOT)
    return (
      undecided.has(field) && BECOMES_GROUP.test(field.value) &&
      (whole.length <= DIGITS_OF_A_GROUP || grouped.has(field))
    )
  }

  document.addEventListener(
    "beforeinput",
    (event) => {
      const field = event.target
      // What is typed here comes by here again.
      if (!field.matches?.('input[type="number"]') || field.dataset.chartroomTyping) return
      unsay(field)
      const text = event.data ?? event.dataTransfer?.getData("text/plain") ?? ""
      const isPasted = event.inputType.startsWith("insertFrom") && !PLAIN.test(text)
      const isSeparator = text === COMMA || text === DOT
      const ends = !isPasted && DIGIT.test(text) && isGroup(field)
      if (!isPasted && !isSeparator && !ends) return
      event.preventDefault()
      if (isPasted) paste(field, text)
      else if (isSeparator) separate(field, text)
      else {
        retype(field, field.value.replace(DOT, "") + text)
        undecided.delete(field)
        grouped.add(field)
      }
    },
    true,
  )
  document.addEventListener(
    "focusin",
    ({ target }) => {
      undecided.delete(target)
      grouped.delete(target)
    },
    true,
  )

  const style = `[${NOTE}] { color: var(--cr-wrong); font-size: 0.875rem; margin: 0.25rem 0 0; }`
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }))
})()
