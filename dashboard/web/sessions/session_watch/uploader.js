// Streamlit's uploader has words of its own, in English only; here they are the page's.
;(() => {
  "use strict"

  const translate = window.chartroomTranslate
  const ZONE = '[data-testid="stFileUploaderDropzone"]'
  const OWN = {
    Upload: translate("Upload"),
    "Browse files": translate("Browse files"),
    "Drag and drop files here": translate("Drag and drop files here"),
    "Drag and drop file here": translate("Drag and drop file here"),
  }
  const SIZE = /^(\d+) ?([KMG]B) per file/
  // English stays as Streamlit has it, and nothing is watched.
  if (OWN.Upload === "Upload") return

  const said = (text) => {
    const [, number, unit] = text.match(SIZE) ?? []
    if (!number) return OWN[text]
    return text.replace(SIZE, translate("{size} per file", { size: `${number} ${unit}` }))
  }

  const reword = () => {
    for (const zone of document.querySelectorAll(ZONE)) {
      const texts = document.createTreeWalker(zone, NodeFilter.SHOW_TEXT)
      while (texts.nextNode()) {
        const { currentNode } = texts
        const own = said(currentNode.nodeValue)
        if (own) currentNode.nodeValue = own
      }
    }
  }

  new MutationObserver(reword).observe(document.documentElement, {
    childList: true, subtree: true,
  })
})()
