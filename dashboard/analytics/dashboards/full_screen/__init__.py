"""A dashboard on a whole screen, as on a wall: without what is around its cards.

The browser's own full screen shows one element of the page alone, and is left by Escape
as any other. Browsers that have none, such as those of iPhones, get no button.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.ui.language import gettext as _
from dashboard.ui.scripts import ELEMENTS, read_script

_HERE: Final = Path(__file__).parent
# A screen that nobody touches is drawn anew: what was told ten minutes ago is counted.
REFRESHED_EVERY: Final = timedelta(minutes=5)

_mount = st.components.v2.component(
    "chartroom.full_screen",
    css=(_HERE / "full_screen.css").read_text(encoding="utf-8"),
    js=read_script(ELEMENTS, _HERE / "full_screen.js"),
)


def full_screen_button(shown: str, *, key: str) -> bool:
    """Draw the button that shows a container alone; tell whether it is shown so now.

    `shown` is the container's key.
    """
    drawn = {
        "frame": f"st-key-{shown}",
        "label": _("Full screen"),
        "help": _("The cards alone, refreshed every five minutes; Escape leaves it"),
    }
    result = _mount(
        key=key,
        data=json.dumps(drawn).encode(),
        width="content",
        on_is_full_change=_nothing,
    )
    return bool(result.is_full)


def _nothing() -> None:
    """Take part in the protocol: a state needs a callback to be reported at all."""
