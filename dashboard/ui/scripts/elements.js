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

// A label within a sentence: German goes on writing its nouns with capitals.
const lowered = (label) => (document.documentElement.lang === "de" ? label : label.toLowerCase())

// What a component says, in the page's language: an English sentence is its own key, and
// names in braces what is put into it.
const translate = (sentence, values = {}) =>
  (window.chartroomWords?.[sentence] ?? sentence).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all)
