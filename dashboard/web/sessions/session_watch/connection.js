// Runs before Streamlit's own programs: where the server is, and what it lets other pages
// do. Streamlit asks for both otherwise, below the open page's own address first, and
// connects only once it has been answered.
window.__streamlit = {
  BACKEND_BASE_URL: location.origin,
  HOST_CONFIG: {
    allowedOrigins: [location.origin], blockErrorDialogs: false, enableCustomParentMessages: false,
    enforceDownloadInNewTab: false, metricsUrl: "", useExternalAuthToken: false,
  },
}

// Tells of a server that hangs: what somebody did is not answered, nor is a question of
// its own. Once that is answered, by a server in its place, the connection is made anew:
// to one that hangs it would stay open for as long as that does.
;(() => {
  "use strict"

  const PATIENCE_MS = 3000
  const ANSWER_MS = 4000
  const LOOK_MS = 1000

  let stream = null
  let askedAt = null
  let isAsking = false
  let isSilent = false

  const tell = (now) => {
    if (now === isSilent) return
    isSilent = now
    window.dispatchEvent(new CustomEvent("chartroom:server", { detail: { isSilent } }))
  }

  const answered = () => {
    askedAt = null
    tell(false)
  }

  window.WebSocket = class extends WebSocket {
    constructor(...words) {
      super(...words)
      if (!new URL(this.url).pathname.endsWith("/_stcore/stream")) return
      stream = this
      // Of one that takes another's place nothing comes until something is asked.
      this.addEventListener("open", answered)
      this.addEventListener("message", answered)
    }

    send(data) {
      super.send(data)
      if (this === stream) askedAt ??= Date.now()
    }
  }

  const ask = async () => {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS)
      return (await fetch("/_stcore/health", { cache: "no-store", signal })).ok
    } catch {
      return false
    }
  }

  setInterval(async () => {
    const isDue = askedAt !== null && Date.now() - askedAt >= PATIENCE_MS
    if (!isDue || isAsking) return
    isAsking = true
    const asked = askedAt
    const isThere = await ask()
    isAsking = false
    // It was answered meanwhile, or something else was done.
    if (askedAt !== asked) return
    if (!isThere) return tell(true)
    // A long run says nothing for a while, and its server is there.
    askedAt = null
    // Streamlit connects anew once this is closed, and to close what hangs takes a minute:
    // for so long the browser waits for the other end to agree.
    if (isSilent) stream.dispatchEvent(new CloseEvent("close"))
  }, LOOK_MS)
})()
