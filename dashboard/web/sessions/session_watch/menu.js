// The menu at the person's name: account, passkeys, theme, help and the way out. On a desk
// that several people share it says whose session this is.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  // For so long a server may believe what it knew of a person.
  const KNOWN_MS = 1100
  const THEMES = [
    ["system", translate("Same as device")], ["light", translate("Light")], ["dark", translate("Dark")],
  ]
  const CLOCKS = [
    ["clinic", translate("Same as clinic")], ["24", "14:40"], ["12", "2:40 PM"],
  ]
  const NAMES = [
    ["", translate("Same as clinic")], ["family-given", "Lovelace, Ada"],
    ["given-family", "Ada Lovelace"],
  ]
  const DENSITIES = [
    ["comfortable", translate("Comfortable")], ["compact", translate("Compact")],
  ]
  const STYLE = `
    .chartroom-person { position: relative; }
    .chartroom-person > button {
      align-items: center; background: transparent; border: 1px solid transparent;
      border-radius: 8px; color: var(--cr-text); cursor: pointer; display: flex; gap: 8px;
      font: inherit; font-family: var(--cr-font); font-size: 14px; height: 44px;
      padding: 0 6px; width: 184px;
    }
    .chartroom-person > button:hover { background: var(--cr-raised); }
    .chartroom-person button:focus-visible, .chartroom-person a:focus-visible {
      outline: 2px solid var(--cr-mark); outline-offset: 2px;
    }
    .chartroom-person b {
      align-items: center; background: #0B6470; border-radius: 50%; color: #FFFFFF;
      display: flex; flex: none; font-size: 13px; height: 32px; justify-content: center;
      width: 32px;
    }
    .chartroom-person > button > span {
      overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
    }
    .chartroom-menu {
      background: var(--cr-page); border: 1px solid var(--cr-line); border-radius: 12px;
      box-shadow: 0 12px 40px rgb(0 0 0 / 25%); box-sizing: border-box;
      color: var(--cr-text); font-family: var(--cr-font); font-size: 14px;
      max-height: calc(100vh - 72px); overflow-y: auto; padding: 8px; position: absolute;
      right: 0; top: 48px; width: 248px;
    }
    .chartroom-menu[hidden] { display: none; }
    .chartroom-menu p {
      border-bottom: 1px solid var(--cr-line); margin: 0 -8px 8px; overflow-wrap: anywhere;
      padding: 4px 20px 12px;
    }
    .chartroom-menu p small { color: var(--cr-quiet); display: block; font-size: 14px; }
    .chartroom-menu [role="group"] {
      border-block: 1px solid var(--cr-line); margin: 8px -8px; padding: 8px;
    }
    .chartroom-menu [role="group"] + [role="group"] { border-top: 0; margin-top: -8px; }
    .chartroom-menu [role="group"] > span {
      color: var(--cr-quiet); display: block; font-size: 13px; padding: 0 12px 4px;
    }
    .chartroom-menu [role^="menuitem"] {
      align-items: center; background: transparent; border: 0; border-radius: 8px;
      box-sizing: border-box; color: inherit; cursor: pointer; display: flex; font: inherit;
      justify-content: space-between; min-height: 40px; padding: 0 12px; text-align: start;
      text-decoration: none; width: 100%;
    }
    .chartroom-menu [role^="menuitem"]:hover { background: var(--cr-raised); }
    .chartroom-menu [aria-checked="true"]::after {
      color: var(--cr-mark); content: "\\2713"; font-weight: 700;
    }
    [data-testid="stHeader"] [data-testid="stToolbar"] { padding-inline-end: 424px; }
    @media (max-width: 1279px) {
      .chartroom-person > button { justify-content: center; width: 44px; }
      .chartroom-person > button > span { height: 1px; position: absolute;
        clip-path: inset(50%); width: 1px; }
      [data-testid="stHeader"] [data-testid="stToolbar"] { padding-inline-end: 168px; }
    }
  `
  const { bar, places } = window.chartroom
  // On a page of somebody who is just being signed out.
  if (!places.person) return

  const make = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties)
    made.append(...children)
    return made
  }
  const parts = places.person.name.split(/\s+/).filter((part) => /^\p{L}/u.test(part))
  // Not titles, such as "Dr."; some people's names are abbreviated as a whole.
  const unabbreviated = parts.filter((part) => !part.endsWith("."))
  const words = unabbreviated.length ? unabbreviated : parts
  const initials = [words.at(0), words.length > 1 ? words.at(-1) : ""]
    .map((word) => (word ?? "").slice(0, 1).toUpperCase())
    .join("")

  const here = () => encodeURIComponent(location.pathname + location.search)
  const go = (url) => () => window.chartroom.go(url)
  const item = (textContent, act) => {
    const made = make("button", { onclick: act, tabIndex: -1, textContent, type: "button" })
    made.setAttribute("role", "menuitem")
    return made
  }
  const theme = ([name, textContent]) => {
    const made = item(textContent, () => {
      window.chartroomTheme.choose(name)
      mark()
    })
    made.setAttribute("role", "menuitemradio")
    made.dataset.theme = name
    return made
  }

  const button = make(
    "button", { type: "button" },
    make("b", { ariaHidden: "true", textContent: initials }),
    make("span", { textContent: places.person.name }),
  )
  const head = make("span", { id: "chartroom-themes", textContent: translate("Theme") })
  const themes = make("div", {}, head, ...THEMES.map(theme))
  themes.setAttribute("role", "group")
  themes.setAttribute("aria-labelledby", head.id)
  // Streamlit and the server both have to know it, so the page is loaded anew, once
  // every server does.
  const keep = async (name, value, wait) => {
    const body = JSON.stringify({ [name]: value })
    const headers = { "Content-Type": "application/json" }
    try {
      const answer = await fetch(`/session/${name}`, { body, headers, method: "POST" })
      if (!answer.ok) throw new Error("refused")
    } catch {
      failed.hidden = false
      return
    }
    setTimeout(() => window.chartroomLeave(), wait)
  }
  const failed = make("p", {
    hidden: true, role: "status", textContent: translate("That could not be saved just now. Try again."),
  })
  // This browser keeps the clock, so no server has to hear of it first.
  const group = (name, title, choices, chosen, wait) => {
    const heading = make("span", { id: `chartroom-${name}`, textContent: title })
    const items = choices.map(([value, textContent]) => {
      const made = item(textContent, () => keep(name, value || "clinic", wait))
      made.setAttribute("role", "menuitemradio")
      made.setAttribute("aria-checked", String(value === chosen))
      return made
    })
    const made = make("div", {}, heading, ...items)
    made.setAttribute("role", "group")
    made.setAttribute("aria-labelledby", heading.id)
    return made
  }
  const clocks = group("clock", translate("Time of day"), CLOCKS, places.clock, 0)
  const names = group(
    "name-order", translate("Names of patients"), NAMES, places.name_order, KNOWN_MS,
  )
  const lists = group(
    "list-density", translate("Rows of lists"), DENSITIES,
    places.list_density || "comfortable", KNOWN_MS,
  )
  lists.append(failed)
  const choices = Object.entries(places.languages ?? {})
  let languages = null
  if (choices.length > 1) {
    languages = group("language", translate("Language"), choices, places.language, KNOWN_MS)
    languages.querySelectorAll("button").forEach((one, n) => (one.lang = choices[n][0]))
  }
  const list = make(
    "div", { id: "chartroom-menu-list" },
    item(translate("Account"), go("/account")),
    item(translate("My passkeys"), () => window.chartroomLeave(`/sign-in/passkeys?next=${here()}`)),
    themes, clocks, names, lists, ...(languages ? [languages] : []),
    item(translate("User guide"), go("/help")),
    item(translate("Keyboard shortcuts"), () => window.chartroom.showKeys()),
    item(translate("Show me around"), () => window.chartroom.startTour()),
    item(translate("Sign out"), () => location.assign("/sign-out")),
  )
  // One of them is reached by Tab, or nobody without a mouse could scroll what is long.
  list.querySelector("button").tabIndex = 0
  list.setAttribute("role", "menu")
  list.setAttribute("aria-label", translate("Account"))
  const who = make(
    "p", {}, make("span", { textContent: places.person.name }),
    make("small", { textContent: places.person.title }),
  )
  const menu = make("div", { className: "chartroom-menu", hidden: true }, who, list)
  const person = make("div", { className: "chartroom-person" }, button, menu)
  button.setAttribute("aria-haspopup", "menu")
  button.setAttribute("aria-controls", list.id)
  button.setAttribute("aria-expanded", "false")

  const items = () => [...list.querySelectorAll('[role^="menuitem"]')]
  const mark = () => {
    const chosen = window.chartroomTheme.chosen()
    for (const one of themes.querySelectorAll("[data-theme]")) {
      one.setAttribute("aria-checked", String(one.dataset.theme === chosen))
    }
  }
  const show = (isOpen) => {
    menu.hidden = !isOpen
    button.setAttribute("aria-expanded", String(isOpen))
    if (isOpen) {
      mark()
      items()[0].focus()
    }
  }
  const shut = () => {
    if (menu.hidden) return
    const hadFocus = menu.contains(document.activeElement)
    show(false)
    if (hadFocus) button.focus()
  }

  button.addEventListener("click", () => (menu.hidden ? show(true) : shut()))
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || !menu.hidden) return
    event.preventDefault()
    show(true)
  })
  list.addEventListener("click", (event) => {
    // A theme is looked at before the next one is tried.
    if (event.target.closest('[role="menuitem"]')) shut()
  })
  menu.addEventListener("keydown", (event) => {
    const all = items()
    const at = all.indexOf(document.activeElement)
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, End: -1, Home: 0 }[event.key]
    if (next !== undefined) {
      event.preventDefault()
      all.at(next % all.length).focus()
    } else if (event.key === "Escape") {
      event.preventDefault()
      shut()
    }
  })
  person.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !person.contains(event.relatedTarget)) show(false)
  })
  document.addEventListener("pointerdown", (event) => {
    if (!person.contains(event.target)) show(false)
  })

  document.head.append(make("style", { textContent: STYLE }))
  bar.append(person)
})()
