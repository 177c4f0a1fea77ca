// Draws the lanes that Python hands over; everything is set as text, never as HTML.

const twoDigits = (number) => String(number).padStart(2, "0")

const clock = (minutes, hasTwelveHours) => {
  const hour = Math.floor(minutes / 60)
  const rest = twoDigits(minutes % 60)
  if (!hasTwelveHours) return `${twoDigits(hour)}:${rest}`
  return `${hour % 12 || 12}:${rest} ${hour % 24 < 12 ? "AM" : "PM"}`
}

// The shortest visit still has room for two lines.
const LEAST_PIXELS = 40
const LEAST_PER_MINUTE = 1.1
const MOST_PER_MINUTE = 4
const DRAG_PIXELS = 6
const SNAP_MINUTES = 5
const BUSY_MILLISECONDS = 3000

class Grid extends ButtonColumns {
  constructor(parent, tell) {
    super({ column: ".lane", button: "button.entry", id: "id", line: "begins" })
    this.tell = tell
    this.frame = element("div", { class: "frame" })
    this.frame.onkeydown = (event) => this.onKey(event)
    parent.append(this.frame)
  }

  show(data) {
    // What arrives while somebody drags is drawn when they have let go.
    if (this.drag) {
      this.waiting = data
      return
    }
    const isElsewhere = this.data?.place !== data.place
    const focused = this.frame.getRootNode().activeElement?.dataset?.id
    const { scrollTop, scrollLeft } = this.frame
    this.data = data
    this.frame.removeAttribute("aria-busy")
    this.frame.replaceChildren(this.grid())
    this.rove(this.button(focused) ?? this.buttons()[0])
    if (isElsewhere) this.begin()
    else Object.assign(this.frame, { scrollTop, scrollLeft })
    if (focused) this.button(focused)?.focus({ preventScroll: true })
  }

  grid() {
    const { lanes, first, last, name } = this.data
    const lengths = lanes.flatMap(({ entries }) => entries.map((e) => e.ends - e.begins))
    const shortest = Math.max(5, Math.min(60, ...lengths))
    this.scale = Math.min(MOST_PER_MINUTE, Math.max(LEAST_PER_MINUTE, LEAST_PIXELS / shortest))
    const made = element("div", {
      class: "grid",
      role: "group",
      "aria-label": translate("{name}. Arrow keys move among times and visits, Enter opens.", { name }),
      style: `--lanes: ${lanes.length}; --hour: ${60 * this.scale}px; --height: ${(last - first) * this.scale}px`,
    })
    made.append(element("div", { class: "corner", "aria-hidden": "true" }), this.axis())
    made.append(...lanes.map((lane, number) => this.lane(lane, number + 2)))
    return made
  }

  axis() {
    const made = element("div", { class: "axis", "aria-hidden": "true" })
    for (let minutes = this.data.first; minutes < this.data.last; minutes += 60) {
      made.append(element("span", { style: this.at(minutes) }, this.clock(minutes)))
    }
    return made
  }

  clock(minutes) {
    return clock(minutes, this.data.has_twelve_hours)
  }

  at(begins, ends) {
    const top = `top: ${(begins - this.data.first) * this.scale}px`
    return ends === undefined ? top : `${top}; height: ${(ends - begins) * this.scale}px`
  }

  lane(lane, column) {
    const title = element("h2", { id: `lane-${column}` }, lane.label)
    const head = element("header", { style: `grid-column: ${column}` }, title)
    if (lane.detail) head.append(element("span", { class: "detail" }, lane.detail))
    head.dataset.today = String(lane.is_today)
    const body = element("div", { class: "lane", style: `grid-column: ${column}` })
    body.dataset.lane = lane.id
    for (const [begins, ends] of lane.open) {
      body.append(element("div", { class: "open", style: this.at(begins, ends) }))
    }
    for (const band of lane.bands) body.append(this.band(band))
    if (lane.entries.length) {
      const list = element("ul")
      list.append(...lane.entries.map((entry) => this.entry(entry)))
      body.append(list)
    }
    const { now, first, last } = this.data
    if (lane.is_today && now >= first && now <= last) {
      body.append(element("div", { class: "now", style: this.at(now), "aria-hidden": "true" }))
    }
    body.onpointerdown = (event) => this.onDown(event, lane, body)
    // A group and no landmark: a clinic has twenty of them, two perhaps of the same name.
    return element("div", { class: "column", role: "group", "aria-labelledby": title.id }, head, body)
  }

  band(band) {
    const made = element("div", { class: "band", style: this.at(band.begins, band.ends) })
    made.append(element("span", {}, icon("block"), band.text))
    return made
  }

  entry(entry) {
    const isOpen = entry.kind === "visit" || (entry.kind === "free" && this.data.may_book)
    const made = element(isOpen ? "button" : "div", { class: "entry" })
    Object.assign(made.dataset, { id: entry.id, kind: entry.kind, tone: entry.tone })
    const text = element("span", { class: "text" })
    if (entry.icon) text.append(icon(entry.icon))
    text.append(entry.text)
    const seen = element("span", { class: "seen", "aria-hidden": "true" }, text)
    if (entry.detail) seen.append(element("span", { class: "detail" }, entry.detail))
    made.append(seen, element("span", { class: "sr" }, entry.name))
    if (isOpen) {
      made.type = "button"
      made.tabIndex = -1
      made.dataset.begins = String(entry.begins)
      made.title = entry.name
      made.onfocus = () => this.rove(made)
      made.onclick = () => this.choose(entry)
    }
    if (entry.is_movable) made.dataset.movable = "true"
    return element("li", { style: this.at(entry.begins, entry.ends) }, made)
  }

  choose(entry) {
    // The click that ends a drag opens nothing; and one wish at a time.
    if (this.hasDragged || this.frame.getAttribute("aria-busy") === "true") return
    this.wait()
    this.tell(entry.kind === "visit" ? "opened" : "booked", entry.id)
  }

  wait() {
    this.frame.setAttribute("aria-busy", "true")
    setTimeout(() => this.frame.removeAttribute("aria-busy"), BUSY_MILLISECONDS)
  }

  begin() {
    const { now, first, lanes } = this.data
    const begins = lanes.flatMap(({ entries }) => entries.map((entry) => entry.begins))
    const target = lanes.some((lane) => lane.is_today) ? now : Math.min(...begins, Infinity)
    const from = Number.isFinite(target) ? target - 30 : first
    this.frame.scrollTop = Math.max(0, (from - first) * this.scale)
    this.frame.scrollLeft = 0
    const today = lanes.findIndex((lane) => lane.is_today)
    if (today > 0) {
      const column = this.frame.querySelectorAll(".lane")[today]
      this.frame.scrollLeft = Math.max(0, column.offsetLeft - 64)
    }
  }

  // Dragging a visit onto a free time, or drawing a stretch of a lane.

  onDown(event, lane, body) {
    // A finger scrolls; it moves and blocks by what is opened.
    if (event.button !== 0 || event.pointerType === "touch") return
    this.hasDragged = false
    const held = event.target.closest(".entry")
    const isVisit = held?.dataset.movable === "true"
    const isBlank = !held || held.dataset.kind === "free"
    if (!isVisit && !(isBlank && this.data.may_draw)) return
    this.stop = new AbortController()
    const { signal } = this.stop
    const from = { x: event.clientX, y: event.clientY }
    const kind = isVisit ? { visit: held } : { lane, body, begins: this.minutes(body, from.y) }
    addEventListener("pointermove", (moved) => this.onMove(moved, from, kind), { signal })
    addEventListener("pointerup", () => this.onUp(), { signal })
    addEventListener("pointercancel", () => this.letGo(), { signal })
    addEventListener(
      "keydown",
      (pressed) => {
        if (pressed.key !== "Escape" || !this.drag) return
        pressed.stopPropagation()
        this.letGo()
      },
      { signal, capture: true },
    )
  }

  minutes(body, y) {
    const passed = (y - body.getBoundingClientRect().top) / this.scale
    const snapped = Math.round(passed / SNAP_MINUTES) * SNAP_MINUTES
    return Math.min(this.data.last, Math.max(this.data.first, this.data.first + snapped))
  }

  onMove(event, from, kind) {
    const far = Math.hypot(event.clientX - from.x, event.clientY - from.y)
    if (!this.drag && far < DRAG_PIXELS) return
    event.preventDefault()
    if (!this.drag) this.lift(kind)
    if (this.drag.visit) this.carry(event)
    else this.stretch(event)
  }

  lift(kind) {
    this.hasDragged = true
    this.drag = { ...kind }
    this.frame.dataset.drags = kind.visit ? "visit" : "stretch"
    if (kind.visit) {
      const { width, height } = kind.visit.getBoundingClientRect()
      this.drag.ghost = kind.visit.cloneNode(true)
      this.drag.ghost.className = "entry ghost"
      this.drag.ghost.removeAttribute("title")
      this.drag.ghost.setAttribute("aria-hidden", "true")
      Object.assign(this.drag.ghost.style, { width: `${width}px`, height: `${height}px` })
      kind.visit.dataset.lifted = "true"
    } else {
      this.drag.ghost = element("div", { class: "stretch" })
    }
    ;(kind.body ?? this.frame).append(this.drag.ghost)
  }

  carry(event) {
    const { ghost } = this.drag
    ghost.style.transform = `translate(${event.clientX + 8}px, ${event.clientY + 8}px)`
    const below = this.frame.getRootNode().elementFromPoint(event.clientX, event.clientY)
    const target = below?.closest('[data-kind="free"]')
    if (target === this.drag.target) return
    delete this.drag.target?.dataset.target
    this.drag.target = target
    if (target) target.dataset.target = "true"
  }

  stretch(event) {
    const to = this.minutes(this.drag.body, event.clientY)
    this.drag.from = Math.min(this.drag.begins, to)
    this.drag.to = Math.max(this.drag.begins, to)
    this.drag.ghost.style = this.at(this.drag.from, this.drag.to)
    const ends = { begins: this.clock(this.drag.from), ends: this.clock(this.drag.to) }
    this.drag.ghost.textContent = translate("{begins} to {ends}", ends)
  }

  onUp() {
    const { drag } = this
    this.letGo()
    if (drag?.target) {
      this.wait()
      this.tell("moved", { visit: drag.visit.dataset.id, slot: drag.target.dataset.id })
    } else if (drag?.lane && drag.to > drag.from) {
      this.wait()
      this.tell("drawn", { lane: drag.lane.id, begins: drag.from, ends: drag.to })
    }
  }

  letGo() {
    this.stop?.abort()
    if (!this.drag) return
    this.drag.ghost.remove()
    delete this.drag.visit?.dataset.lifted
    delete this.drag.target?.dataset.target
    delete this.frame.dataset.drags
    this.drag = undefined
    // The click comes after this.
    setTimeout(() => (this.hasDragged = false))
    if (this.waiting) this.show(this.waiting)
    this.waiting = undefined
  }

    close() {
    this.letGo()
    this.frame.remove()
  }
}

const shown = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  if (!shown.has(parentElement)) {
    const tell = (name, value) => shown.get(parentElement)?.report(name, value)
    shown.set(parentElement, { grid: new Grid(parentElement, tell) })
  }
  const mounted = shown.get(parentElement)
  mounted.report = setTriggerValue
  mounted.grid.show(JSON.parse(new TextDecoder().decode(data)))
  return () => {
    mounted.grid.close()
    shown.delete(parentElement)
  }
}
