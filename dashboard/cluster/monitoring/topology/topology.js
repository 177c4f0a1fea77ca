// Shows what the server drew; its texts are escaped there.

const shown = new WeakMap()

export default function ({ data, parentElement }) {
  const text = new TextDecoder().decode(data)
  if (shown.get(parentElement) === text) return
  shown.set(parentElement, text)
  const { wide, deep, description } = JSON.parse(text)
  let frame = parentElement.querySelector(".frame")
  if (!frame) {
    frame = document.createElement("div")
    frame.className = "frame"
    frame.setAttribute("role", "img")
    frame.innerHTML = '<div class="wide"></div><div class="deep"></div>'
    parentElement.append(frame)
  }
  frame.setAttribute("aria-label", description)
  frame.querySelector(".wide").innerHTML = wide
  frame.querySelector(".deep").innerHTML = deep
}
