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
// as that does. Tells, too, of a server that answers while no connection comes about: some
// proxies let pages through and no websockets.
;(() => {
  "use strict"

  const PATIENCE_MS = 3000
  const ANSWER_MS = 4000
  const LOOK_MS = 1000
  const CONNECTING_MS = 15000
  // Streamlit tries again at least once a minute.
  const RECONNECTING_MS = 90000

  let stream = null
  let askedAt = null
  let isAsking = false
  // Since when the server answers without a connection, and for how long it may.
  let refusedAt = null
  let refusalMs = CONNECTING_MS
  // "answering", or else "silent" or "unconnected".
  let state = "answering"

  const tell = (now) => {
    if (now === state) return
    state = now
    window.dispatchEvent(new CustomEvent("chartroom:server", { detail: { state } }))
  }

  // Of one that takes another's place nothing comes until something is asked. Some proxies
  // open connections only to close them.
  const opened = () => {
    askedAt = null
    if (state === "silent") tell("answering")
  }

  // What was asked by another connection is answered no more.
  const renewed = (event) => {
    if (event.target === stream) window.dispatchEvent(new Event("chartroom:connection"))
  }

  const answered = () => {
    askedAt = null
    refusedAt = null
    refusalMs = RECONNECTING_MS
    tell("answering")
  }

  window.WebSocket = class extends WebSocket {
    constructor(...words) {
      super(...words)
      if (!new URL(this.url).pathname.endsWith("/_stcore/stream")) return
      stream = this
      this.addEventListener("open", opened)
      this.addEventListener("message", answered)
      this.addEventListener("open", renewed)
      this.addEventListener("close", renewed)
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
    if (!stream || isClosed) askedAt ??= Date.now()
    // It holds, though nothing has come by it yet.
    else if (stream.readyState === WebSocket.OPEN && refusedAt !== null) answered()
    const isDue = askedAt !== null && Date.now() - askedAt >= PATIENCE_MS
    if (!isDue || isAsking) return
    isAsking = true
    const asked = askedAt
    const isThere = await ask()
    isAsking = false
    // It was answered meanwhile, or something else was done.
    if (askedAt !== asked) return
    if (!isThere) {
      refusedAt = null
      return tell("silent")
    }
    // A long run says nothing for a while, and its server is there.
    askedAt = null
    if (isClosed) {
      refusedAt ??= Date.now()
      if (Date.now() - refusedAt >= refusalMs) tell("unconnected")
    // Streamlit connects anew once this is closed, and to close what hangs takes a minute:
    // for so long the browser waits for the other end to agree.
    } else if (state === "silent") stream?.dispatchEvent(new CloseEvent("close"))
  }, LOOK_MS)
})()
