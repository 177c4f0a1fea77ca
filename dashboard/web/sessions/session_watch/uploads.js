// Says why a file was not taken. Streamlit's uploader shows only a number ("Request failed
// with status code 413"), and that only to whoever points at the file; the sentence that
// the server answered with stands below the files instead.
;(() => {
  "use strict"

  const UPLOADS = "/_stcore/upload_file/"
  const NUMBER = /^(?:AxiosError: )?Request failed with status code (\d+)$/
  const REFUSED = 400
  const sentences = new Map()

  // What Streamlit wrote, with the server's own words in place of the number.
  const reword = (root) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const sentence = sentences.get(Number(text.data.match(NUMBER)?.[1]))
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

  const hear = (request) => {
    if (request.status < REFUSED) return
    if (!new URL(request.responseURL).pathname.startsWith(UPLOADS)) return
    const sentence = request.responseText
    if (!sentence) return
    if (!sentences.size) watcher.observe(document.body, { childList: true, subtree: true })
    sentences.set(request.status, sentence)
    look()
  }

  const send = XMLHttpRequest.prototype.send
  XMLHttpRequest.prototype.send = function (...body) {
    this.addEventListener("load", () => hear(this))
    return send.apply(this, body)
  }
})()
