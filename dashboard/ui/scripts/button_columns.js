// Buttons in columns beside each other: one of them takes part in the order of Tab, and
// arrow keys lead from one to the next.
class ButtonColumns {
  // Selectors of a column and of a button, and the data by which buttons have a name and
  // lie beside each other. `wraps`: beyond the last column comes the column's next button.
  constructor({ column, button, id, line, wraps = false }) {
    this.parts = { column, button, id, line, wraps }
  }

  buttons() {
    return [...this.frame.querySelectorAll(this.parts.button)]
  }

  button(id) {
    const { id: name } = this.parts
    return id ? this.buttons().find((button) => button.dataset[name] === id) : undefined
  }

  rove(target) {
    for (const button of this.buttons()) button.tabIndex = button === target ? 0 : -1
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const from = event.target.closest?.(this.parts.button)
    const target = from && this.next(from, event.key)
    if (!target) return
    event.preventDefault()
    event.stopPropagation()
    target.focus()
  }

  next(from, key) {
    const columns = [...this.frame.querySelectorAll(this.parts.column)].map((column) => [
      ...column.querySelectorAll(this.parts.button),
    ])
    const column = columns.findIndex((buttons) => buttons.includes(from))
    const own = columns[column]
    const place = own.indexOf(from)
    const beyond = (step) => (this.parts.wraps ? own[place + step] : undefined)
    switch (key) {
      case "ArrowDown":
        return own[place + 1]
      case "ArrowUp":
        return own[place - 1]
      case "Home":
        return own[0]
      case "End":
        return own.at(-1)
      case "ArrowRight":
        return this.nearest(columns.slice(column + 1), from) ?? beyond(1)
      case "ArrowLeft":
        return this.nearest(columns.slice(0, column).reverse(), from) ?? beyond(-1)
    }
  }

  nearest(columns, from) {
    const { line } = this.parts
    const column = columns.find((buttons) => buttons.length)
    const away = (button) => Math.abs(button.dataset[line] - from.dataset[line])
    return column?.reduce((best, next) => (away(next) < away(best) ? next : best))
  }
}
