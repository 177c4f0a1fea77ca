"""Where the focus goes after an act: to its outcome.

Streamlit redraws a page and leaves the focus nowhere if the focused element is gone. A
script of every page (`focus.js` beside the session's watch) moves it to the first field
that was refused, to the title of another page, and otherwise to the container that is
marked here as the outcome of the act.
"""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def landing(name: str, **options: Any) -> DeltaGenerator:
    """Return a container that gets the focus when it appears after an act.

    `name` identifies its subject, so that the next of its kind has another name. The
    options are those of any container.
    """
    return st.container(key=f"landing_{name}", **options)
