// Takes files wherever they are dropped on a page from which documents are uploaded, and
// hands them to the upload page's own uploader, which checks, sends and lists each. A
// file that is dropped elsewhere does nothing: browsers would leave the page for it.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const UPLOADER = '[class*="st-key-upload_documents_files"] input[type="file"]'
  const WAY = '[class*="st-key-"][class*="_upload"] button'
  const WAYS = /\bst-key-(documents|patient|my_record)_upload\b/
  const PATIENCE_MS = 20000
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

  const hand = (files, input) => {
    const handed = new DataTransfer()
    for (const file of files) handed.items.add(file)
    input.files = handed.files
    input.dispatchEvent(new Event("change", { bubbles: true }))
  }

  // The upload page has to be drawn first. Whoever goes elsewhere meanwhile drops them.
  const handOver = (files) => {
    const there = uploader()
    if (there) return hand(files, there)
    way().click()
    const watcher = new MutationObserver(() => {
      const input = uploader()
      if (!input) return
      stop()
      hand(files, input)
    })
    const late = setTimeout(() => stop(), PATIENCE_MS)
    const stop = () => {
      clearTimeout(late)
      watcher.disconnect()
    }
    watcher.observe(document.body, { attributes: true, childList: true, subtree: true })
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
