// Says at the bottom of the page that the database takes no changes, since when, or that
// the server does not answer or cannot be reached, and for a moment that they do again. It
// comes and goes by itself, on every open page.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const GOOD_NEWS_MS = 5000
  const TEXTS = {
    changing: () =>
      translate(
        "Database failover in progress. Nothing is lost: what you open or save now " +
          "finishes by itself in a moment.",
      ),
    "read-only": (since) =>
      translate(
        "Read-only since {since}. No server leads the database, so nothing can be saved. You " +
          "can still open lists, documents and free times; what you type stays here. This note " +
          "disappears by itself.",
        { since },
      ),
    standby: (since) =>
      translate(
        "Standby site, as of {since} at the main site. You can open lists and documents; " +
          "nothing can be saved here until an administrator promotes this site.",
        { since },
      ),
    well: () => translate("The database accepts changes again. You can save."),
    silent: () =>
      translate(
        "The server is not responding. What was saved is safe, and what you type stays here. " +
          "This note disappears by itself.",
      ),
    unconnected: () =>
      translate(
        "This page cannot connect to the server, so clicks have no effect. Reload it. If that " +
          "does not help, ask IT whether a proxy, a firewall or a browser extension blocks " +
          "WebSocket connections.",
      ),
    answering: () =>
      translate("The server is responding again. Check whether your last action was done."),
  }
  const GOOD_NEWS = ["well", "answering"]
  const COLOURS = {
    light: { trouble: ["#FFF1CC", "#3D2E00", "#B7791F"], well: ["#DDF3E4", "#0F3D22", "#2F855A"] },
    dark: { trouble: ["#3A2C05", "#FFEBB8", "#D9A441"], well: ["#0F3320", "#CFF1DC", "#48A873"] },
  }

  const banner = document.createElement("div")
  banner.id = "chartroom-banner"
  // Read out when it changes, and only then: nobody is interrupted.
  banner.setAttribute("role", "status")
  banner.hidden = true
  let shownState = "well"
  let shownSince = null
  let leaving = null

  const isDark = () => {
    const page = getComputedStyle(document.querySelector(".stApp") ?? document.body)
    const [red] = page.backgroundColor.match(/\d+/) ?? [255]
    return red < 128
  }

  const dress = (kind) => {
    const page = getComputedStyle(document.querySelector(".stApp") ?? document.body)
    const [background, text, line] = COLOURS[isDark() ? "dark" : "light"][kind]
    Object.assign(banner.style, {
      background,
      borderTop: `3px solid ${line}`,
      bottom: "0",
      boxSizing: "border-box",
      color: text,
      fontFamily: page.fontFamily,
      fontSize: "1rem",
      insetInline: "0",
      lineHeight: "1.4",
      padding: "10px 16px",
      position: "fixed",
      textAlign: "center",
      // Above the page, below the dialogs of Streamlit and of the browser.
      zIndex: "999980",
    })
  }

  // The page ends above it, so that nothing on it is ever covered.
  const makeRoom = () => {
    const main = document.querySelector('[data-testid="stMain"]')
    const height = `calc(100% - ${banner.offsetHeight}px)`
    if (main) main.style.maxHeight = banner.hidden ? "" : height
  }

  const hide = () => {
    banner.hidden = true
    banner.textContent = ""
    makeRoom()
  }

  const show = (state, since) => {
    clearTimeout(leaving)
    if (!banner.isConnected) document.body.append(banner)
    banner.hidden = false
    banner.dataset.state = state
    banner.textContent = TEXTS[state](since)
    const isGood = GOOD_NEWS.includes(state)
    dress(isGood ? "well" : "trouble")
    makeRoom()
    if (isGood) leaving = setTimeout(hide, GOOD_NEWS_MS)
  }

  window.addEventListener("resize", makeRoom)
  window.addEventListener("chartroom:database", (event) => {
    const { state, since } = event.detail
    // All is well on most days, and nobody needs to be told.
    const isAsBefore = state === shownState && (state !== "standby" || since === shownSince)
    if (isAsBefore) return
    shownState = state
    shownSince = since
    show(state, since)
  })
  window.addEventListener("chartroom:server", (event) => {
    const { state } = event.detail
    const isWell = state === "answering" && shownState !== "well"
    show(isWell ? shownState : state, shownSince)
  })
})()
