// What Streamlit's elements tell screen readers is English, and so are a few texts of
// its lists and charts; here they are in the page's language.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const LABEL = "aria-label"
  // What a screen reader says of an empty part of a day, and fields show while empty.
  const ATTRIBUTES = [LABEL, "aria-valuetext", "placeholder"]
  const LABELS = {
    "Add files": translate("Add files"),
    "App pages": translate("App pages"),
    "Choose an option": translate("Choose an option"),
    "Choose date": translate("Choose date"),
    "Choose options": translate("Choose options"),
    "Choose or add an option": translate("Choose or add an option"),
    "Choose or add options": translate("Choose or add options"),
    "Clear all": translate("Clear all"),
    "Clear date": translate("Clear date"),
    "Clear entry": translate("Clear entry"),
    "Clear time": translate("Clear time"),
    "Clear value": translate("Clear value"),
    "Collapse sidebar": translate("Collapse sidebar"),
    "Copy to clipboard": translate("Copy to clipboard"),
    "Expand sidebar": translate("Expand sidebar"),
    "Link to heading": translate("Link to heading"),
    "Navigate to home page": translate("Navigate to home page"),
    "Next month": translate("Next month"),
    "Next page": translate("Next page"),
    "No options to select": translate("No options to select"),
    "Previous month": translate("Previous month"),
    "Previous page": translate("Previous page"),
    "Scroll tabs left": translate("Scroll tabs left"),
    "Scroll tabs right": translate("Scroll tabs right"),
    "Selected values": translate("Selected values"),
    "file upload": translate("file upload"),
    Close: translate("Close"),
    Decrement: translate("Decrement"),
    Dismiss: translate("Dismiss"),
    Empty: translate("Empty"),
    Increment: translate("Increment"),
    Open: translate("Open"),
    Pagination: translate("Pagination"),
    Sidebar: translate("Sidebar"),
  }
  // The calendar's name, which is its heading, too.
  const OF_MONTH = /^Choose date, (.+)$/s
  // Of these the beginning is Streamlit's, and the rest names what they are for.
  const NAMED = [
    [OF_MONTH, (name) => translate("Choose date, {name}", { name })],
    [/^Cancel upload of (.+)$/s, (name) => translate("Cancel upload of {name}", { name })],
    [/^Help for (.+)$/s, (name) => translate("Help for {name}", { name })],
    [/^Page (\d+)$/, (number) => translate("Page {number}", { number })],
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
    "Connection lost. Please wait for the app to reconnect, then try again.": translate(
      "Connection lost. Please wait for the app to reconnect, then try again.",
    ),
    "Error: ": translate("Error: "),
    "No results": translate("No results"),
    "Only one file is allowed.": translate("Only one file is allowed."),
    "Select all": translate("Select all"),
    "Upload failed": translate("Upload failed"),
    "Press Enter to apply": translate("Press Enter to apply"),
    "Show data": translate("Show data"),
    "Download as PNG": translate("Download as PNG"),
    "Copy Vega-Lite spec": translate("Copy Vega-Lite spec"),
    Fullscreen: translate("Fullscreen"),
    "Close fullscreen": translate("Close fullscreen"),
  }
  // Of these a part is a name or a number.
  const WRITTEN = [
    [OF_MONTH, (name) => translate("Choose date, {name}", { name })],
    [/^Add: (.+)$/s, (name) => translate("Add: {name}", { name })],
    // What of the bar at the top does not fit in it.
    [/^(\d+) more$/, (number) => translate("{number} more", { number })],
    [/^Select (\d+) matches$/, (number) => translate("Select {number} matches", { number })],
    [/^Selected Date: (.+)$/s, (day) => translate("Selected date: {day}", { day: dayOf(day) })],
    [/^File must be (.+?)([KMG]?B) or smaller\.$/, (number, unit) =>
      translate("File must be {size} or smaller.", { size: `${number.replace(".", ",")} ${unit}` })],
    [/^(.+) files are not allowed\.$/s, (type) => translate("{type} files are not allowed.", { type })],
  ]
  const WITH_TEXTS = [
    '[data-testid="InputInstructions"]',
    '[data-testid="stDateInputCalendar"]',
    '[data-testid="stFileChip"]',
    '[data-testid="stSkipToContent"]',
    '[data-testid="stTooltipContent"]',
    '[data-testid="stTopNavSection"]',
    '[id^="react-aria-description"]',
    '[role="option"]',
  ].join()
  const LABELLED = ATTRIBUTES.map((name) => `[${name}]`).join()
  // English stays as Streamlit has it, and nothing is watched.
  if (LABELS.Open === "Open") return

  // A day in English, as in "November 30, 2026".
  const dayOf = (text) => {
    const day = new Date(text)
    return Number.isNaN(day.valueOf()) ? text : day.toLocaleDateString("de-DE", { dateStyle: "long" })
  }

  const matched = (patterns, text) => {
    for (const [pattern, said] of patterns) {
      const [, ...parts] = text.match(pattern) ?? []
      if (parts.length) return said(...parts)
    }
    return null
  }

  const labelled = (label) =>
    Object.hasOwn(LABELS, label) ? LABELS[label] : matched(NAMED, label)

  const said = (text) => (Object.hasOwn(TEXTS, text) ? TEXTS[text] : matched(WRITTEN, text))

  // What somebody chose is its own label.
  const relabel = (element) => {
    if (element.hasAttribute("data-tag")) return
    for (const name of ATTRIBUTES) {
      const label = labelled(element.getAttribute(name) ?? "")
      if (label) element.setAttribute(name, label)
    }
  }

  const reword = (node) => {
    const text = node.parentElement?.closest(WITH_TEXTS) && said(node.nodeValue)
    if (text) node.nodeValue = text
  }

  const translateIn = (root) => {
    relabel(root)
    for (const element of root.querySelectorAll(LABELLED)) relabel(element)
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
    attributeFilter: ATTRIBUTES, attributes: true, characterData: true, childList: true, subtree: true,
  })
  translateIn(document.documentElement)
})()
