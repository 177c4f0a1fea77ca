// Hands over what the tab keeps for this very page (see session_watch/watch.js).

export default function ({ setTriggerValue }) {
  const take = () => {
    const kept = window.chartroomTyped
    if (kept && kept.page === location.pathname + location.search) {
      setTriggerValue("typed", kept.take())
    }
  }
  take()
  window.addEventListener("chartroom:typed", take)
  return () => window.removeEventListener("chartroom:typed", take)
}
