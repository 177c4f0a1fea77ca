// Prints the pictures of pages. Nothing that a PDF can hold gets to a printer's dialog, no
// frame and no other tab is needed, and each page is in the audit log as printed.

// 200 dots to an inch of A4.
const PRINT_WIDTH = 1800
// More pictures than that are more than some browsers hold.
const MOST_PRINTED = 50
const PRINT_STYLE = `
  @page { margin: 0 }
  @media screen { .document-print { display: none } }
  @media print {
    html, body { background: #fff !important; height: auto !important; margin: 0 }
    body > :not(.document-print) { display: none !important }
    .document-print img { display: block; height: 100vh; object-fit: contain;
      page-break-after: always; break-after: page; width: 100% }
    .document-print img:last-of-type { page-break-after: auto; break-after: auto }
  }
`

class Printing {
  constructor(preview, { base, pages }) {
    this.preview = preview
    this.base = base
    this.count = pages
    this.button = tool("print", translate("Print"), "p", () => this.ask())
    this.first = this.numberField(translate("From page"))
    this.last = this.numberField(translate("to page"))
    this.problem = element("p", { role: "alert" })
    const form = element("form", { method: "dialog" })
    const go = element("button", { type: "submit", class: "main" }, translate("Print"))
    const leave = element("button", { type: "button" }, translate("Cancel"))
    leave.onclick = () => this.stop()
    form.append(this.first.label, this.last.label, go, leave)
    this.form = form
    this.status = element("p", { role: "status" })
    this.box = element("div", { class: "print", role: "group", "aria-label": translate("Print") })
    this.box.append(form, this.status, this.problem)
    this.box.hidden = true
    form.onsubmit = (event) => {
      event.preventDefault()
      this.start(Number(this.first.field.value), Number(this.last.field.value))
    }
    this.box.onkeydown = (event) => {
      event.stopPropagation()
      if (event.key === "Escape") this.stop()
    }
  }

  numberField(name) {
    const field = element("input", {
      type: "number",
      min: "1",
      max: String(this.count),
      required: "",
    })
    return { field, label: element("label", {}, `${name} `, field) }
  }

  // One page needs no question.
  ask() {
    this.problem.textContent = this.status.textContent = ""
    if (this.count === 1) return this.start(1, 1)
    this.first.field.value = "1"
    this.last.field.value = String(Math.min(this.count, MOST_PRINTED))
    this.box.hidden = false
    this.first.field.focus()
    if (this.count > MOST_PRINTED) this.status.textContent = this.mostSentence()
  }

  mostSentence() {
    return translate(
      "You can print at most {most} pages at a time. Print the rest afterwards, or download the file.",
      { most: MOST_PRINTED },
    )
  }

  stop() {
    this.request?.abort()
    this.request = null
    this.box.hidden = true
    this.button.focus()
  }

  refuse(sentence) {
    this.status.textContent = ""
    this.problem.textContent = sentence
    this.box.hidden = false
  }

  async start(first, last) {
    this.problem.textContent = ""
    if (last < first) return this.refuse(translate("The last page to print is before the first one."))
    if (last - first >= MOST_PRINTED) return this.refuse(this.mostSentence())
    this.request?.abort()
    const request = new AbortController()
    this.request = request
    this.box.hidden = false
    this.form.hidden = this.count === 1
    const pictures = []
    try {
      for (let page = first; page <= last; page += 1) {
        this.status.textContent = translate("Getting ready to print: page {page} of {first} to {last}.", { page, first, last })
        const picture = await this.fetchPage(page, request.signal)
        picture.alt = translate("Page {page}", { page })
        pictures.push(picture)
      }
    } catch {
      // Somebody stopped it, or asked for other pages.
      if (this.request !== request) return
      this.request = null
      return this.refuse(translate("Nothing was printed, because a page could not be fetched. Try again in a moment."))
    }
    if (this.request !== request) return
    this.stop()
    this.print(pictures)
  }

  async fetchPage(page, signal) {
    const address = `${this.base}${page}.png?width=${PRINT_WIDTH}&purpose=print`
    for (const pause of [...PAUSES_MS, 0]) {
      try {
        return await fetchPicture(address, signal)
      } catch (error) {
        const isPassing = error.isPassing || error instanceof TypeError
        if (signal.aborted || !isPassing || !pause) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  print(pictures) {
    const style = element("style", {}, PRINT_STYLE)
    const sheet = element("div", { class: "document-print", "aria-hidden": "true" })
    sheet.append(style, ...pictures)
    document.body.append(sheet)
    // On phones `print` returns before anything is printed.
    window.addEventListener("afterprint", () => sheet.remove(), { once: true })
    window.print()
  }
}
