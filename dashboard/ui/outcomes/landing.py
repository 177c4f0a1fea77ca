"""Where the focus goes after an act: to what has come of it.

Streamlit draws a page anew and leaves the focus nowhere if what had it is gone. A
script of every page (`focus.js` beside the session's watch) leads it to the first field
that was refused, to the title of another page, and otherwise to the container that says
here that it is what an act has made.
"""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def landing(name: str, **options: Any) -> DeltaGenerator:
    """Return a container that gets the focus when it appears after an act.

    `name` says of what it is, so that the next of its kind has another. The options are
    those of any container.
    """
    return st.container(key=f"landing_{name}", **options)
