"""The foot of a dialog: what it asks about, and the way out."""

import streamlit as st


def confirmed(
    label: str, *, key: str, is_final: bool = False, otherwise: str = "Cancel"
) -> bool:
    """Offer to do it beside leaving it; tell whether it is to be done.

    What cannot be undone is written in red. `otherwise` names the way out where
    "Cancel" could mean the deed itself.
    """
    with st.container(horizontal=True):
        wanted = st.button(
            f":red[{label}]" if is_final else label,
            type="secondary" if is_final else "primary",
            key=key,
        )
        if st.button(otherwise, key=f"{key}_not", type="tertiary"):
            # The dialog is gone in the next run.
            st.rerun()
    return wanted
