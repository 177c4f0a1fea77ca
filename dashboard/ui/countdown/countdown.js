// Counts down on the browser's own clock from what was left when the page was drawn.

const SOON_SECONDS = 20
// A screen reader hears these only: every second would drown everything else.
const SAID_SECONDS = [60, 30, 10]

const written = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`

class Clock {
  constructor(parent, { label, seconds_left, seconds_in_all, leaving }, ended) {
    // Not the monotonic clock: it stands still while a laptop sleeps.
    this.endsAt = Date.now() + seconds_left * 1000
    this.inAll = seconds_in_all
    this.ended = ended
    this.left = element("span", { class: "left", role: "timer", "aria-label": label })
    this.rest = element("div", { class: "rest" })
    this.spoken = element("span", { class: "sr", "aria-live": "polite" })
    this.frame = element(
      "div",
      { class: "frame" },
      this.left,
      element("span", { class: "label" }, label),
      element("div", { class: "track", "aria-hidden": "true" }, this.rest),
      this.spoken,
    )
    const before = parent.querySelector(".frame")
    if (before) before.replaceWith(this.frame)
    else this.appear(parent, label, seconds_left)
    this.tell = () => leaving.forEach((address) => navigator.sendBeacon(address))
    window.addEventListener("pagehide", this.tell)
    this.timer = setInterval(() => this.tick(), 200)
    this.tick()
  }

  appear(parent, label, seconds) {
    parent.append(this.frame)
    // Whoever chose something far down the page has to see that time is running.
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth"
    this.frame.scrollIntoView({ block: "center", behavior })
    this.spoken.textContent = translate("{seconds} seconds {label}", { label, seconds: Math.ceil(seconds) })
  }

  tick() {
    const left = Math.max(0, this.endsAt - Date.now()) / 1000
    const seconds = Math.ceil(left)
    if (this.seconds !== seconds) this.show(seconds)
    this.rest.style.width = `${Math.min(100, (100 * left) / this.inAll)}%`
    if (left > 0) return
    clearInterval(this.timer)
    this.ended()
  }

  show(seconds) {
    this.seconds = seconds
    this.left.textContent = written(seconds)
    this.frame.dataset.soon = String(seconds <= SOON_SECONDS)
    if (SAID_SECONDS.includes(seconds)) this.spoken.textContent = translate("{seconds} seconds left", { seconds })
  }

  close() {
    clearInterval(this.timer)
    window.removeEventListener("pagehide", this.tell)
  }
}

const shown = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  shown.get(parentElement)?.close()
  const payload = JSON.parse(new TextDecoder().decode(data))
  const ended = () => setTriggerValue("ended", Date.now())
  shown.set(parentElement, new Clock(parentElement, payload, ended))
  return () => {
    shown.get(parentElement)?.close()
    shown.delete(parentElement)
  }
}
