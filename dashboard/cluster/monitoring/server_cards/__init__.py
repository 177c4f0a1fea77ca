"""The servers side by side, each with all its facts."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from dashboard.ui.scripts import BADGES, ELEMENTS, read_joined

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "chartroom.server_cards",
    css=read_joined(BADGES, _HERE / "cards.css"),
    js=read_joined(ELEMENTS, _HERE / "cards.js"),
)

Tone = Literal["info", "ok", "warn", "danger", "muted"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a card; it stands out if its tone marks a problem."""

    label: str
    text: str
    tone: Literal["plain", "warn", "danger"] = "plain"


@dataclass(frozen=True, slots=True)
class Card:
    """One server: its name, its part in the cluster, its state in a sentence, facts.

    `url` is where its name links to, empty for nowhere.
    """

    name: str
    part: str
    icon: str
    tone: Tone
    state: str
    facts: tuple[Fact, ...]
    url: str


def show_server_cards(cards: Sequence[Card], *, key: str) -> None:
    """Show the servers."""
    _mount(key=key, data=json.dumps([asdict(card) for card in cards]).encode())
