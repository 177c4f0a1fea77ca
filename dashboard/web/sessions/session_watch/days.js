// A field for a day sends only a full day within its range. When it is left with anything
// else, Streamlit puts the previous day back, or keeps its own mark with a sentence in
// English, and the button that is pressed next acts on the previous day. Here a sentence
// at the field says what was not taken, and that press does nothing. The next one agrees
// with the day that was put back.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  // As fields.js shows them in a field that is empty.
  const PARTS = window.chartroomDayParts
  const FIELD = '[data-testid="stDateInputField"]'
  const CALENDAR = '[data-testid="stDateInputCalendar"]'
  const SENDING = '[data-testid="stFormSubmitButton"] button, [data-testid="stBaseButton-primary"]'
  const ROOT = '[data-testid="stDateInput"]'
  const SENT_TOGETHER = '[data-testid="stForm"], [role="dialog"]'
  const SENT_BY_ENTER = '[data-testid="stForm"] input, [role="dialog"] input'
  const NOTE = "data-chartroom-day"
  const NEW = "new"
  const READ = "read"
  const ERROR = "data-has-error"
  const EMPTY = "data-placeholder"
  const DIGITS_OF_A_YEAR = 4

  const partsOf = (field) => [...field.querySelectorAll('[role="spinbutton"]')]
  const isEmpty = (part) => part.hasAttribute(EMPTY)
  const shown = (field) =>
    [...field.querySelectorAll("[data-type]")]
      .map((part) => (isEmpty(part) ? PARTS[part.dataset.type] : part.textContent.trim()))
      .join("")

  // An empty field is sent as such.
  const isUnsendable = (field) => {
    const parts = partsOf(field)
    const year = parts.find((part) => part.dataset.type === "year")
    if (!year || parts.every(isEmpty)) return false
    return (
      field.hasAttribute(ERROR) || parts.some(isEmpty) ||
      year.textContent.trim().length < DIGITS_OF_A_YEAR
    )
  }

  const say = (root, typed) => {
    const label = root.querySelector('[data-testid="stWidgetLabel"]')?.textContent.trim() ?? ""
    const note = document.createElement("p")
    note.setAttribute(NOTE, NEW)
    note.setAttribute("role", "alert")
    note.textContent = translate(
      "{label}: “{day}” was not taken. Enter the day, the month and a year from 1000 to 9998.",
      { label, day: typed },
    )
    unsay(root)
    root.append(note)
  }
  const unsay = (root) => root.querySelector(`[${NOTE}]`)?.remove()

  // Whether the day is put back is known only once Streamlit has drawn the field again.
  let waiting = null
  const forget = () => {
    waiting?.disconnect()
    waiting = null
  }
  const leave = (field) => {
    if (!isUnsendable(field)) return false
    const root = field.closest(ROOT)
    const typed = shown(field)
    const look = () => {
      const drawn = root.querySelector(FIELD)
      if (!drawn || (shown(drawn) === typed && !drawn.hasAttribute(ERROR))) return
      forget()
      say(root, typed)
    }
    forget()
    waiting = new MutationObserver(look)
    waiting.observe(root, {
      attributeFilter: [ERROR, EMPTY], characterData: true, childList: true, subtree: true,
    })
    look()
    return true
  }

  const fieldAt = (element) => element instanceof Element && element.closest(FIELD)
  const isWithin = (element, field) =>
    element instanceof Element && (field.contains(element) || element.closest(CALENDAR) !== null)

  // What a button would send with it: the fields of its form or dialog, or else those of
  // the page outside of any.
  const sentWith = (element) => {
    const together = element.closest(SENT_TOGETHER)
    const fields = [...(together ?? document).querySelectorAll(FIELD)]
    return together ? fields : fields.filter((field) => !field.closest(SENT_TOGETHER))
  }
  const noteOf = (field) => field.closest(ROOT).querySelector(`[${NOTE}]`)
  const holdsBack = (element) => {
    const fields = sentWith(element)
    const isHeldBack = (field) => isUnsendable(field) || noteOf(field)?.getAttribute(NOTE) === NEW
    const wrong = fields.filter(isHeldBack)
    wrong.filter(isUnsendable).forEach(leave)
    for (const field of wrong) noteOf(field)?.setAttribute(NOTE, READ)
    if (!wrong.length) for (const field of fields) noteOf(field)?.remove()
    return wrong.length > 0
  }
  const stop = (event) => {
    event.preventDefault()
    event.stopImmediatePropagation()
  }

  // The one that was typed into last: while its calendar is open, that has the focus.
  let current = null
  let isHeld = false
  // What screen readers are told while a day out of range is typed, by Streamlit in English.
  const EXPECTED = translate("Enter the day, the month and a year from 1000 to 9998.")
  const told = new MutationObserver(() => {
    const sentence = current.querySelector(`${FIELD} [role="alert"]`)?.firstChild
    if (sentence && sentence.nodeValue !== EXPECTED) sentence.nodeValue = EXPECTED
  })
  document.addEventListener(
    "focusin",
    (event) => {
      const root = fieldAt(event.target)?.closest(ROOT)
      if (!root || root === current) return
      current = root
      told.disconnect()
      told.observe(root, { characterData: true, childList: true, subtree: true })
    },
    true,
  )
  window.addEventListener(
    "pointerdown",
    (event) => {
      const field = fieldAt(document.activeElement)
      isHeld = Boolean(field && !isWithin(event.target, field) && leave(field))
      if (current && event.target instanceof Element && event.target.closest(CALENDAR)) unsay(current)
    },
    true,
  )
  window.addEventListener(
    "click",
    (event) => {
      const button = event.target instanceof Element && event.target.closest(SENDING)
      if (button && (holdsBack(button) || isHeld)) stop(event)
      isHeld = false
    },
    true,
  )
  window.addEventListener(
    "keydown",
    (event) => {
      const field = fieldAt(event.target)
      if (field && (event.key === "Tab" || event.key === "Escape")) leave(field)
      else if (field) {
        forget()
        unsay(field.closest(ROOT))
      } else if (event.key === "Enter" && event.target.matches?.(SENT_BY_ENTER) && holdsBack(event.target)) {
        stop(event)
      }
    },
    true,
  )

  const style = `
    [${NOTE}] { color: var(--cr-wrong); font-size: 0.875rem; margin: 0.25rem 0 0; }
    ${ROOT}:has([${NOTE}]) ${FIELD} { outline: 2px solid var(--cr-wrong); outline-offset: -1px; }
    [data-testid="stDateInputError"], ${ROOT}:has([${NOTE}]) ${FIELD} [role="alert"] { display: none; }
  `
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }))
})()
