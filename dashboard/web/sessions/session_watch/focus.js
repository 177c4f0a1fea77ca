// Leads the focus to what an act has changed, once the run that it began has drawn it:
// the first field that was refused; else what the page names as the place to land
// (dashboard/ui/outcomes/landing.py); else the title of another page. And wherever what had the
// focus is gone, to the nearest that is left, so that it never falls to the whole page.
;(() => {
  "use strict"

  const LANDING = "st-key-landing_"
  const KEY = "st-key-"
  // After that nobody expects the page to move the focus.
  const SETTLING_MS = 5000
  const CLOSING_MS = 500
  const READABLE = 'h1, h2, h3, h4, h5, h6, [role="alert"], p, summary'
  const REACHABLE =
    'button:not([disabled]):not([tabindex="-1"]), a[href], select:not([disabled]), ' +
    'input:not([disabled]):not([type="hidden"]):not([tabindex="-1"]), ' +
    'textarea:not([disabled]), [tabindex="0"]'

  const main = () => document.querySelector('[data-testid="stMain"]')
  const isRunning = () =>
    document.querySelector(".stApp")?.dataset.testScriptState !== "notRunning"
  const openDialog = () =>
    openDialogs().findLast((dialog) => dialog.closest('[data-testid="stDialog"]'))
  const isOnPage = (element) => isShown(element) && pathOf(element).includes(main())
  const isShown = (element) => element.isConnected && element.checkVisibility()

  const active = () => {
    let at = document.activeElement
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
    return at
  }
  const isNowhere = (element) => !element || element === document.body

  const parentOf = (element) => element.parentElement ?? element.getRootNode().host ?? null
  const pathOf = (element) => {
    const path = []
    for (let at = element; at; at = parentOf(at)) path.push(at)
    return path
  }
  const keyIn = (element, prefix) =>
    [...element.classList].find((name) => name.startsWith(prefix))

  // What is only read takes the focus, but has no place in the order of Tab.
  const reach = (element) => {
    if (!element.matches(REACHABLE)) element.tabIndex = -1
    element.focus()
    return active() === element
  }

  // Streamlit opens the calendar of a field for a day that gets the focus, in front of
  // the button and of the sentence that says what is wrong.
  const keepShut = (event) => event.stopImmediatePropagation()
  const reachShut = (element) => {
    if (!element.closest('[data-testid="stDateInputField"]')) return reach(element)
    document.addEventListener("focusin", keepShut, true)
    const isReached = reach(element)
    document.removeEventListener("focusin", keepShut, true)
    return isReached
  }

  // -- What the person did ---------------------------------------------------------

  const landings = () =>
    new Map(
      [...document.querySelectorAll(`[class*="${LANDING}"]`)].map((one) => [keyIn(one, LANDING), one]),
    )
  const titleOf = () => main()?.querySelector("h1")?.textContent ?? ""

  let act = null
  const begin = (isPress) => {
    lost = null
    act = {
      isPress, dialog: openDialog(), landings: new Set(landings().keys()), page: location.pathname,
      title: titleOf(), problems: window.chartroom.problems().shown, ran: isRunning(), until: 0,
    }
  }
  document.addEventListener("pointerdown", (event) => event.isTrusted && begin(false), true)
  // Also of a button that was pressed with a key.
  document.addEventListener("click", (event) => event.isTrusted && begin(true), true)
  document.addEventListener(
    "keydown",
    (event) => event.isTrusted && begin(event.key === "Enter" || (act?.isPress && event.repeat)),
    true,
  )
  window.addEventListener("popstate", () => begin(true), true)

  // -- What had the focus ------------------------------------------------------------

  let held = null
  // What had it before it was led to the nearest: it may be drawn again a moment later.
  let lost = null
  // What had it before, the last first: who leaves a dialog is where they opened it.
  const trail = []
  const LONGEST = 8
  document.addEventListener(
    "focusin",
    (event) => {
      const element = event.composedPath()[0]
      const path = pathOf(element)
      const place = path.find((one) => keyIn(one, KEY))
      held = {
        element, path, key: place && keyIn(place, KEY),
        row: path.find((one) => one.dataset?.row)?.dataset.row,
        // Which of the parts of a field it was.
        number: place ? [...place.querySelectorAll(REACHABLE)].indexOf(element) : -1,
        isInDialog: path.some((one) => one.getAttribute?.("role") === "dialog"),
      }
      if (!held.isInDialog) trail.unshift(held)
      trail.length = Math.min(trail.length, LONGEST)
    },
    true,
  )

  const isLost = () => held !== null && isNowhere(active()) && !isShown(held.element)

  const sameAgain = () => {
    if (lost.row) return rowNamed(lost.row)
    const place = lost.key && document.querySelector(`.${CSS.escape(lost.key)}`)
    if (!place) return undefined
    const parts = [...place.querySelectorAll(REACHABLE)].filter(isShown)
    return parts[lost.number] ?? parts[0]
  }

  // A row may stand in another table now, as of somebody who has come.
  const rowNamed = (row) => {
    const name = `[data-row="${CSS.escape(row)}"]`
    const tables = document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')
    const rows = [...tables].flatMap((table) => {
      const hosts = [table, ...table.querySelectorAll("*")].filter((one) => one.shadowRoot)
      return hosts.map((host) => host.shadowRoot.querySelector(name)).filter(Boolean)
    })
    return rows.find(isShown)?.querySelector(REACHABLE) ?? undefined
  }

  // Buttons of rows are in the shadow of their table, which may have been drawn again.
  const opener = () => {
    if (!lost.isInDialog || openDialog()) return undefined
    const places = trail.map(({ element, row }) =>
      isShown(element) || !row ? element : rowNamed(row),
    )
    return places.find((one) => one && isOnPage(one) && one.matches(REACHABLE))
  }

  // What is left around where it was: its heading, or what can be reached there.
  const nearest = () => {
    const root = openDialog() ?? main()
    if (!root) return undefined
    const left = lost.path.slice(1).find((one) => isShown(one) && one !== root && root.contains(one))
    const around = left ?? root
    const within = [...around.querySelectorAll(READABLE), ...around.querySelectorAll(REACHABLE)]
    return within.find(isShown) ?? root.querySelector(READABLE)
  }

  // -- Where to go -------------------------------------------------------------------

  const refused = () => {
    const { first } = window.chartroom.problems()
    if (!first || !isShown(first)) return undefined
    return act.isPress || isRefusedAnew() ? first : undefined
  }

  const landing = () => {
    const found = [...landings()].filter(([key, one]) => !act.landings.has(key) && isShown(one))
    const [, place] = found.at(-1) ?? []
    if (!place) return undefined
    return [...place.querySelectorAll(READABLE)].find(isShown) ?? place
  }

  const isElsewhere = () => act.page !== location.pathname || act.title !== titleOf()

  const isRefusedAnew = () =>
    [...window.chartroom.problems().shown].some((id) => !act.problems.has(id))

  // On a busy machine a run may begin and end between two frames, and its state is never
  // drawn: what it has drawn shows that it was there.
  const hasDrawn = () => {
    const { shown } = window.chartroom.problems()
    return (
      isElsewhere() || isRefusedAnew() || [...act.problems].some((id) => !shown.has(id)) ||
      [...landings().keys()].some((key) => !act.landings.has(key))
    )
  }

  const goal = () => {
    const dialog = openDialog()
    const found = refused() ?? (isElsewhere() ? undefined : landing())
    if (found && (!dialog || dialog.contains(found))) return found
    if (dialog) return dialog.contains(active()) ? undefined : dialog.querySelector(READABLE)
    if (isElsewhere()) return main()?.querySelector("h1") ?? undefined
    return undefined
  }

  const settle = () => {
    if (isRunning()) return
    if (act) window.chartroom.tieFields()
    if (act && (act.ran ||= hasDrawn())) {
      act.until ||= Date.now() + SETTLING_MS
      const target = Date.now() < act.until ? goal() : undefined
      if (target && target !== act.arrived && reachShut(target)) act.arrived = target
    }
    if (isLost()) lost = held
    if (!lost) return
    const again = sameAgain() ?? opener()
    if (again) {
      reach(again)
      lost = null
    } else if (isNowhere(active())) {
      const near = nearest()
      if (near) reach(near)
    }
  }

  let isDue = false
  const look = (changes) => {
    // A short run may be over before the next frame, and is seen here all the same.
    // What an act began may be the second run from here, and only then there is a goal.
    if (act && changes.some(({ type }) => type === "attributes")) {
      act.ran = true
      act.until = 0
    }
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      settle()
    })
  }
  // A dialog of ours that shuts may change nothing else, and is seen for a while yet.
  const shut = () => {
    look([])
    setTimeout(() => look([]), CLOSING_MS)
  }
  document.addEventListener("close", shut, true)
  new MutationObserver(look).observe(document.body, {
    attributeFilter: ["data-test-script-state"], attributes: true, childList: true, subtree: true,
  })
})()
