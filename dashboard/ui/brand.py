"""Chartroom's own mark, for the browser's tab and the corner of every page."""

from base64 import b64encode
from pathlib import Path
from typing import Final

_PICTURE: Final = Path(__file__).with_name("favicon.png").read_bytes()

# A data URL that carries the picture: Streamlit would open and store a file in each
# run, and would fetch a named icon from Google.
MARK: Final = f"data:image/png;base64,{b64encode(_PICTURE).decode('ascii')}"
