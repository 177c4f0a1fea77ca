// Draws the cards anew only when something has changed, so that text stays selected.

const shown = new WeakMap()

const card = ({ name, part, icon, tone, state, facts, url }) =>
  element(
    "article",
    { "aria-label": name },
    element(
      "header",
      {},
      element("h3", {}, url ? element("a", { href: url }, name) : name),
      element(
        "span",
        { class: "badge", "data-tone": tone },
        element("span", { class: "icon", "aria-hidden": "true" }, icon),
        part,
      ),
    ),
    element("p", { class: "state" }, state),
    element(
      "dl",
      {},
      ...facts.flatMap(({ label, text, tone: how }) => [
        element("dt", {}, label),
        element("dd", { "data-tone": how }, text),
      ]),
    ),
  )

export default function ({ data, parentElement }) {
  const text = new TextDecoder().decode(data)
  if (shown.get(parentElement) === text) return
  shown.set(parentElement, text)
  const frame = element("div", { class: "frame" }, ...JSON.parse(text).map(card))
  const before = parentElement.querySelector(".frame")
  if (before) before.replaceWith(frame)
  else parentElement.append(frame)
}
