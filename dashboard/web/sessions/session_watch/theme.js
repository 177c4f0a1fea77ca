// Runs before anything is drawn: pages are light or dark as somebody has chosen in this
// browser, else as the device is, and light on paper. Streamlit asks the device alone, so it
// is answered here.
;(() => {
  "use strict"

  const KEPT = "chartroom.theme"
  const QUERY = "(prefers-color-scheme: dark)"
  const BACKGROUNDS = { dark: "#0F171E", light: "#FBFCFD" }
  const ask = window.matchMedia.bind(window)
  const device = ask(QUERY)

  // Browsers may be told to keep nothing.
  const kept = () => {
    try {
      return localStorage.getItem(KEPT)
    } catch {
      return null
    }
  }
  let chosen = kept()
  let isPrinting = false

  class Answer extends EventTarget {
    media = QUERY
    get matches() {
      if (isPrinting) return false
      return chosen === null ? device.matches : chosen === "dark"
    }
    addListener(listener) {
      this.addEventListener("change", listener)
    }
    removeListener(listener) {
      this.removeEventListener("change", listener)
    }
  }
  const answer = new Answer()
  window.matchMedia = (query) => (query === QUERY ? answer : ask(query))

  const tell = () => {
    const name = answer.matches ? "dark" : "light"
    document.documentElement.style.background = BACKGROUNDS[name]
    document.documentElement.style.colorScheme = name
    answer.dispatchEvent(new Event("change"))
  }
  device.addEventListener("change", tell)
  // Another tab of this browser may choose.
  window.addEventListener("storage", (event) => {
    if (event.key !== KEPT && event.key !== null) return
    chosen = kept()
    tell()
  })
  for (const [name, begins] of [["beforeprint", true], ["afterprint", false]])
    window.addEventListener(name, () => {
      isPrinting = begins
      tell()
    })
  window.chartroomTheme = {
    chosen: () => chosen ?? "system",
    choose: (name) => {
      chosen = name === "system" ? null : name
      try {
        if (chosen === null) localStorage.removeItem(KEPT)
        else localStorage.setItem(KEPT, chosen)
      } catch {
        // Then it holds for as long as the page is open.
      }
      tell()
    },
  }
  tell()
})()
