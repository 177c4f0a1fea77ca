// Draws a box for each page and fetches its picture when it comes near the window.

const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3]
const FITS = ZOOMS.indexOf(1)
// A few widths only, so that the same picture can be used again.
const WIDTHS = [480, 800, 1200, 1800, 2400]
const WIDEST_AT_REST = 900
// How wide a sheet is for each millimetre that it is high, until its picture is there.
const A4 = 210 / 297
const SIDE_BY_SIDE = 760
// How long a page may take until that is said, and until it is asked for anew.
const SLOW_MS = 3000
const PATIENCE_MS = 30000
// Longer each time, because every try is recorded in the audit log.
const PAUSES_MS = [1000, 2000, 4000, 8000]
// Somebody is busy or out of reach, which passes.
const PASSING = [429, 502, 503, 504]

const tool = (name, label, keys, action) => {
  const icon = element("span", { class: "icon", "aria-hidden": "true" }, name)
  const made = element(
    "button",
    { type: "button", "aria-label": label, title: `${label} (${keys})` },
    icon,
  )
  made.onclick = action
  return made
}

// The focus would be lost with a button that is switched off, and with it the keys of the
// dialog around it.
const switchOff = (button, isOff, opposite) => {
  if (isOff && button === document.activeElement) {
    opposite.disabled = false
    opposite.focus()
  }
  button.disabled = isOff
}

class Refused extends Error {
  constructor(status) {
    super(`answered with ${status}`)
    this.isPassing = PASSING.includes(status)
  }
}

const fetchPicture = async (address, signal) => {
  const answer = await fetch(address, { signal })
  if (!answer.ok) throw new Refused(answer.status)
  const picture = new Image()
  picture.src = URL.createObjectURL(await answer.blob())
  try {
    await picture.decode()
  } finally {
    URL.revokeObjectURL(picture.src)
  }
  return picture
}

const fetchWords = async (address) => {
  const answer = await fetch(address)
  if (!answer.ok) throw new Refused(answer.status)
  return answer.json()
}

// How wide a text is for each pixel that its letters are high.
const measured = (() => {
  const pen = document.createElement("canvas").getContext("2d")
  pen.font = "100px sans-serif"
  return (text) => pen.measureText(text).width / 100
})()

// The words of a page, unseen over where they are drawn: to be selected, copied, read out.
const textLayer = ({ width, height, words }) => {
  const layer = element("div", { class: "text" })
  for (const { text, left, top, width: across, height: down, after } of words) {
    const word = element("span", {}, after === " " ? `${text} ` : text)
    const natural = measured(text) * down * height
    Object.assign(word.style, {
      left: `${left * 100}%`,
      top: `${top * 100}%`,
      fontSize: `${down * 100}cqh`,
      transform: `scaleX(${natural ? (across * width) / natural : 1})`,
    })
    layer.append(word)
    if (after === "\n") layer.append(element("br"))
  }
  return layer
}

// As people type it: without regard to capitals, accents and how lines break.
const folded = (text) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().split(/\s+/).join(" ").trim()

const placesOf = (sought, text) => {
  const places = []
  let place = sought ? text.indexOf(sought) : -1
  while (place >= 0) {
    places.push(place)
    place = text.indexOf(sought, place + sought.length)
  }
  return places
}

// One page: a skeleton, its picture, or a sentence for as long as that does not come.
class Sheet {
  constructor(number, count, base) {
    this.number = number
    this.name = translate("Page {number} of {count}", { number, count })
    this.address = `${base}${number}.png`
    this.wordsAddress = `${base}${number}.json`
    this.skeleton = element("div", { class: "skeleton" })
    this.box = element("div", { class: "page" }, this.skeleton)
    this.box.dataset.page = String(number)
    this.turns = 0
    this.ratio = A4
    this.isNear = false
    this.drawn = 0
    this.requestedWidth = 0
  }

  draw(width) {
    if (Math.max(this.drawn, this.requestedWidth) >= width) return
    this.stop()
    this.requestedWidth = width
    this.ask(0)
  }

  stop() {
    clearTimeout(this.next)
    this.request?.abort()
    this.request = null
    this.requestedWidth = 0
  }

  async ask(tries) {
    const request = new AbortController()
    const slow = setTimeout(() => this.wait(), SLOW_MS)
    const givenUp = setTimeout(() => request.abort(new Refused(504)), PATIENCE_MS)
    const width = this.requestedWidth
    this.request = request
    try {
      const picture = await fetchPicture(`${this.address}?width=${width}`, request.signal)
      if (this.request === request) this.show(picture, width)
    } catch (error) {
      // Another request has taken its place, or nobody wants it any more.
      if (this.request === request) this.miss(error, tries)
    } finally {
      clearTimeout(slow)
      clearTimeout(givenUp)
    }
  }

  show(picture, width) {
    this.stop()
    this.drawn = width
    picture.alt = this.name
    this.ratio = picture.naturalWidth / picture.naturalHeight
    this.shape()
    if (this.paper) {
      this.paper.firstChild.replaceWith(picture)
      return
    }
    this.paper = element("div", { class: "paper" }, picture)
    this.box.replaceChildren(this.paper)
    this.askForWords(0)
  }

  // How wide the page stands to be for each pixel that it is high.
  shownRatio() {
    return this.turns % 2 ? 1 / this.ratio : this.ratio
  }

  shape() {
    this.box.dataset.turns = String(this.turns)
    this.box.style.aspectRatio = String(this.shownRatio())
  }

  turn(turns) {
    this.turns = turns
    this.shape()
  }

  // Marks what is sought, and the one hit of it that was jumped to, if that is here.
  mark(sought = "", chosen = -1) {
    Object.assign(this, { sought, chosen })
    this.box.classList.toggle("found", chosen >= 0 && this.words?.length === 0)
    if (!this.text) return
    let text = ""
    const ends = this.words.map((word) => {
      text += folded(word.text)
      const end = text.length
      if (word.after) text += " "
      return end
    })
    const spans = [...this.text.querySelectorAll("span")]
    spans.forEach((span) => span.classList.remove("hit", "chosen"))
    const places = placesOf(sought, text)
    places.forEach((place, index) => {
      const isChosen = index === Math.min(chosen, places.length - 1)
      const last = place + sought.length
      const first = ends.findIndex((end) => end > place)
      for (let word = first; word < spans.length; word += 1) {
        spans[word].classList.add("hit")
        if (isChosen) spans[word].classList.add("chosen")
        if (ends[word] >= last) break
      }
    })
    if (chosen >= 0) this.text.querySelector(".chosen")?.scrollIntoView({ block: "nearest", inline: "nearest" })
  }

  // After the picture, whose showing is recorded. Without them it is a picture still.
  async askForWords(tries) {
    try {
      const words = await fetchWords(this.wordsAddress)
      this.words = words.words
      this.text = textLayer(words)
      this.paper.append(this.text)
      this.mark(this.sought, this.chosen)
    } catch (error) {
      const isPassing = error.isPassing || error instanceof TypeError
      if (!isPassing || tries === PAUSES_MS.length || !this.box.isConnected) return
      setTimeout(() => this.askForWords(tries + 1), PAUSES_MS[tries])
    }
  }

  miss(error, tries) {
    // A TypeError is all that is told of a connection that failed.
    if (!error.isPassing && !(error instanceof TypeError)) return this.fail()
    this.wait()
    const pause = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]
    this.next = setTimeout(() => {
      // Out of sight it waits to be scrolled to.
      if (this.isNear) this.ask(tries + 1)
      else this.stop()
    }, pause)
  }

  wait() {
    this.say(
      translate(
        "Page {number} is taking longer than usual. Chartroom keeps trying until it is here.",
        { number: this.number },
      ),
    )
  }

  fail() {
    const width = this.requestedWidth
    this.stop()
    this.say(translate("Page {number} cannot be shown. The file itself is safe.", { number: this.number }), width)
  }

  // A picture that is too small says more than a sentence.
  say(sentence, again = 0) {
    if (this.drawn || this.sentence === sentence) return
    this.sentence = sentence
    const status = element("span", { role: "status" }, sentence)
    const note = element("div", { class: "note" }, status)
    if (!again) {
      this.box.replaceChildren(note, this.skeleton)
      return
    }
    const retry = element("button", { type: "button" }, translate("Try again"))
    retry.onclick = () => this.draw(again)
    note.append(" ", retry)
    this.box.replaceChildren(note)
  }
}

// Finds words on all pages, also on those that are not there yet.
class Find {
  constructor(preview, address) {
    this.preview = preview
    this.address = address
    this.hits = []
    this.at = -1
    this.field = element("input", {
      type: "search",
      maxlength: "100",
      placeholder: translate("Find in document"),
      "aria-label": translate("Find in document"),
      title: translate("Enter: next, Shift+Enter: previous"),
    })
    this.count = element("span", { class: "count", role: "status" })
    this.previous = tool("arrow_upward", translate("Previous hit"), "Shift+Enter", () => this.step(-1))
    this.next = tool("arrow_downward", translate("Next hit"), "Enter", () => this.step(1))
    this.box = element("div", { class: "find", role: "search" })
    this.box.append(this.field, this.count, this.previous, this.next)
    this.field.onkeydown = (event) => this.onKey(event)
    this.field.oninput = () => this.forget()
    this.forget()
  }

  onKey(event) {
    // What is typed here turns no pages.
    event.stopPropagation()
    if (event.key === "Escape") {
      this.field.value = ""
      this.forget()
    }
    if (event.key !== "Enter") return
    event.preventDefault()
    if (this.sought === folded(this.field.value)) this.step(event.shiftKey ? -1 : 1)
    else this.start()
  }

  forget() {
    this.sought = null
    this.hits = []
    this.say("")
    this.preview.sheets?.forEach((sheet) => sheet.mark())
  }

  say(sentence) {
    this.count.textContent = sentence
    this.previous.disabled = this.next.disabled = !this.hits.length
  }

  async start() {
    const sought = folded(this.field.value)
    if (!sought) return
    this.say(translate("Searching"))
    try {
      this.pages ??= (await fetchWords(this.address)).pages.map(folded)
    } catch {
      this.say(translate("Search is not available. Press Enter to try again."))
      return
    }
    // Somebody went on typing meanwhile.
    if (sought !== folded(this.field.value)) return
    this.sought = sought
    this.hits = this.pages.flatMap((text, page) =>
      placesOf(sought, text).map((_, nth) => ({ page: page + 1, nth })),
    )
    const { current, sheets } = this.preview
    sheets.forEach((sheet) => sheet.mark(sought))
    const from = this.hits.findIndex(({ page }) => page >= current)
    this.at = Math.max(0, from)
    this.show()
  }

  step(by) {
    if (!this.hits.length) return
    this.at = (this.at + by + this.hits.length) % this.hits.length
    this.show()
  }

  show() {
    const hit = this.hits[this.at]
    if (!hit) {
      this.say(this.pages.some(Boolean) ? translate("Not found") : translate("No text to search"))
      return
    }
    this.say(translate("{number} of {count}", { number: this.at + 1, count: this.hits.length }))
    const { current, sheets } = this.preview
    if (hit.page !== current) this.preview.show(hit.page)
    sheets.forEach((sheet) =>
      sheet.mark(this.sought, sheet.number === hit.page ? hit.nth : -1),
    )
  }
}

class Preview {
  constructor(root, payload) {
    const { base, text, name, pages } = payload
    this.count = pages
    this.zoom = FITS
    this.isWhole = false
    this.current = 1
    this.where = element("span", { class: "where unseen", "aria-live": "polite" })
    this.turned = element("span", { class: "unseen", role: "status" })
    this.jump = element("input", {
      class: "jump",
      inputmode: "numeric",
      maxlength: "4",
      "aria-label": translate("Go to page"),
      title: translate("Type a page's number and press Enter"),
    })
    this.jump.onkeydown = (event) => this.onJumpKey(event)
    this.jump.onchange = () => this.goToTyped()
    this.jump.onfocus = () => this.jump.select()
    const position = element("span", { class: "position" }, this.jump, ` / ${pages}`)
    this.tools = {
      previous: tool("keyboard_arrow_up", translate("Previous page"), "←", () => this.step(-1)),
      next: tool("keyboard_arrow_down", translate("Next page"), "→", () => this.step(1)),
      out: tool("zoom_out", translate("Zoom out"), "−", () => this.setZoom(this.zoom - 1)),
      fit: tool("fit_width", translate("Fit width"), "0", () => this.fitTo(false)),
      whole: tool("fit_screen", translate("Fit whole page"), "9", () => this.fitTo(true)),
      in: tool("zoom_in", translate("Zoom in"), "+", () => this.setZoom(this.zoom + 1)),
      turn: tool("rotate_90_degrees_cw", translate("Rotate this page"), "r", () => this.turn()),
      turnAll: tool("screen_rotation_alt", translate("Rotate all pages"), "Shift+R", () =>
        this.turnAll(),
      ),
    }
    const { previous, next, out, fit, whole, in: closer, turn, turnAll } = this.tools
    const bar = element("div", { class: "tools", role: "group", "aria-label": translate("Preview") })
    this.find = new Find(this, text)
    this.printing = new Printing(this, payload)
    this.list = new PageList(this, payload)
    bar.append(this.list.button, previous, position, next, this.where, this.turned)
    bar.append(out, fit, whole, closer, turn, turnAll, this.printing.button, this.find.box)
    this.pages = element("div", {
      class: "pages",
      role: "region",
      tabindex: "0",
      "aria-label": translate("{name}. Arrow keys turn pages, plus and minus zoom.", { name }),
    })
    const sheet = (_, index) => new Sheet(index + 1, pages, base)
    this.sheets = Array.from({ length: pages }, sheet)
    this.boxes = this.sheets.map(({ box }) => box)
    this.pages.append(...this.boxes)
    const body = element("div", { class: "body" }, this.list.box, this.pages)
    this.frame = element("div", { class: "document-pages" }, bar, this.printing.box, body)
    this.frame.onkeydown = (event) => this.onKey(event)
    this.pages.onscroll = () => this.say()
    root.replaceChildren(this.frame)
    const isAlone = pages === 1
    turnAll.hidden = this.list.button.hidden = isAlone
    this.list.toggle(!isAlone && this.frame.clientWidth >= SIDE_BY_SIDE)
    this.watch()
    this.setZoom(FITS)
  }

  watch() {
    const seen = (entries) => {
      for (const { isIntersecting, target } of entries) {
        const sheet = this.sheets[target.dataset.page - 1]
        sheet.isNear = isIntersecting
        if (isIntersecting) sheet.draw(this.pixels(sheet))
      }
    }
    // One window's height ahead: the next page is there when one scrolls to it.
    const options = { root: this.pages, rootMargin: "100% 0px" }
    this.near = new IntersectionObserver(seen, options)
    this.boxes.forEach((box) => this.near.observe(box))
    this.resized = new ResizeObserver(() => this.fit())
    this.resized.observe(this.pages)
  }

  close() {
    this.near.disconnect()
    this.resized.disconnect()
    this.sheets.forEach((sheet) => sheet.stop())
    this.printing.request?.abort()
  }

  width() {
    const room = Math.max(160, this.pages.clientWidth - 16)
    const high = this.pages.clientHeight - 16
    const ratio = this.sheets[this.current - 1].shownRatio()
    const widest = this.isWhole ? high * ratio : WIDEST_AT_REST
    return Math.round(Math.min(room, widest) * ZOOMS[this.zoom])
  }

  fit() {
    const width = this.width()
    if (width === this.fitted) return
    this.fitted = width
    this.sheets.forEach((sheet) => {
      sheet.box.style.width = `${width}px`
      if (sheet.isNear) sheet.draw(this.pixels(sheet))
    })
    this.say()
  }

  setZoom(zoom) {
    const kept = this.current
    this.zoom = Math.min(ZOOMS.length - 1, Math.max(0, zoom))
    switchOff(this.tools.out, this.zoom === 0, this.tools.in)
    switchOff(this.tools.in, this.zoom === ZOOMS.length - 1, this.tools.out)
    this.fit()
    this.show(kept)
  }

  fitTo(isWhole) {
    this.isWhole = isWhole
    this.setZoom(FITS)
  }

  // For this look only: the document stays as it was filed.
  turn() {
    this.turnSheets([this.sheets[this.current - 1]], translate("Page {page} is rotated.", { page: this.current }))
  }

  turnAll() {
    this.turnSheets(this.sheets, translate("All pages are rotated."))
  }

  turnSheets(sheets, sentence) {
    const kept = this.current
    const turns = (this.sheets[kept - 1].turns + 1) % 4
    for (const sheet of sheets) {
      sheet.turn(turns)
      this.list.turn(sheet.number, turns)
      if (sheet.isNear) sheet.draw(this.pixels(sheet))
    }
    this.turned.textContent = turns
      ? `${sentence} ${turns * 90}°` : translate("The page is upright again.")
    this.fit()
    this.show(kept)
  }

  // How wide a page's picture is to be for this screen.
  pixels(sheet) {
    const across = sheet.turns % 2 ? this.width() / sheet.shownRatio() : this.width()
    const wanted = across * Math.min(window.devicePixelRatio || 1, 2)
    return WIDTHS.find((known) => known >= wanted) ?? WIDTHS.at(-1)
  }

  onJumpKey(event) {
    event.stopPropagation()
    if (event.key === "Enter") this.goToTyped()
    if (event.key === "Escape") this.jump.value = String(this.current)
  }

  goToTyped() {
    const typed = Number.parseInt(this.jump.value, 10)
    if (Number.isNaN(typed)) this.jump.value = String(this.current)
    else this.show(typed)
  }

  step(by) {
    this.show(this.current + by)
  }

  // As far as one sees, less a line or two to go on reading from.
  scroll(by) {
    this.pages.scrollBy({ top: by * (this.pages.clientHeight - 40) })
  }

  show(number) {
    const page = Math.min(this.count, Math.max(1, number))
    this.pages.scrollTop = this.boxes[page - 1].offsetTop - this.pages.offsetTop
    this.say()
    this.jump.value = String(this.current)
  }

  say() {
    const middle = this.pages.scrollTop + this.pages.clientHeight / 3
    const below = this.boxes.findIndex(
      (box) => box.offsetTop - this.pages.offsetTop + box.offsetHeight > middle,
    )
    this.current = below < 0 ? this.count : below + 1
    const position = translate("Page {number} of {count}", { number: this.current, count: this.count })
    if (this.where.textContent !== position) {
      this.where.textContent = position
      this.jump.value = String(this.current)
      this.list.mark(this.current)
    }
    switchOff(this.tools.previous, this.current === 1, this.tools.next)
    switchOff(this.tools.next, this.current === this.count, this.tools.previous)
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const action = {
      ArrowLeft: () => this.step(-1),
      ArrowRight: () => this.step(1),
      Home: () => this.show(1),
      End: () => this.show(this.count),
      "+": () => this.setZoom(this.zoom + 1),
      "=": () => this.setZoom(this.zoom + 1),
      "-": () => this.setZoom(this.zoom - 1),
      0: () => this.fitTo(false),
      9: () => this.fitTo(true),
      PageUp: () => this.scroll(-1),
      PageDown: () => this.scroll(1),
      r: () => this.turn(),
      R: () => this.turnAll(),
      p: () => this.printing.ask(),
      l: () => this.count > 1 && this.list.toggle(),
    }[event.key]
    if (!action) return
    event.preventDefault()
    event.stopPropagation()
    action()
  }
}

const shown = new WeakMap()

export default function ({ data, parentElement }) {
  const payload = new TextDecoder().decode(data)
  const before = shown.get(parentElement)
  if (before?.payload !== payload) {
    before?.preview.close()
    const root = parentElement.querySelector("[data-root]") ?? element("div")
    root.dataset.root = ""
    if (!root.isConnected) parentElement.append(root)
    const preview = new Preview(root, JSON.parse(payload))
    shown.set(parentElement, { payload, preview })
  }
  return () => {
    shown.get(parentElement)?.preview.close()
    shown.delete(parentElement)
  }
}
