"""Short messages that survive a change of page."""

import streamlit as st

_KEY = "notices_waiting"
# Long enough to be read; they cover what one may want to click next.
_SECONDS = 5


def notify(message: str, *, icon: str = "check_circle") -> None:
    """Show a short message on this page or on the next one that is shown."""
    st.session_state.setdefault(_KEY, []).append((message, icon))


def show_notices() -> None:
    """Show the waiting messages; the shell calls this before each page."""
    for message, icon in st.session_state.pop(_KEY, []):
        st.toast(message, icon=f":material/{icon}:", duration=_SECONDS)
