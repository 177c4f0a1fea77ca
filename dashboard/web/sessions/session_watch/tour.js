// The first visit: a few cards that say where search, menus, help and one's own menu are.
// It comes once by itself, on a person's first Home in this browser, and from the menu at
// the name as often as it is wanted. Nothing waits for it: the page behind can be used, and
// Esc or "Skip" ends it.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const KEPT = "chartroom.tour"
  const STYLE = `
    .chartroom-tour {
      background: var(--cr-page); border: 1px solid var(--cr-line); border-radius: 12px;
      bottom: 24px; box-shadow: 0 12px 40px rgb(0 0 0 / 35%); box-sizing: border-box;
      color: var(--cr-text); font-family: var(--cr-font); font-size: 16px; padding: 20px;
      position: fixed; right: 24px; width: min(400px, calc(100vw - 24px)); z-index: 999990;
    }
    .chartroom-tour h2 { font-size: 1.125rem; margin: 0 0 8px; padding: 0; }
    .chartroom-tour p { margin: 0 0 16px; }
    .chartroom-tour div { align-items: center; display: flex; flex-wrap: wrap; gap: 8px; }
    .chartroom-tour small { color: var(--cr-quiet); flex: 1; font-size: 14px; }
    .chartroom-tour button {
      background: transparent; border: 1px solid var(--cr-text); border-radius: 8px;
      color: inherit; cursor: pointer; font: inherit; min-height: 44px; padding: 8px 16px;
    }
    .chartroom-tour button:last-child {
      background: #0B6470; border-color: #0B6470; color: #FFFFFF;
    }
    .chartroom-tour :focus-visible, .chartroom-toured {
      outline: 3px solid var(--cr-mark) !important; outline-offset: 2px;
    }
    @media (max-width: 768px) {
      .chartroom-tour { bottom: 12px; right: 12px; }
      .chartroom-tour button { padding: 8px 12px; }
    }
    @media print { .chartroom-tour { display: none; } }
  `
  const SEARCH = [translate("Search from everywhere"), ".chartroom-search"]
  const MENUS = [
    translate("The pages"), '[data-testid="stTopNavSection"], [data-testid="stTopNavLink"], ' +
      '[data-testid="stExpandSidebarButton"]',
  ]
  const HELP = [
    translate("Help on each page"), '.st-key-guide_help button',
    translate("Next to a page's title, Help shows what the guide says about that page. ? lists " +
      "the keyboard shortcuts."),
  ]
  const NAME = [
    translate("Your own menu"), ".chartroom-person > button",
    translate("The menu under your name has your account and passkeys, light and dark, the " +
      "user guide, this tour and signing out. On a shared computer, sign out when you leave."),
  ]
  const MORE_MENUS = translate("On a phone they are behind >> at the top left.")
  const STEPS = {
    staff: [
      [...SEARCH, translate("Ctrl K or / finds a patient by part of a name, date of birth, " +
        "phone or record number, and documents, doctors, pages and actions, while you type.")],
      [...MENUS, translate("Visits has the front desk and the calendar, Patients and " +
        "Documents their lists.") + " " + MORE_MENUS],
      [translate("Today at a glance"), "h1", translate("Home shows who is waiting and for how " +
        "long, who comes next and what is unfiled. Click a figure to see what is behind it.")],
      HELP, NAME,
    ],
    clinician: [
      [...SEARCH, translate("Ctrl K or / finds your patients, their documents, pages and " +
        "actions, while you type.")],
      [...MENUS, translate("Visits has your day and the calendar.") + " " + MORE_MENUS],
      [translate("Your day at a glance"), "h1", translate("Home shows your next patient, open " +
        "notes and documents that nobody has read. Emergency access, in Patients, is for " +
        "patients you do not treat.")],
      HELP, NAME,
    ],
    analyst: [
      [...SEARCH, translate("Ctrl K or / finds pages and actions. You do not see patients' " +
        "names.")],
      [...MENUS, translate("Patients is the list that you can filter, save as a view " +
        "and chart.") + " " + MORE_MENUS],
      HELP, NAME,
    ],
    admin: [
      [...SEARCH, translate("Ctrl K or / finds pages and actions, such as inviting a person.")],
      [...MENUS, translate("Servers shows whether the records are safe; Administration has " +
        "people, tokens and the audit log.") + " " + MORE_MENUS],
      [translate("Your passkey"), ".chartroom-person > button", translate("Changing people and " +
        "servers needs a passkey. Add yours first, in the menu under your name.")],
      HELP, NAME,
    ],
    patient: [
      [...SEARCH, translate("Ctrl K or / finds your documents, doctors and what you can do " +
        "here.")],
      [...MENUS, translate("Your visits, your record and your documents, and who looked at " +
        "them.") + " " + MORE_MENUS],
      HELP, NAME,
    ],
  }
  const { person } = window.chartroom.places
  const steps = STEPS[person?.role]
  if (!steps) return

  const make = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties)
    made.append(...children)
    return made
  }
  // By marks that say nothing of who they are: on a shared desk each is led once.
  const seen = () => {
    try {
      return (localStorage.getItem(KEPT) ?? "").split(" ").filter(Boolean)
    } catch {
      // Who is not remembered would be led each time.
      return [person.mark]
    }
  }
  const remember = () => {
    try {
      localStorage.setItem(KEPT, [...new Set([...seen(), person.mark])].join(" "))
    } catch {
      // Then it was not shown by itself, either.
    }
  }

  const title = make("h2", { id: "chartroom-tour-title", tabIndex: -1 })
  const text = make("p", { id: "chartroom-tour-text" })
  const place = make("small")
  const skip = make("button", { type: "button", textContent: translate("Skip") })
  const back = make("button", { type: "button", textContent: translate("Back") })
  const next = make("button", { type: "button" })
  const card = make("section", { className: "chartroom-tour", hidden: true }, title, text,
    make("div", {}, place, skip, back, next))
  card.setAttribute("role", "dialog")
  card.setAttribute("aria-labelledby", title.id)
  card.setAttribute("aria-describedby", text.id)

  let step = 0
  let before = null
  const shown = (selector) =>
    [...document.querySelectorAll(selector)].find((one) => one.checkVisibility())
  const unmark = () => {
    for (const one of document.querySelectorAll(".chartroom-toured")) {
      one.classList.remove("chartroom-toured")
    }
  }
  const show = (number) => {
    const [name, selector, sentence] = steps[number]
    step = number
    unmark()
    shown(selector)?.classList.add("chartroom-toured")
    title.textContent = name
    text.textContent = sentence
    place.textContent = translate("{number} of {count}", {
      number: number + 1, count: steps.length,
    })
    back.hidden = number === 0
    skip.hidden = number === steps.length - 1
    next.textContent = skip.hidden ? translate("Done") : translate("Next")
    // The name of the card is read with it, and Tab leads to its buttons.
    title.focus()
  }
  const start = () => {
    before = document.activeElement
    card.hidden = false
    show(0)
  }
  const end = () => {
    remember()
    unmark()
    card.hidden = true
    const goal = before?.isConnected && before !== document.body ? before : shown("h1")
    if (goal && goal !== before) goal.tabIndex = -1
    goal?.focus()
  }
  skip.addEventListener("click", end)
  back.addEventListener("click", () => show(step - 1))
  next.addEventListener("click", () => (step + 1 < steps.length ? show(step + 1) : end()))
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return
    event.stopPropagation()
    end()
  })

  document.head.append(make("style", { textContent: STYLE }))
  document.body.append(card)
  window.chartroom.startTour = start

  // By itself once the first Home is drawn, and only there: what else is opened first has
  // been asked for.
  if (location.pathname !== "/" || seen().includes(person.mark) || seen().includes("never")) return
  const waiting = new MutationObserver(() => {
    if (location.pathname !== "/") return waiting.disconnect()
    const app = document.querySelector(".stApp")
    if (app?.dataset.testScriptState !== "notRunning" || !shown("h1")) return
    waiting.disconnect()
    if (card.hidden) start()
  })
  waiting.observe(document.body, { attributes: true, childList: true, subtree: true })
})()
