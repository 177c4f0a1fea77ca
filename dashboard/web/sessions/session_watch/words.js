// What the scripts of a page say, in its language: English sentences are their own keys.
// A sentence names in braces what is put into it.
;(() => {
  "use strict"

  const told = document.getElementById("chartroom-places")
  const { words = {} } = told ? JSON.parse(told.textContent) : {}

  window.chartroomWords = words
  window.chartroomTranslate = (sentence, values = {}) =>
    (words[sentence] ?? sentence).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all)
})()
