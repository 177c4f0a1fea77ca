// Opens the browser's calendar at a button and hands over the day that is chosen there.

class Picker {
  constructor(parent) {
    this.button = element("button", { type: "button" }, icon("calendar_month"))
    // The calendar opens where this stands; nobody types here.
    this.day = element("input", {
      type: "date", tabindex: "-1", "aria-hidden": "true", min: "1850-01-01", max: "2199-12-31",
    })
    parent.append(element("div", { class: "frame" }, this.button, this.day))
    this.button.addEventListener("click", () => this.open())
    // Arrow keys in a calendar change the day at each step, as some browsers have it.
    this.day.addEventListener("change", () => this.take())
  }

  tell({ label, shown }, choose) {
    this.choose = choose
    this.button.setAttribute("aria-label", label)
    this.button.title = label
    this.shown = shown
  }

  open() {
    this.day.value = this.shown
    this.isFirst = true
    this.day.showPicker()
  }

  take() {
    if (!this.day.value) return
    this.choose({ day: this.day.value, is_first: this.isFirst })
    this.isFirst = false
  }
}

const pickers = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  if (!pickers.has(parentElement)) pickers.set(parentElement, new Picker(parentElement))
  const shown = JSON.parse(new TextDecoder().decode(data))
  pickers.get(parentElement).tell(shown, (chosen) => setTriggerValue("chosen", chosen))
}
