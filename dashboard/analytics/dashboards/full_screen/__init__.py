"""A dashboard on a full screen, as on a wall: the cards without their surroundings.

The browser's own full screen shows one element of the page alone, and Escape leaves it
as any other. Browsers without it, such as those of iPhones, get no button.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.ui.language import gettext as _
from dashboard.ui.scripts import ELEMENTS, read_joined

_HERE: Final = Path(__file__).parent
# A screen that nobody touches is redrawn; numbers disclosed ten minutes ago are counted
# again.
REFRESHED_EVERY: Final = timedelta(minutes=5)

_mount = st.components.v2.component(
    "chartroom.full_screen",
    css=(_HERE / "full_screen.css").read_text(encoding="utf-8"),
    js=read_joined(ELEMENTS, _HERE / "full_screen.js"),
)


def show_full_screen_button(shown: str, *, key: str) -> bool:
    """Draw the button that shows a container alone; return whether it is shown so now.

    `shown` is the container's key.
    """
    drawn = {
        "frame": f"st-key-{shown}",
        "label": _("Full screen"),
        "help": _(
            "Only the cards, refreshed every five minutes; press Escape to leave"
        ),
    }
    result = _mount(
        key=key,
        data=json.dumps(drawn).encode(),
        width="content",
        on_is_full_change=_nothing,
    )
    return bool(result.is_full)


def _nothing() -> None:
    """Do nothing; Streamlit reports a state only if it has a callback."""
