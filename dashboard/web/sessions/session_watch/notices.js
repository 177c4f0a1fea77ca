// What is said in passing belongs to the page that it is said on. Streamlit takes it along
// to the next one, where it lies over the first thing that one wants to press.
;(() => {
  "use strict"

  const TOAST = '[data-testid="stToast"]'
  const pages = new WeakMap()

  const look = () => {
    for (const toast of document.querySelectorAll(TOAST)) {
      if (!pages.has(toast)) pages.set(toast, location.pathname)
      const isElsewhere = pages.get(toast) !== location.pathname
      if (isElsewhere) toast.querySelector('button[slot="close"]')?.click()
    }
  }

  new MutationObserver(look).observe(document.body, { childList: true, subtree: true })
})()
