"""Who follows whom, as a picture: to the right on a desk, downwards on a phone."""

import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from dashboard.cluster.monitoring.topology.drawing import draw_deep, draw_wide
from dashboard.cluster.monitoring.topology.placing import (
    Line as Line,
    ServerBox as ServerBox,
    Tone as Tone,
)

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "chartroom.topology",
    css=(_HERE / "topology.css").read_text(encoding="utf-8"),
    js=(_HERE / "topology.js").read_text(encoding="utf-8"),
)


def show_topology(boxes: Sequence[ServerBox], *, description: str, key: str) -> None:
    """Draw the servers; `description` is the same as text, for screen readers."""
    drawn = {
        "wide": draw_wide(boxes),
        "deep": draw_deep(boxes),
        "description": description,
    }
    _mount(key=key, data=json.dumps(drawn).encode())
