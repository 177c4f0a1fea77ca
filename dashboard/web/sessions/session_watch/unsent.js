// Says of a file that was chosen while the server does not answer that it waits, and of one
// that the lost connection took along that it has to be chosen again. Streamlit lists a file
// only once the server has said where to send it, and forgets it if that never comes.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const UPLOADER = '[data-testid="stFileUploader"]'
  const PATIENCE_MS = 2500
  let unlisted = []

  const chipsIn = (uploader) => [...uploader.querySelectorAll('[data-testid="stFileChipName"]')]
  // Phones give every photo the same name.
  const isListed = ({ uploader, name, earlier }) =>
    chipsIn(uploader).some(
      (chip) => !earlier.has(chip) && (chip.title || chip.textContent) === name,
    )
  // Streamlit takes no file while it has no connection, though one can still be chosen.
  const isOff = (uploader) =>
    Boolean(uploader.querySelector('[data-testid="stFileUploaderDropzone"][aria-disabled="true"]'))

  const sentences = (uploader) => {
    const names = (state) =>
      unlisted
        .filter((file) => file.uploader === uploader && file.state === state)
        .map((file) => file.name)
        .join(", ")
    const [waiting, lost] = [names("waiting"), names("lost")]
    return [
      waiting &&
        translate("Not sent yet, because the server is not responding: {names}.", { names: waiting }),
      lost &&
        translate(
          "Not sent, because the connection was lost: {names}. Choose again once the server " +
            "responds.",
          { names: lost },
        ),
    ].filter(Boolean).join(" ")
  }

  const show = () => {
    for (const uploader of document.querySelectorAll(UPLOADER)) {
      const there = uploader.querySelector(":scope > .chartroom-unsent")
      const text = sentences(uploader)
      if (!text) {
        there?.remove()
        continue
      }
      const note = there ?? document.createElement("p")
      note.className = "chartroom-unsent"
      note.setAttribute("role", "alert")
      note.style.cssText = "color: var(--cr-wrong); font-size: 0.875rem; margin: 0.5rem 0 0"
      if (!there) uploader.append(note)
      if (note.textContent !== text) note.textContent = text
    }
  }

  const watcher = new MutationObserver(() => {
    unlisted = unlisted.filter((file) => file.uploader.isConnected && !isListed(file))
    if (!unlisted.length) watcher.disconnect()
    show()
  })

  const wait = (uploader, files) => {
    unlisted = unlisted.filter((file) => file.uploader !== uploader || file.state !== "lost")
    const earlier = new Set(chipsIn(uploader))
    const state = isOff(uploader) ? "lost" : "chosen"
    const chosen = [...files].map(({ name }) => ({ uploader, name, earlier, state }))
    unlisted.push(...chosen)
    watcher.observe(document.body, { childList: true, subtree: true })
    if (state === "lost") return show()
    setTimeout(() => {
      for (const file of chosen) if (file.state === "chosen") file.state = "waiting"
      show()
    }, PATIENCE_MS)
  }

  document.addEventListener("change", ({ target }) => {
    const uploader = target.matches('input[type="file"]') && target.closest(UPLOADER)
    if (uploader) wait(uploader, target.files)
  }, true)
  document.addEventListener("drop", ({ target, dataTransfer }) => {
    const uploader = target.closest?.(UPLOADER)
    if (uploader) wait(uploader, dataTransfer.files)
  }, true)
  // The question where to send a file is never answered on another connection.
  window.addEventListener("chartroom:connection", () => {
    for (const file of unlisted) file.state = "lost"
    show()
  })
})()
