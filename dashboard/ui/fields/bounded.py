"""Fields with a maximum length: longer text stays, and is refused in a sentence.

Streamlit's own bound, `max_chars`, silently drops everything pasted beyond it, so these
fields do without. They show how much was typed once it comes near the bound.
"""

from typing import Any, Final

import streamlit as st

from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.words import plain

# From this share of the maximum on, the count is shown.
_NEAR: Final = 0.8


def bounded_line(
    label: str, value: str = "", *, longest: int, key: str, **options: Any
) -> str:
    """Ask for a line of at most `longest` characters; return what was typed.

    The browser, which others at the desk use as well, does not keep it.
    """
    options = {"autocomplete": "off"} | options
    with st.container(gap="small"):
        typed = st.text_input(label, value, key=key, **options) or ""
        _say_how_long(label, typed, longest)
    return typed


def bounded_area(
    label: str, value: str = "", *, longest: int, key: str, **options: Any
) -> str:
    """Ask for a text of at most `longest` characters; return what was typed."""
    with st.container(gap="small"):
        typed = st.text_area(label, value, key=key, **options) or ""
        _say_how_long(label, typed, longest)
    return typed


def _say_how_long(label: str, typed: str, longest: int) -> None:
    length = len(typed.strip())
    if length > longest:
        # As large as the field's label.
        st.caption(
            _(
                ":red[:material/error: {field} has {length} characters; the limit is "
                "{longest}. Shorten it.]"
            ).format(
                field=plain(label), longest=decimal(longest), length=decimal(length)
            )
        )
    elif length > longest * _NEAR:
        st.caption(
            _("{length} of {longest} characters").format(
                length=decimal(length), longest=decimal(longest)
            )
        )
