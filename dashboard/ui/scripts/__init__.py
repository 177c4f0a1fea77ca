"""What the scripts of our components and pages share, put before each of them."""

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
# How elements are made, and how arrow keys lead through buttons in columns.
ELEMENTS: Final = _HERE / "elements.js"
COLUMNS: Final = _HERE / "button_columns.js"
# Which dialogs are open.
DIALOGS: Final = _HERE / "dialogs.js"


def read_script(*files: Path) -> str:
    """Return these scripts as the one that Streamlit takes for a component."""
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
