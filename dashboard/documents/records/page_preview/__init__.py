"""The pages of a document as pictures, fetched one by one as they come into view.

The pictures are made on the server, so nothing of what a PDF can hold runs in the
browser. They come from our own route, which asks who is looking each time.
"""

import json
from pathlib import Path
from uuid import UUID

import streamlit as st

from dashboard.ui.language import gettext as _
from dashboard.ui.scripts import ELEMENTS, read_joined

_HERE = Path(__file__).parent

# One module in three files, since a component takes one.
_SCRIPTS = ("preview.js", "pages_list.js", "printing.js")

_mount = st.components.v2.component(
    "chartroom.page_preview",
    css=(_HERE / "preview.css").read_text(encoding="utf-8"),
    js=read_joined(ELEMENTS, *(_HERE / name for name in _SCRIPTS)),
    # A dialog traps the focus, and does not see buttons in a shadow root.
    isolate_styles=False,
)


def page_preview(document_id: UUID, number: int, pages: int, *, key: str) -> None:
    """Show the pages of one version, to be leafed through, turned and printed."""
    version = f"/files/documents/{document_id}/versions/{number}"
    drawn = {
        "base": f"{version}/pages/",
        "text": f"{version}/text.json",
        "thumbnail": f"{version}/thumbnail.png",
        "name": _("Pages of version {number}").format(number=number),
        "pages": pages,
    }
    _mount(key=key, data=json.dumps(drawn).encode())
