// Draws a box for each page and fetches its picture when it comes near the window.

const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3]
const FITS = ZOOMS.indexOf(1)
// A few widths only, so that the same picture can be used again.
const WIDTHS = [480, 800, 1200, 1800, 2400]
const WIDEST_AT_REST = 900
// How long a page may take until that is said, and until it is asked for anew.
const SLOW_MS = 3000
const PATIENCE_MS = 30000
// Longer each time, because every try is recorded in the audit log.
const PAUSES_MS = [1000, 2000, 4000, 8000]
// Somebody is busy or out of reach, which passes.
const PASSING = [429, 502, 503, 504]

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) {
    made.setAttribute(attribute, value)
  }
  made.append(...children)
  return made
}

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

// One page: a skeleton, its picture, or a sentence for as long as that does not come.
class Sheet {
  constructor(number, count, base) {
    this.number = number
    this.name = `Page ${number} of ${count}`
    this.address = `${base}${number}.png`
    this.skeleton = element("div", { class: "skeleton" })
    this.box = element("div", { class: "page" }, this.skeleton)
    this.box.dataset.page = String(number)
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
    this.box.style.aspectRatio = `${picture.naturalWidth} / ${picture.naturalHeight}`
    this.box.replaceChildren(picture)
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
      `Page ${this.number} takes longer than usual. ` +
        "It is asked for again by itself, until it is here.",
    )
  }

  fail() {
    const width = this.requestedWidth
    this.stop()
    this.say(`Page ${this.number} cannot be shown. The file itself is safe.`, width)
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
    const retry = element("button", { type: "button" }, "Try again")
    retry.onclick = () => this.draw(again)
    note.append(" ", retry)
    this.box.replaceChildren(note)
  }
}

class Preview {
  constructor(root, { base, name, pages }) {
    this.count = pages
    this.zoom = FITS
    this.current = 1
    this.where = element("span", { class: "where", "aria-live": "polite" })
    this.tools = {
      previous: tool("keyboard_arrow_up", "Previous page", "←", () => this.step(-1)),
      next: tool("keyboard_arrow_down", "Next page", "→", () => this.step(1)),
      out: tool("zoom_out", "Zoom out", "−", () => this.setZoom(this.zoom - 1)),
      fit: tool("fit_width", "Fit width", "0", () => this.setZoom(FITS)),
      in: tool("zoom_in", "Zoom in", "+", () => this.setZoom(this.zoom + 1)),
    }
    const { previous, next, out, fit, in: closer } = this.tools
    const bar = element("div", { class: "tools", role: "group", "aria-label": "Preview" })
    bar.append(previous, next, this.where, out, fit, closer)
    this.pages = element("div", {
      class: "pages",
      role: "region",
      tabindex: "0",
      "aria-label": `${name}. Arrow keys turn pages, plus and minus zoom.`,
    })
    const sheet = (_, index) => new Sheet(index + 1, pages, base)
    this.sheets = Array.from({ length: pages }, sheet)
    this.boxes = this.sheets.map(({ box }) => box)
    this.pages.append(...this.boxes)
    this.frame = element("div", { class: "document-pages" }, bar, this.pages)
    this.frame.onkeydown = (event) => this.onKey(event)
    this.pages.onscroll = () => this.say()
    root.replaceChildren(this.frame)
    this.watch()
    this.setZoom(FITS)
  }

  watch() {
    const seen = (entries) => {
      for (const { isIntersecting, target } of entries) {
        const sheet = this.sheets[target.dataset.page - 1]
        sheet.isNear = isIntersecting
        if (isIntersecting) sheet.draw(this.pixels())
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
  }

  width() {
    const room = Math.max(160, this.pages.clientWidth - 16)
    return Math.round(Math.min(room, WIDEST_AT_REST) * ZOOMS[this.zoom])
  }

  fit() {
    const width = this.width()
    if (width === this.fitted) return
    this.fitted = width
    this.sheets.forEach((sheet) => {
      sheet.box.style.width = `${width}px`
      if (sheet.isNear) sheet.draw(this.pixels())
    })
    this.say()
  }

  setZoom(zoom) {
    const kept = this.current
    this.zoom = Math.min(ZOOMS.length - 1, Math.max(0, zoom))
    this.tools.out.disabled = this.zoom === 0
    this.tools.in.disabled = this.zoom === ZOOMS.length - 1
    this.fit()
    this.show(kept)
  }

  // How wide pictures are to be for this screen.
  pixels() {
    const wanted = this.width() * Math.min(window.devicePixelRatio || 1, 2)
    return WIDTHS.find((known) => known >= wanted) ?? WIDTHS.at(-1)
  }

  step(by) {
    this.show(this.current + by)
  }

  show(number) {
    const page = Math.min(this.count, Math.max(1, number))
    this.pages.scrollTop = this.boxes[page - 1].offsetTop - this.pages.offsetTop
    this.say()
  }

  say() {
    const middle = this.pages.scrollTop + this.pages.clientHeight / 3
    const below = this.boxes.findIndex(
      (box) => box.offsetTop - this.pages.offsetTop + box.offsetHeight > middle,
    )
    this.current = below < 0 ? this.count : below + 1
    const position = `Page ${this.current} of ${this.count}`
    if (this.where.textContent !== position) this.where.textContent = position
    this.tools.previous.disabled = this.current === 1
    this.tools.next.disabled = this.current === this.count
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
      0: () => this.setZoom(FITS),
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
