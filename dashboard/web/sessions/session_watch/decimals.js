// A number field takes only the browser's own decimal separator, and leaves out any other
// without a word: 45,50 became 4550. Where the page's language writes decimals with a
// comma, a comma that the browser does not take is typed as a dot.
;(() => {
  "use strict"

  const COMMA = ","
  const separator = () =>
    new Intl.NumberFormat(document.documentElement.lang || undefined)
      .formatToParts(0.5)
      .find(({ type }) => type === "decimal").value

  // As if somebody had typed it, so that Streamlit and the browser's undo know of it.
  const type = (field, text) => {
    let isTaken = false
    const taken = () => { isTaken = true }
    field.addEventListener("input", taken)
    document.execCommand("insertText", false, text)
    field.removeEventListener("input", taken)
    return isTaken
  }

  document.addEventListener(
    "beforeinput",
    (event) => {
      const field = event.target
      // What is typed here comes by here again.
      if (field.dataset?.chartroomTyping || event.data !== COMMA) return
      if (!field.matches?.('input[type="number"]') || separator() !== COMMA) return
      event.preventDefault()
      field.dataset.chartroomTyping = "true"
      if (!type(field, COMMA)) type(field, ".")
      delete field.dataset.chartroomTyping
    },
    true,
  )
})()
