// On a phone the menu lies over the page: it goes as soon as one of its pages is chosen.
;(() => {
  "use strict"

  // Where Streamlit itself lays its side bar over the page.
  const NARROW = "(max-width: 768px)"
  const LINK = '[data-testid="stSidebarNavLink"]'
  const CLOSE = '[data-testid="stSidebarCollapseButton"] button'

  document.addEventListener("click", (event) => {
    const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey
    if (isElsewhere || !matchMedia(NARROW).matches || !event.target.closest(LINK)) return
    // Streamlit goes to the page first.
    setTimeout(() => document.querySelector(CLOSE)?.click(), 0)
  })
})()
