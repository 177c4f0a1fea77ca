// Watches the sign-in of the page that it stands in: reports what a person does, warns
// before the end, and leaves for the sign-in page when it comes. What was typed and not
// sent is kept in this tab, encrypted with a key that only its author gets: then, while a
// passkey is asked for on a page of its own, and when somebody chooses another language.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const KEPT = "chartroom.typed"
  const KEPT_HOURS = 12
  const RETRY_SECONDS = [0.5, 1, 2, 5]
  const SIGNED_OUT = 401

  let socket = null
  let cipher = null
  let reportSeconds = 20
  let retries = 0
  let isLeaving = false

  // -- What was typed ------------------------------------------------------------

  const here = () => location.pathname + location.search
  const touched = new Set()
  let touchedOn = here()

  const keyOf = (element) => {
    const container = element.closest?.('[class*="st-key-"]')
    const name = [...(container?.classList ?? [])].find((n) => n.startsWith("st-key-"))
    return name ? name.slice("st-key-".length) : null
  }

  // Somebody who only looked or passed by has typed nothing: what stands there may be
  // newer when they come back. Choosing from a list is no input to the browser.
  const touches = (event) =>
    event.type === "input" ||
    (event.key !== "Tab" && event.target.closest("[role=combobox], [role=group]"))

  const touch = (event) => {
    if (here() !== touchedOn) {
      touched.clear()
      touchedOn = here()
    }
    if (!(event.target instanceof Element) || !touches(event)) return
    const key = keyOf(event.target)
    if (key) touched.add(key)
  }

  // Only what people type or choose; Python turns it into the widget's own value.
  const valueOf = (container) => {
    if (container.querySelector('[data-testid="stMultiSelect"]')) {
      return [...container.querySelectorAll("[data-tag]")].map((tag) => tag.ariaLabel)
    }
    const box = container.querySelector('input[type="checkbox"]')
    if (box) return box.checked
    const number = container.querySelector('input[type="number"]')
    if (number) return number.value && !number.disabled ? Number(number.value) : null
    const field = container.querySelector(
      'textarea, input[type="text"], input[type="email"], input:not([type])',
    )
    return field && !field.disabled ? field.value : null
  }

  const typed = () => {
    const fields = {}
    if (here() !== touchedOn) return fields
    for (const key of touched) {
      const container = document.querySelector(`.st-key-${CSS.escape(key)}`)
      const value = container && valueOf(container)
      if (value !== null && value !== undefined) fields[key] = value
    }
    return fields
  }

  const base64 = {
    from: (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))),
    to: (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
  }

  const keepTyped = async () => {
    const fields = typed()
    if (!cipher || !Object.keys(fields).length) return
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const kept = { page: here(), at: Date.now(), fields }
    const secret = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv },
      cipher,
      new TextEncoder().encode(JSON.stringify(kept)),
    )
    sessionStorage.setItem(KEPT, `${base64.from(iv)}.${base64.from(secret)}`)
  }

  const openKept = async () => {
    const kept = sessionStorage.getItem(KEPT)
    if (!cipher || !kept) return null
    try {
      const [iv, secret] = kept.split(".").map(base64.to)
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, cipher, secret)
      const opened = JSON.parse(new TextDecoder().decode(plain))
      if (Date.now() - opened.at < KEPT_HOURS * 3_600_000) return opened
    } catch {
      // Somebody else typed it, so somebody else is here now.
    }
    sessionStorage.removeItem(KEPT)
    return null
  }

  // The page's own component (dashboard/ui/restored_input) takes it and fills it in.
  const offer = async () => {
    const opened = await openKept()
    if (!opened) return
    window.chartroomTyped = {
      page: opened.page,
      take: () => {
        sessionStorage.removeItem(KEPT)
        delete window.chartroomTyped
        return opened.fields
      },
    }
    window.dispatchEvent(new Event("chartroom:typed"))
  }

  // -- The warning ---------------------------------------------------------------

  const dialog = document.createElement("dialog")
  dialog.setAttribute("aria-labelledby", "chartroom-warning-title")
  dialog.setAttribute("aria-describedby", "chartroom-warning-text")
  dialog.setAttribute("role", "alertdialog")
  let countdown = null

  const element = (tag, properties) =>
    Object.assign(document.createElement(tag), properties)

  const words = (seconds) => {
    const rounded = Math.max(0, Math.ceil(seconds))
    if (rounded > 60) return translate("{minutes} minutes", { minutes: Math.ceil(rounded / 60) })
    return rounded === 1 ? translate("1 second") : translate("{seconds} seconds", { seconds: rounded })
  }

  // The page's own colours, whichever theme it has.
  const dress = () => {
    const page = getComputedStyle(document.querySelector(".stApp") ?? document.body)
    const [red] = page.backgroundColor.match(/\d+/) ?? [255]
    const primary = red < 128 ? "#0E7A86" : "#0B6470"
    Object.assign(dialog.style, {
      background: page.backgroundColor,
      border: `1px solid ${page.color}`,
      borderRadius: "8px",
      color: page.color,
      font: page.font,
      maxWidth: "min(28rem, 90vw)",
      padding: "24px",
    })
    for (const button of dialog.querySelectorAll("button")) {
      const isMain = button.autofocus
      Object.assign(button.style, {
        background: isMain ? primary : "transparent",
        border: `1px solid ${isMain ? primary : page.color}`,
        borderRadius: "8px",
        color: isMain ? "#FFFFFF" : page.color,
        cursor: "pointer",
        font: "inherit",
        marginInlineEnd: "12px",
        minHeight: "44px",
        padding: "8px 16px",
      })
    }
  }

  const warn = (of, seconds) => {
    const end = Date.now() + seconds * 1000
    const title = element("h2", { id: "chartroom-warning-title" })
    title.textContent = translate("Are you still there?")
    const text = element("p", { id: "chartroom-warning-text" })
    const stay = element("button", { type: "button", autofocus: true })
    stay.textContent = of === "idle" ? translate("Stay signed in") : translate("Keep working")
    const leave_ = element("button", { type: "button", textContent: translate("Sign out") })
    stay.onclick = putAway
    leave_.onclick = () => location.assign("/sign-out")
    title.style.marginTop = "0"
    if (of === "lifetime") title.textContent = translate("Your sign-in ends soon")
    const count = () => {
      const left = words((end - Date.now()) / 1000)
      text.textContent =
        of === "idle"
          ? translate("You have been inactive for a while. You will be signed out in {left}.", { left })
          : translate(
              "A sign-in lasts a working day. You will have to sign in again in {left}; " +
                "save what you are working on.",
              { left },
            )
    }
    count()
    clearInterval(countdown)
    countdown = setInterval(count, 1000)
    dialog.replaceChildren(title, text, stay, leave_)
    if (!dialog.isConnected) document.body.append(dialog)
    dress()
    if (!dialog.open) dialog.showModal()
  }

  const hide = () => {
    clearInterval(countdown)
    if (dialog.open) dialog.close()
  }

  const putAway = () => {
    hide()
    inputAt = Date.now()
    report()
  }
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault()
    putAway()
  })

  // -- Input ---------------------------------------------------------------------

  let inputAt = 0
  let reportedAt = 0
  let waiting = null

  const report = () => {
    clearTimeout(waiting)
    waiting = null
    if (socket?.readyState !== WebSocket.OPEN) return
    reportedAt = Date.now()
    socket.send(JSON.stringify({ inputSecondsAgo: (reportedAt - inputAt) / 1000 }))
  }

  // A script that pretends to be somebody is nobody.
  const onInput = (event) => {
    if (!event.isTrusted || dialog.open) return
    inputAt = Date.now()
    const wait = reportedAt + reportSeconds * 1000 - inputAt
    if (wait <= 0) report()
    else waiting ??= setTimeout(report, wait)
  }
  for (const kind of ["keydown", "pointerdown", "wheel"]) {
    window.addEventListener(kind, onInput, { capture: true, passive: true })
  }
  for (const kind of ["input", "keydown", "pointerdown"]) {
    document.addEventListener(kind, touch, { capture: true, passive: true })
  }

  // -- The end -------------------------------------------------------------------

  const leave = async () => {
    if (isLeaving) return
    isLeaving = true
    try {
      await keepTyped()
    } finally {
      const next = encodeURIComponent(here())
      location.replace(`/sign-in?next=${next}&ended=1`)
    }
  }

  // Leaves for a page from which one comes back, such as the one that asks for a passkey;
  // without one, this page is loaded anew, as in another language.
  window.chartroomLeave = async (target) => {
    try {
      await keepTyped()
    } finally {
      if (target) location.assign(target)
      else location.reload()
    }
  }

  // Whether the database takes changes; banner.js says so on the page.
  const tellBanner = (detail) =>
    window.dispatchEvent(new CustomEvent("chartroom:database", { detail }))

  // How many notifications are unread; bell.js shows it.
  const tellBell = (unread) =>
    window.dispatchEvent(new CustomEvent("chartroom:unread", { detail: unread }))

  const hear = async (event) => {
    const message = JSON.parse(event.data)
    if (message.kind === "over") await leave()
    else if (message.kind === "warning") {
      if (message.of) warn(message.of, message.seconds)
      else hide()
    } else if (message.kind === "database") {
      tellBanner(message)
    } else if (message.kind === "unread") {
      tellBell(message.unread)
    } else if (message.kind === "hello") {
      tellBanner(message.database)
      tellBell(message.unread)
      reportSeconds = message.reportSeconds
      retries = 0
      // Browsers have no cryptography for pages that come unencrypted from elsewhere.
      if (!crypto.subtle) return
      cipher = await crypto.subtle.importKey(
        "raw",
        Uint8Array.from(message.key.match(/../g), (pair) => parseInt(pair, 16)),
        "AES-GCM",
        false,
        ["encrypt", "decrypt"],
      )
      await offer()
    }
  }

  // The socket also closes when the server restarts, or the machine slept: whether the
  // sign-in still holds, the server says.
  const reconnect = async () => {
    const pause = RETRY_SECONDS[Math.min(retries++, RETRY_SECONDS.length - 1)]
    await new Promise((done) => setTimeout(done, pause * 1000))
    try {
      const answer = await fetch("/session/state", { cache: "no-store" })
      if (answer.status === SIGNED_OUT) return await leave()
    } catch {
      return reconnect()
    }
    return connect()
  }

  const connect = () => {
    if (isLeaving) return
    const scheme = location.protocol === "https:" ? "wss:" : "ws:"
    socket = new WebSocket(`${scheme}//${location.host}/session/watch`)
    socket.onmessage = hear
    socket.onclose = () => isLeaving || reconnect()
  }
  connect()
})()
