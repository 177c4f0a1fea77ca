"""Dialogs: their titles in the language of the page, and the way out at their foot."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import streamlit as st

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
