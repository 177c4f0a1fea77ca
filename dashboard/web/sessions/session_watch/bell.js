// The bell beside the person's name: how many notifications are unread, and the way to
// them. The number comes with what the page hears of its sign-in, so nothing is asked.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const MOST = 99
  const PATH = "/notifications"
  const STYLE = `
    .chartroom-bell {
      align-items: center; border-radius: 8px; color: var(--cr-text); display: flex;
      height: 44px; justify-content: center; position: relative; width: 44px;
    }
    .chartroom-bell:hover { background: var(--cr-raised); }
    .chartroom-bell:focus-visible { outline: 2px solid var(--cr-mark); outline-offset: 2px; }
    .chartroom-bell b {
      background: #B3261E; border: 2px solid var(--cr-page); border-radius: 10px;
      box-sizing: border-box; color: #FFFFFF; font-family: var(--cr-font); font-size: 11px;
      height: 20px; line-height: 16px; min-width: 20px; padding: 0 4px;
      position: absolute; right: 0; text-align: center; top: 2px;
    }
    .chartroom-bell b:empty { display: none; }
    /* On their page: a sentence is read to its end, also on a phone. */
    [class*="st-key-notifications_open_"] button { height: auto; text-align: start; }
    [class*="st-key-notifications_open_"] button p,
    [class*="st-key-notifications_open_"] button div { white-space: normal; }
  `
  const BELL =
    '<svg aria-hidden="true" fill="currentColor" height="24" viewBox="0 0 24 24" width="24">' +
    '<path d="M4 19v-2h2v-7a6 6 0 0 1 4.5-5.8V3.5a1.5 1.5 0 0 1 3 0v.7A6 6 0 0 1 18 10v7h2v2Zm8 ' +
    '3a2 2 0 0 1-2-2h4a2 2 0 0 1-2 2Zm-4-5h8v-7a4 4 0 0 0-8 0Z"/></svg>'
  const { bar, go, places } = window.chartroom
  // On a page of somebody who is just being signed out.
  if (!places.within?.[PATH]) return

  const bell = document.createElement("a")
  const badge = document.createElement("b")
  bell.className = "chartroom-bell"
  bell.href = PATH
  bell.innerHTML = BELL
  badge.setAttribute("aria-hidden", "true")
  bell.append(badge)

  const show = (unread) => {
    const number = unread > MOST ? `${MOST}+` : String(unread)
    const name = unread
      ? translate("Notifications, {number} unread", { number })
      : translate("Notifications")
    badge.textContent = unread ? number : ""
    bell.setAttribute("aria-label", name)
    bell.title = name
  }
  show(0)
  window.addEventListener("chartroom:unread", (event) => show(event.detail))
  bell.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
    event.preventDefault()
    go(PATH)
  })

  document.head.append(
    Object.assign(document.createElement("style"), { textContent: STYLE }),
  )
  bar.append(bell)
})()
