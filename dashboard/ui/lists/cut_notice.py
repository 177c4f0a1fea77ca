"""What is shown below a list of which only a part is shown."""

from typing import Any

import streamlit as st


def offer_more(said: str, label: str, *, key: str, **button: Any) -> bool:
    """Say that a list is cut, and offer the rest; return whether it is asked for.

    `button` has further options of `st.button`.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/more_horiz: {said}", width="content")
        return st.button(label, key=key, **button)
