"""The scripts that our components and pages share, put before each of theirs."""

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
# Makes elements; and moves the focus by arrow keys through buttons in columns.
ELEMENTS: Final = _HERE / "elements.js"
COLUMNS: Final = _HERE / "button_columns.js"
# Knows which dialogs are open.
DIALOGS: Final = _HERE / "dialogs.js"


def read_script(*files: Path) -> str:
    """Return these scripts as one, which is what Streamlit takes for a component."""
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
