// Keeps two keys from Streamlit, which mean something to programmers: R, outside a field,
// draws the page anew and so closes an open dialog with what was typed in it, and C asks
// whether to clear its caches.
;(() => {
  "use strict"

  const KEYS = ["r", "c"]

  // Streamlit listens at the document; all who listen below have heard of it already.
  document.documentElement.addEventListener("keydown", (event) => {
    if (KEYS.includes(event.key?.toLowerCase())) event.stopPropagation()
  })
})()
