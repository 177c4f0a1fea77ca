// Runs before Streamlit's own programs: where the server is, and what it lets other pages
// do. Streamlit asks for both otherwise, below the open page's own address first, and
// connects only once it has been answered. Its dialog about a lost connection speaks to
// programmers, and covers what somebody types: the banner tells of it.
window.__streamlit = {
  BACKEND_BASE_URL: location.origin,
  HOST_CONFIG: {
    allowedOrigins: [location.origin], blockErrorDialogs: true, enableCustomParentMessages: false,
    enforceDownloadInNewTab: false, metricsUrl: "", useExternalAuthToken: false,
  },
}

// Tells of a server that hangs or is gone: what somebody did is not answered or there is no
// connection, and a question of its own is not answered either. Once that is, by a server in
// its place, the connection is made anew: to one that hangs it would stay open for as long
// as that does.
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
      // A sign-in that has ended is an answer too.
      return (await fetch("/_stcore/health", { cache: "no-store", signal })).status < 500
    } catch {
      return false
    }
  }

  setInterval(async () => {
    const isClosed = stream?.readyState === WebSocket.CLOSED
    if (isClosed) askedAt ??= Date.now()
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
    if (isSilent && !isClosed) stream.dispatchEvent(new CloseEvent("close"))
  }, LOOK_MS)
})()
