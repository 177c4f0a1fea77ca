"""How long something still lasts, counted down in the browser.

The server is not asked during the countdown; it is told once, when the time is over.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from dashboard.ui.scripts import ELEMENTS, UNSEEN, read_joined

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "chartroom.countdown",
    css=read_joined(UNSEEN, _HERE / "countdown.css"),
    js=read_joined(ELEMENTS, _HERE / "countdown.js"),
)


@dataclass(frozen=True, slots=True)
class Countdown:
    """What is counted down, in seconds by the database's clock at the time it was read.

    `leaving` has the addresses that the browser calls when its page is closed or left.
    """

    label: str
    seconds_left: float
    seconds_in_all: float
    leaving: tuple[str, ...]


def countdown(shown: Countdown, *, key: str) -> bool:
    """Show the countdown; return whether it has ended since the last run."""
    result = _mount(
        key=key, data=json.dumps(asdict(shown)).encode(), on_ended_change=_nothing
    )
    return result.ended is not None


def _nothing() -> None:
    """Do nothing: without a callback, Streamlit does not report a trigger at all."""
