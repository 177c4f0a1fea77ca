// Runs before anything is drawn: Streamlit writes months, weekdays and numbers in the
// browser's language. Where the page's is another one, it is answered with that. Where
// they are the same, the browser also knows the country, and with it how a week begins.
;(() => {
  "use strict"

  const LOCALES = { de: "de-DE", en: "en-GB" }
  const language = document.documentElement.lang
  const locale = LOCALES[language]
  if (!locale || navigator.language?.split("-")[0] === language) return
  Object.defineProperty(navigator, "language", { configurable: true, get: () => locale })
})()
