"""What opens over a page: dialogs, with their way out at the bottom, and menus."""

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
    """Make a function draw a dialog; its `title` is translated when it is opened.

    Closed in its corner, or with Escape, it forgets what was typed and the page behind
    is drawn anew, as with Cancel.
    """
    # Without a run of the page, the fields of the closed dialog would still be filled
    # when it is opened the next time.
    options.setdefault("on_dismiss", "rerun")

    def decorate(show: Callable[P, None]) -> Callable[P, None]:
        @wraps(show)
        def opened(*args: P.args, **kwargs: P.kwargs) -> None:
            st.dialog(_(title), **options)(show)(*args, **kwargs)

        return opened

    return decorate


def confirmed(
    label: str,
    *,
    key: str,
    is_final: bool = False,
    is_disabled: bool = False,
    is_in_form: bool = False,
    icon: str | None = None,
    is_in_menu: bool = False,
    otherwise: str = "",
    on_cancel: Callable[[], None] | None = None,
) -> bool:
    """Draw a button for the act and one to cancel; return whether the act is confirmed.

    An act that cannot be undone is written in red, and one that lacks something is
    disabled. In a form it is the button that sends the form; in a menu it is alone,
    since that closes with a click beside it. `otherwise` is the label of the way out
    where "Cancel" could be taken for the act itself, and `on_cancel` is what closing
    the dialog in its corner does as well.
    """
    button = st.form_submit_button if is_in_form else st.button
    with st.container(horizontal=True):
        wanted = button(
            f":red[{label}]" if is_final else label,
            type="secondary" if is_final else "primary",
            key=key,
            icon=icon,
            disabled=is_disabled,
        )
        if not is_in_menu and button(
            otherwise or _("Cancel"), key=f"{key}_not", type="tertiary"
        ):
            if on_cancel:
                on_cancel()
            # The dialog is gone in the next run.
            st.rerun()
    return wanted


def menu(label: str, *, key: str, icon: str) -> PopoverContainer:
    """Return the popover under a button; `leave_menu` with its key closes it."""
    if st.session_state.pop(_left(key), False):
        st.session_state[key] = False
    return st.popover(label, key=key, icon=icon, on_change="rerun")


def was_opened(shown: PopoverContainer, field: str) -> bool:
    """Return whether a menu has been opened since the page was; draw its content then.

    A browser has no fields for a menu that was never opened, and what such a field
    begins with is lost with the next run. Once drawn, the content stays, so that
    closing the menu loses nothing that was typed. `field` is the key of a field in it.
    """
    return bool(shown.open) or field in st.session_state


def leave_menu(key: str) -> None:
    """Close the menu in the next run: what was asked for is drawn below it."""
    st.session_state[_left(key)] = True


def _left(key: str) -> str:
    return f"{key}_left"
