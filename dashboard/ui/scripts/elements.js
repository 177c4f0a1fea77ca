// Everything is set as text, never as HTML. What an attribute has no value for is left out.
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(attribute, value)
  }
  made.append(...children)
  return made
}

const icon = (name) =>
  element("span", { class: "icon", "aria-hidden": "true", translate: "no" }, name)
