// What Streamlit's elements tell screen readers is English, and so are a few texts of
// its lists and charts; here they are in the page's language.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const LABEL = "aria-label"
  const LABELS = {
    "App pages": translate("App pages"),
    "Choose date": translate("Choose date"),
    "Clear all": translate("Clear all"),
    "Clear date": translate("Clear date"),
    "Clear entry": translate("Clear entry"),
    "Clear value": translate("Clear value"),
    "Collapse sidebar": translate("Collapse sidebar"),
    "Copy to clipboard": translate("Copy to clipboard"),
    "Expand sidebar": translate("Expand sidebar"),
    "Link to heading": translate("Link to heading"),
    "Navigate to home page": translate("Navigate to home page"),
    "Next month": translate("Next month"),
    "Previous month": translate("Previous month"),
    "Selected values": translate("Selected values"),
    "file upload": translate("file upload"),
    Close: translate("Close"),
    Decrement: translate("Decrement"),
    Increment: translate("Increment"),
    Open: translate("Open"),
    Sidebar: translate("Sidebar"),
  }
  // The calendar's name, which is its heading, too.
  const OF_MONTH = /^Choose date, (.+)$/s
  // Of these the beginning is Streamlit's, and the rest names what they are for.
  const NAMED = [
    [OF_MONTH, (name) => translate("Choose date, {name}", { name })],
    [/^Help for (.+)$/s, (name) => translate("Help for {name}", { name })],
    [/^Remove (.+)$/s, (name) => translate("Remove {name}", { name })],
    [/^Show data: (.+)$/s, (name) => translate("Show data: {name}", { name })],
    [/^Download as PNG: (.+)$/s, (name) => translate("Download as PNG: {name}", { name })],
    [/^Copy Vega-Lite spec: (.+)$/s, (name) => translate("Copy Vega-Lite spec: {name}", { name })],
    [/^Fullscreen: (.+)$/s, (name) => translate("Fullscreen: {name}", { name })],
    [/^Close fullscreen: (.+)$/s, (name) => translate("Close fullscreen: {name}", { name })],
    [/^day, (.+)$/s, (name) => translate("day, {name}", { name })],
    [/^month, (.+)$/s, (name) => translate("month, {name}", { name })],
    [/^year, (.+)$/s, (name) => translate("year, {name}", { name })],
  ]
  const TEXTS = {
    "Skip to main content": translate("Skip to main content"),
    "Use arrow keys to navigate dates. Enter to select. Escape to close.": translate(
      "Use arrow keys to navigate dates. Enter to select. Escape to close.",
    ),
    "No results": translate("No results"),
    "Press Enter to apply": translate("Press Enter to apply"),
    "Show data": translate("Show data"),
    "Download as PNG": translate("Download as PNG"),
    "Copy Vega-Lite spec": translate("Copy Vega-Lite spec"),
    Fullscreen: translate("Fullscreen"),
    "Close fullscreen": translate("Close fullscreen"),
  }
  const ADDED = /^Add: (.+)$/s
  // What of the bar at the top does not fit in it.
  const MORE = /^(\d+) more$/
  const WITH_TEXTS = [
    '[data-testid="InputInstructions"]',
    '[data-testid="stDateInputCalendar"]',
    '[data-testid="stSkipToContent"]',
    '[data-testid="stTooltipContent"]',
    '[data-testid="stTopNavSection"]',
    '[role="option"]',
  ].join()
  // English stays as Streamlit has it, and nothing is watched.
  if (LABELS.Open === "Open") return

  const labelled = (label) => {
    if (Object.hasOwn(LABELS, label)) return LABELS[label]
    for (const [pattern, said] of NAMED) {
      const name = label.match(pattern)?.[1]
      if (name) return said(name)
    }
    return null
  }

  const said = (text) => {
    if (Object.hasOwn(TEXTS, text)) return TEXTS[text]
    const number = text.match(MORE)?.[1]
    if (number) return translate("{number} more", { number })
    const month = text.match(OF_MONTH)?.[1]
    if (month) return translate("Choose date, {name}", { name: month })
    const added = text.match(ADDED)?.[1]
    return added ? translate("Add: {name}", { name: added }) : null
  }

  // What somebody chose is its own label.
  const relabel = (element) => {
    if (element.hasAttribute("data-tag")) return
    const label = labelled(element.getAttribute(LABEL) ?? "")
    if (label) element.setAttribute(LABEL, label)
  }

  const reword = (node) => {
    const text = node.parentElement?.closest(WITH_TEXTS) && said(node.nodeValue)
    if (text) node.nodeValue = text
  }

  const translateIn = (root) => {
    relabel(root)
    for (const element of root.querySelectorAll(`[${LABEL}]`)) relabel(element)
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) reword(texts.currentNode)
  }

  const look = (changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") relabel(target)
      if (type === "characterData") reword(target)
      for (const node of addedNodes) {
        if (node instanceof Element) translateIn(node)
        else if (node instanceof Text) reword(node)
      }
    }
  }

  new MutationObserver(look).observe(document.documentElement, {
    attributeFilter: [LABEL], attributes: true, characterData: true, childList: true, subtree: true,
  })
  translateIn(document.documentElement)
})()
