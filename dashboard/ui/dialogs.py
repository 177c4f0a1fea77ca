"""What opens over a page: dialogs, with the way out at their foot, and menus."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from dashboard.ui.language import gettext as _

P = ParamSpec("P")


def dialog(
    title: str, **options: Any
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function draw a dialog; its `title` is translated when it is opened."""

    def decorate(show: Callable[P, None]) -> Callable[P, None]:
        @wraps(show)
        def opened(*args: P.args, **kwargs: P.kwargs) -> None:
            st.dialog(_(title), **options)(show)(*args, **kwargs)

        return opened

    return decorate


def confirmed(
    label: str, *, key: str, is_final: bool = False, otherwise: str = ""
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
        if st.button(otherwise or _("Cancel"), key=f"{key}_not", type="tertiary"):
            # The dialog is gone in the next run.
            st.rerun()
    return wanted


def menu(label: str, *, key: str, icon: str) -> PopoverContainer:
    """Return what stands under a button, until `leave_menu` is called with its key."""
    if st.session_state.pop(_left(key), False):
        st.session_state[key] = False
    return st.popover(label, key=key, icon=icon, on_change="rerun")


def leave_menu(key: str) -> None:
    """Let the menu be closed in the next run: what was asked for lies below it."""
    st.session_state[_left(key)] = True


def _left(key: str) -> str:
    return f"{key}_left"
