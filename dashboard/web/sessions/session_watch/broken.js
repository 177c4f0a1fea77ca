// Says in a sentence that a part of the page could not be shown, and offers to load the page
// anew, with what was typed. Streamlit writes there, for good, what its program failed at,
// such as the address of a script that could not be fetched while the server was away.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const STACK = '[data-testid="stErrorElementStack"]'
  const ERROR = `[data-testid="stAlertContentError"]:has(> ${STACK})`

  const button = () => {
    const made = document.createElement("button")
    made.type = "button"
    made.textContent = translate("Reload page")
    made.style.cssText =
      "background: none; border: 1px solid; border-radius: 8px; color: inherit; " +
      "cursor: pointer; font: inherit; margin-top: 8px; min-height: 44px; padding: 8px 16px"
    made.onclick = () => window.chartroomLeave()
    return made
  }

  // What React has drawn stays where it is, out of sight.
  const reword = (error) => {
    error.hidden = true
    const said = document.createElement("p")
    said.style.margin = "0"
    said.textContent = translate(
      "This part of the page could not be shown: the connection was lost, or Chartroom " +
        "has been updated.",
    )
    error.after(said, button())
  }

  const look = () => {
    for (const error of document.querySelectorAll(`${ERROR}:not([hidden])`)) reword(error)
  }

  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true })
  look()
})()
