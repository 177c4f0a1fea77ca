// Draws a box for each page and fetches its picture when it comes near the window.

const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3]
const FITS = ZOOMS.indexOf(1)
// A few widths only, so that the same picture can be used again.
const WIDTHS = [480, 800, 1200, 1800, 2400]
const WIDEST_AT_REST = 900
const ATTEMPTS = 3

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

class Preview {
  constructor(root, { base, name, pages }) {
    this.base = base
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
    this.boxes = Array.from({ length: pages }, (_, index) => this.box(index + 1))
    this.pages.append(...this.boxes)
    this.frame = element("div", { class: "document-pages" }, bar, this.pages)
    this.frame.onkeydown = (event) => this.onKey(event)
    this.pages.onscroll = () => this.say()
    root.replaceChildren(this.frame)
    this.watch()
    this.setZoom(FITS)
  }

  box(number) {
    const box = element("div", { class: "page" })
    box.dataset.page = String(number)
    return box
  }

  watch() {
    const seen = (entries) => {
      for (const { isIntersecting, target } of entries) {
        target.dataset.near = isIntersecting ? "yes" : ""
        if (isIntersecting) this.draw(target)
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
  }

  width() {
    const room = Math.max(160, this.pages.clientWidth - 16)
    return Math.round(Math.min(room, WIDEST_AT_REST) * ZOOMS[this.zoom])
  }

  fit() {
    const width = this.width()
    if (width === this.fitted) return
    this.fitted = width
    this.boxes.forEach((box) => {
      box.style.width = `${width}px`
      if (box.dataset.near) this.draw(box)
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

  draw(box, attempt = 1) {
    const wanted = this.width() * Math.min(window.devicePixelRatio || 1, 2)
    const width = WIDTHS.find((known) => known >= wanted) ?? WIDTHS.at(-1)
    if (attempt === 1 && Number(box.dataset.width ?? 0) >= width) return
    box.dataset.width = String(width)
    const picture = new Image()
    picture.alt = `Page ${box.dataset.page} of ${this.count}`
    picture.onload = () => {
      box.style.aspectRatio = `${picture.naturalWidth} / ${picture.naturalHeight}`
      box.replaceChildren(picture)
    }
    picture.onerror = () => {
      if (attempt < ATTEMPTS) {
        setTimeout(() => this.draw(box, attempt + 1), 1000 * attempt)
      } else {
        this.fail(box)
      }
    }
    const again = attempt > 1 ? `&attempt=${attempt}` : ""
    picture.src = `${this.base}${box.dataset.page}.png?width=${width}${again}`
  }

  fail(box) {
    const retry = element("button", { type: "button" }, "Try again")
    retry.onclick = () => this.draw(box, ATTEMPTS)
    const sentence = `Page ${box.dataset.page} cannot be shown. The file itself is safe.`
    box.replaceChildren(element("div", { class: "note" }, sentence, " ", retry))
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
    const said = `Page ${this.current} of ${this.count}`
    if (this.where.textContent !== said) this.where.textContent = said
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
  const asked = new TextDecoder().decode(data)
  const before = shown.get(parentElement)
  if (before?.asked !== asked) {
    before?.preview.close()
    const root = parentElement.querySelector("[data-root]") ?? element("div")
    root.dataset.root = ""
    if (!root.isConnected) parentElement.append(root)
    const preview = new Preview(root, JSON.parse(asked))
    shown.set(parentElement, { asked, preview })
  }
  return () => {
    shown.get(parentElement)?.preview.close()
    shown.delete(parentElement)
  }
}
