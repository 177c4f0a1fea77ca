"""Scripts and styles that our components and pages share, put before their own."""

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
# Makes elements; and moves the focus by arrow keys through buttons in columns.
ELEMENTS: Final = _HERE / "elements.js"
COLUMNS: Final = _HERE / "button_columns.js"
# Knows which dialogs are open.
DIALOGS: Final = _HERE / "dialogs.js"
# Writes record numbers as people read them.
RECORD_NUMBERS: Final = _HERE / "record_numbers.js"
# Hides what is read out only; and draws icons and badges.
UNSEEN: Final = _HERE / "unseen.css"
BADGES: Final = _HERE / "badges.css"


def read_joined(*files: Path) -> str:
    """Return these scripts, or styles, as the one that Streamlit takes."""
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
