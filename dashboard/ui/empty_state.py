"""What is shown where there is nothing yet: one sentence, and what to do next."""

import streamlit as st


def empty_state(sentence: str, *, icon: str, action: str = "", key: str = "") -> bool:
    """Show the sentence; return whether the action was chosen."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.markdown(
            # An en space: some icons are as wide as their box.
            f":gray[:material/{icon}:\u2002{sentence}]",
            text_alignment="center",
        )
        return bool(action) and st.button(action, key=key)
