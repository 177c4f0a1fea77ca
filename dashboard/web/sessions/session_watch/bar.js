// The bar at the top right of every page, in which search and menus stand; the colours of
// all that is drawn here; and which menu is lit while a page is open.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const STYLE = `
    .chartroom-bar {
      align-items: center; display: flex; gap: 8px; height: 44px; position: fixed;
      right: 16px; top: 8px; z-index: 999991;
    }
    [data-testid="stTopNavSection"][aria-current] {
      background: var(--cr-raised); box-shadow: inset 0 -2px 0 var(--cr-mark);
    }
    [data-testid="stTopNavDropdownLink"][aria-current="true"],
    [data-testid="stSidebarNavLink"][aria-current="true"] { background: var(--cr-raised); }
    .chartroom-trail.chartroom-trail ol {
      display: flex; flex-wrap: wrap; font-size: 14px; gap: 2px 8px; list-style: none;
      margin: 0; padding: 0;
    }
    .chartroom-trail.chartroom-trail li { margin: 0; overflow-wrap: anywhere; padding: 0; }
    .chartroom-trail li + li::before { color: var(--cr-quiet); content: "\u203A" / "";
      margin-inline-end: 8px; }
    .chartroom-trail li[aria-current] { color: var(--cr-quiet); }
    .chartroom-trail a { color: var(--cr-mark); display: inline-block; min-height: 24px; }
    /* The parts of a date: month and day were too narrow for a finger. */
    [data-testid="stDateInput"] [role="spinbutton"] {
      box-sizing: border-box; line-height: 24px; min-height: 24px; min-width: 24px;
      text-align: center;
    }
    [class*="_bare_chart"] [data-testid="stElementToolbar"] { display: none; }
    @media print { .chartroom-bar, .chartroom-trail { display: none; } }
  `
  const THEMES = {
    light: ["#FBFCFD", "#EEF3F5", "#0C161D", "#41525E", "#8795A0", "#0B6470", "#A8231B"],
    dark: ["#0F171E", "#1A2630", "#F0F5F8", "#A9B8C2", "#5B6C77", "#5CC8CF", "#FF9A8F"],
  }
  const NAMES = ["page", "raised", "text", "quiet", "line", "mark", "wrong"]
  const SECTION = '[data-testid="stTopNavSection"]'
  const LINK =
    '[data-testid="stTopNavDropdownLink"], [data-testid="stSidebarNavLink"], ' +
    '[data-testid="stTopNavLink"]'

  // -- Looks ---------------------------------------------------------------------

  // The page's own colours, whichever theme it has.
  const dress = () => {
    const page = getComputedStyle(document.querySelector(".stApp") ?? document.body)
    const [red] = page.backgroundColor.match(/\d+/) ?? [255]
    const colours = THEMES[red < 128 ? "dark" : "light"]
    const { style } = document.documentElement
    NAMES.forEach((name, n) => style.setProperty(`--cr-${name}`, colours[n]))
    style.setProperty("--cr-font", page.fontFamily)
  }

  // -- Where one is --------------------------------------------------------------

  const told = document.getElementById("chartroom-places")
  const places = told ? JSON.parse(told.textContent) : {}

  const set = (element, name, value) => {
    if (value === null) element.removeAttribute(name)
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value)
  }

  // Streamlit marks the open page alone: neither its menu, nor the page above one that
  // stands in none.
  const light = () => {
    const here = places.within?.[location.pathname] ?? { menu: "", page: "" }
    for (const button of document.querySelectorAll(SECTION)) {
      const isHere = here.menu !== "" && button.textContent === here.menu
      set(button, "aria-current", isHere ? "true" : null)
    }
    for (const link of document.querySelectorAll(LINK)) {
      const isOpen = link.getAttribute("aria-current") === "page"
      const { pathname } = new URL(link.href)
      const isAbove = pathname === here.page && pathname !== location.pathname
      if (!isOpen) set(link, "aria-current", isAbove ? "true" : null)
    }
  }

  // On a phone its menus are no list that a screen reader could read: what is in the
  // list is neither only items, nor are the items in one.
  const mend = () => {
    const list = document.querySelector('[data-testid="stSidebarNavItems"]')
    if (!list) return
    for (const element of [list, ...list.querySelectorAll("li")]) set(element, "role", "none")
    for (const heading of list.querySelectorAll('[data-testid="stNavSectionHeader"]')) {
      set(heading.parentElement, "role", "group")
      set(heading.parentElement, "aria-label", heading.querySelector("p").textContent)
    }
  }

  // Streamlit's second heading is of the third level. Whoever goes from heading to heading
  // looks for the one between: each is told to be one level below what it stands under.
  const level = () => {
    const above = []
    const main = document.querySelector('[data-testid="stMain"]')
    for (const heading of main?.querySelectorAll("h1, h2, h3, h4, h5, h6") ?? []) {
      const own = Number(heading.tagName[1])
      while (above.length && above.at(-1) >= own) above.pop()
      above.push(own)
      set(heading, "aria-level", own === above.length ? null : String(above.length))
    }
  }

  // Streamlit follows the browser's history without loading everything anew.
  const go = (url) => {
    history.pushState({}, "", url)
    window.dispatchEvent(new PopStateEvent("popstate", { state: {} }))
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".chartroom-trail a")
    const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button
    if (!link || isElsewhere) return
    event.preventDefault()
    go(link.getAttribute("href"))
  })

  let isDue = false
  const look = () => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      light()
      mend()
      level()
    })
  }

  const bar = document.createElement("nav")
  bar.className = "chartroom-bar"
  bar.setAttribute("aria-label", translate("Search and account"))
  document.head.append(Object.assign(document.createElement("style"), { textContent: STYLE }))
  document.body.prepend(bar)
  window.chartroom = { bar, go, places }
  dress()
  look()

  // Streamlit draws its theme after this, and anew whenever somebody takes another one.
  const theme = new MutationObserver(dress)
  const menus = new MutationObserver(look)
  const drawn = new MutationObserver(() => {
    const app = document.querySelector(".stApp")
    if (!app) return
    drawn.disconnect()
    theme.observe(app, { attributeFilter: ["class"], attributes: true })
    // The title changes with the page, and what hangs in the body is an open menu.
    menus.observe(document.querySelector("title"), { childList: true })
    menus.observe(app, { attributeFilter: ["aria-expanded", "aria-current", "data-collapsed"], childList: true, subtree: true })
    dress()
    look()
  })
  drawn.observe(document.body, { childList: true, subtree: true })
})()
