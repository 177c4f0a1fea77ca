// Says why a file was not taken. Streamlit's uploader shows only a number ("Request failed
// with status code 413"), and that only to whoever points at the file; the sentence that
// the server answered with stands below the files instead, or one of ours if there was
// no answer: browsers send no folder, and lose connections.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const UPLOADS = "/_stcore/upload_file/"
  const NUMBER = /^(?:AxiosError: )?Request failed with status code (\d+)$/
  const UNANSWERED = /^(?:AxiosError: )?Network Error$/
  const [NO_ANSWER, REFUSED] = [0, 400]
  const sentences = new Map()

  // What Streamlit wrote, with the server's own words in place of the number.
  const sentenceFor = (text) =>
    sentences.get(UNANSWERED.test(text) ? NO_ANSWER : Number(text.match(NUMBER)?.[1]))

  const reword = (root) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const sentence = sentenceFor(text.data)
      if (sentence) text.data = sentence
    }
  }

  const refusalsIn = (uploader) => {
    const alerts = uploader.querySelectorAll('[data-testid="stFileChip"] [role="alert"]')
    const texts = [...alerts].map((alert) => alert.textContent)
    return [...new Set(sentences.values())].filter((sentence) =>
      texts.some((text) => text.endsWith(sentence)),
    )
  }

  const noteIn = (uploader) => {
    const there = uploader.querySelector(":scope > .chartroom-refusal")
    const text = refusalsIn(uploader).join(" ")
    if (!text) return there?.remove()
    const note = there ?? document.createElement("p")
    if (note.textContent !== text) note.textContent = text
    if (there) return
    // Each file's own alert has been read out already.
    note.className = "chartroom-refusal"
    note.setAttribute("aria-hidden", "true")
    const icon = uploader.querySelector('[data-testid="stFileChipIconError"]')
    note.style.cssText = "margin: 8px 0 0; font-size: 14px"
    if (icon) note.style.color = getComputedStyle(icon).color
    uploader.append(note)
  }

  const look = () => {
    for (const tip of document.querySelectorAll('[role="tooltip"]')) reword(tip)
    for (const uploader of document.querySelectorAll('[data-testid="stFileUploader"]')) {
      reword(uploader)
      noteIn(uploader)
    }
  }

  const watcher = new MutationObserver(look)

  const keep = (status, sentence) => {
    if (!sentences.size) watcher.observe(document.body, { childList: true, subtree: true })
    sentences.set(status, sentence)
    look()
  }

  const hear = (request) => {
    if (request.status < REFUSED) return
    if (!new URL(request.responseURL).pathname.startsWith(UPLOADS)) return
    if (request.responseText) keep(request.status, request.responseText)
  }

  const hearNothing = () =>
    keep(
      NO_ANSWER,
      translate(
        "This could not be sent. If it is a folder, open it and choose the files in it; " +
          "otherwise check your connection, then choose the file again.",
      ),
    )

  const send = XMLHttpRequest.prototype.send
  XMLHttpRequest.prototype.send = function (...body) {
    this.addEventListener("load", () => hear(this))
    this.addEventListener("error", hearNothing)
    return send.apply(this, body)
  }
})()
