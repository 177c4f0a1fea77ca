// Takes files wherever they are dropped on a page from which documents are uploaded, and
// hands them to the upload page's own uploader, which checks, sends and lists each; then
// they are filed, unless there were others that somebody is still busy with. A file that
// is dropped elsewhere does nothing: browsers would leave the page for it.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const UPLOADER = '[class*="st-key-upload_documents_files"] input[type="file"]'
  const WAY = '[class*="st-key-"][class*="_upload"] button'
  const WAYS = /\bst-key-(documents|patient|my_record)_upload\b/
  const FILE = ".st-key-upload_documents_file button"
  // What is asked of each file that is not filed yet.
  const ASKED = '[class*="st-key-upload_documents_"][class*="_title"]'
  const PATIENCE_MS = 20000
  const SENDING_MS = 120000
  // Firefox tells every third of a second that something is held over the page.
  const GONE_MS = 800
  const STYLE = `
    .chartroom-drop {
      align-items: center; background: rgb(11 100 112 / 88%); border: 3px dashed #fff;
      box-sizing: border-box; color: #fff; display: flex; font-size: 22px; inset: 0;
      justify-content: center; padding: 24px; pointer-events: none; position: fixed;
      text-align: center; z-index: 999995;
    }
    .chartroom-drop[hidden] { display: none; }
  `
  const sign = document.createElement("div")
  sign.className = "chartroom-drop"
  sign.hidden = true
  sign.setAttribute("role", "status")
  let gone = 0

  const isOfFiles = (event) => event.dataTransfer?.types?.includes("Files")
  // Streamlit's own uploaders say themselves what they take.
  const isOverUploader = (event) =>
    event.target.closest?.('[data-testid="stFileUploaderDropzone"]')
  const uploader = () => {
    const input = document.querySelector(UPLOADER)
    return input && !input.disabled ? input : null
  }
  const way = () =>
    [...document.querySelectorAll(WAY)].find((button) =>
      WAYS.test(button.closest('[class*="st-key-"]').className),
    )
  // A question that is open wants its answer first.
  const takes = () => openDialogs().length === 0 && (uploader() || way())

  const hide = () => {
    clearTimeout(gone)
    sign.hidden = true
  }

  const show = () => {
    clearTimeout(gone)
    gone = setTimeout(hide, GONE_MS)
    if (!sign.hidden) return
    sign.style.fontFamily = getComputedStyle(document.querySelector(".stApp")).fontFamily
    sign.textContent = translate("Drop the files to upload them")
    sign.hidden = false
  }

  // Whoever does something else meanwhile decides for themselves what comes of the files.
  const whenThere = (find, patience, go) => {
    const there = find()
    if (there) return go(there)
    const look = () => {
      const found = find()
      if (!found) return
      stop()
      go(found)
    }
    const watcher = new MutationObserver(look)
    const ended = new AbortController()
    const late = setTimeout(() => stop(), patience)
    const stop = () => {
      clearTimeout(late)
      watcher.disconnect()
      ended.abort()
    }
    for (const act of ["pointerdown", "keydown"]) {
      document.addEventListener(act, (event) => event.isTrusted && stop(), {
        capture: true, signal: ended.signal,
      })
    }
    watcher.observe(document.body, { attributes: true, childList: true, subtree: true })
  }

  const fileButton = () => {
    const app = document.querySelector(".stApp")
    const button = document.querySelector(FILE)
    const isDue = document.querySelector(ASKED) && button && !button.disabled
    return isDue && app?.dataset.testScriptState === "notRunning" ? button : null
  }

  const hand = (files, input) => {
    const isAlone = !document.querySelector(ASKED)
    const handed = new DataTransfer()
    for (const file of files) handed.items.add(file)
    input.files = handed.files
    input.dispatchEvent(new Event("change", { bubbles: true }))
    if (isAlone) whenThere(fileButton, SENDING_MS, (button) => button.click())
  }

  // The upload page has to be drawn first.
  const handOver = (files) => {
    if (!uploader()) way().click()
    whenThere(uploader, PATIENCE_MS, (input) => hand(files, input))
  }

  document.addEventListener("dragover", (event) => {
    if (!isOfFiles(event) || isOverUploader(event)) return hide()
    event.preventDefault()
    if (!takes()) {
      event.dataTransfer.dropEffect = "none"
      return
    }
    event.dataTransfer.dropEffect = "copy"
    show()
  })
  document.addEventListener("drop", (event) => {
    hide()
    if (!isOfFiles(event) || isOverUploader(event)) return
    event.preventDefault()
    const files = [...event.dataTransfer.files]
    if (files.length && takes()) handOver(files)
  })

  const style = document.createElement("style")
  style.textContent = STYLE
  document.head.append(style)
  document.body.append(sign)
})()
