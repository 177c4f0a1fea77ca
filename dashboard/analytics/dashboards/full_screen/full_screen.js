// Shows one element of the page on the whole screen, and says whether it does.

// What undoes the listeners of a button, by the element that Streamlit gives it.
const undone = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  const { frame, label, help } = JSON.parse(new TextDecoder().decode(data))
  undone.get(parentElement)?.()
  if (!document.fullscreenEnabled) return
  const find = () => document.querySelector(`.${CSS.escape(frame)}`)
  const show = () => {
    const shown = find()
    if (!shown) return
    // A full screen is black where its element has no ground of its own.
    const page = document.querySelector(".stApp") ?? document.body
    const ground = getComputedStyle(page).backgroundColor
    Object.assign(shown.style, { background: ground, overflow: "auto", padding: "1.5rem" })
    shown.requestFullscreen()
  }
  const report = () => {
    const shown = find()
    const isFull = Boolean(shown) && document.fullscreenElement === shown
    if (!isFull) shown?.removeAttribute("style")
    setStateValue("is_full", isFull)
  }
  const leave = ({ key }) => {
    if (key === "Escape" && document.fullscreenElement) document.exitFullscreen()
  }
  const made = parentElement.querySelector("button") ?? element("button", { type: "button" })
  made.textContent = label
  made.title = help
  made.onclick = show
  if (!made.isConnected) parentElement.append(made)
  document.addEventListener("fullscreenchange", report)
  document.addEventListener("keydown", leave)
  const undo = () => {
    document.removeEventListener("fullscreenchange", report)
    document.removeEventListener("keydown", leave)
  }
  undone.set(parentElement, undo)
  return undo
}
