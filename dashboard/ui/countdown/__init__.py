"""How long something still lasts, counted down in the browser.

The server is not asked while it counts; it hears once that the time is over.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from dashboard.ui.scripts import ELEMENTS, read_script

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "chartroom.countdown",
    css=(_HERE / "countdown.css").read_text(encoding="utf-8"),
    js=read_script(ELEMENTS, _HERE / "countdown.js"),
)


@dataclass(frozen=True, slots=True)
class Countdown:
    """What is counted, in seconds by the database's clock when it was asked.

    `leaving` is where the browser says that its page was closed or left.
    """

    label: str
    seconds_left: float
    seconds_in_all: float
    leaving: tuple[str, ...] = ()


def countdown(shown: Countdown, *, key: str) -> bool:
    """Show the countdown; tell whether it has ended since the last run."""
    result = _mount(
        key=key, data=json.dumps(asdict(shown)).encode(), on_ended_change=_nothing
    )
    return result.ended is not None


def _nothing() -> None:
    """Take part in the protocol: a trigger needs a callback to be reported at all."""
