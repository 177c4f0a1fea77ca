// Keeps two keys from Streamlit, which mean something to programmers: R, outside a field,
// draws the page anew and so closes an open dialog with what was typed in it, and C asks
// whether to clear its caches. And where a line is in no form with its button, Enter in a
// container "on_enter_..." presses the button whose key follows.
;(() => {
  "use strict"

  const KEYS = ["r", "c"]

  // Streamlit listens at the document; all who listen below have heard of it already.
  document.documentElement.addEventListener("keydown", (event) => {
    if (KEYS.includes(event.key?.toLowerCase())) event.stopPropagation()
  })

  const ENTER = "st-key-on_enter_"
  // Streamlit sends what was typed as it hears of the key, which is before the document.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.repeat || event.isComposing) return
    const line = event.target.matches?.("input") && event.target.closest(`[class*="${ENTER}"]`)
    const key = line && [...line.classList].find((name) => name.startsWith(ENTER))
    if (key) document.querySelector(`.st-key-${key.slice(ENTER.length)} button`)?.click()
  })
})()
