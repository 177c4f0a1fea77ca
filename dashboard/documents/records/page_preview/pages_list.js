// The list of a document's pages beside it: small pictures that lead to each.

class PageList {
  constructor(preview, { thumbnail, pages }) {
    this.preview = preview
    this.box = element("nav", { class: "list", "aria-label": translate("List of pages") })
    this.items = Array.from({ length: pages }, (_, index) => {
      // Out of sight they are not asked for, and no page waits for them.
      const picture = element("img", {
        alt: "",
        fetchpriority: "low",
        loading: "lazy",
        src: `${thumbnail}?page=${index + 1}`,
      })
      // The number leads there also without a picture.
      picture.onerror = () => picture.remove()
      const item = element(
        "button",
        { type: "button", "aria-label": translate("Go to page {page}", { page: index + 1 }) },
        element("span", { class: "small" }, picture),
        element("span", {}, String(index + 1)),
      )
      item.onclick = () => preview.show(index + 1)
      return item
    })
    this.box.append(...this.items)
    this.button = tool("left_panel_open", translate("List of pages"), "l", () => this.toggle())
  }

  toggle(isOpen = this.box.hidden) {
    this.box.hidden = !isOpen
    this.button.setAttribute("aria-pressed", String(isOpen))
    this.mark(this.preview.current)
  }

  mark(current) {
    this.items.forEach((item, index) => {
      if (index + 1 === current) item.setAttribute("aria-current", "page")
      else item.removeAttribute("aria-current")
    })
    if (this.box.hidden) return
    const { box } = this
    const item = this.items[current - 1]
    // Not scrollIntoView, which would move the page around the document as well.
    box.scrollTop = item.offsetTop - (box.clientHeight - item.offsetHeight) / 2
    box.scrollLeft = item.offsetLeft - (box.clientWidth - item.offsetWidth) / 2
  }

  turn(page, turns) {
    this.items[page - 1].dataset.turns = String(turns)
  }
}
