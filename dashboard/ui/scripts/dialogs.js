// The dialogs that are open, the topmost last: Streamlit's own and ours.
const openDialogs = () =>
  [...document.querySelectorAll('[role="dialog"], dialog[open]')].filter((dialog) =>
    dialog.checkVisibility(),
  )
