"""The parts of a page as tabs, of which only the open one is read and drawn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from dashboard.ui.language import gettext as _


@contextmanager
def part_tabs(names: Sequence[str], *, key: str, address: str = "") -> Iterator[str]:
    """Draw the tabs; yield the name of the open one, inside of it.

    With `address`, a parameter of that name in the page's address says which tab is
    open, so that a link can lead to it; the first one needs none.
    """
    # Grey, because Streamlit writes the open tab in the primary colour, which is too
    # dark on the dark background; the line below shows which tab is open.
    labels = {name: f":gray[{_(name)}]" for name in names}
    if address:
        _follow_address(labels, key, address)
    tabs = st.tabs(list(labels.values()), key=key, on_change=_choose, args=(key,))
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            if address:
                _put_into_address(name, key, address, is_first=name == names[0])
            with tab:
                yield name
            return
    yield ""


def begins_with_first(*, key: str, address: str) -> bool:
    """Return, before the tabs are drawn, whether a page begins with its first part."""
    return address not in st.query_params and key not in st.session_state


def _choose(key: str) -> None:
    st.session_state[f"{key}_chosen"] = True


def _follow_address(labels: dict[str, str], key: str, address: str) -> None:
    """Open the tab that the address names, unless the address only follows the tabs."""
    named = st.query_params.get(address, "")
    # If somebody chooses twice quickly, the address that the browser sends is behind.
    is_chosen = st.session_state.pop(f"{key}_chosen", False)
    is_known = is_chosen or named == st.session_state.get(f"{key}_address")
    # The open tab is forgotten with the page, but the address that was set is not.
    if key in st.session_state and is_known:
        return
    known = {_spelt(name): label for name, label in labels.items()}
    st.session_state[key] = known.get(named, next(iter(labels.values())))


def _put_into_address(name: str, key: str, address: str, *, is_first: bool) -> None:
    spelt = "" if is_first else _spelt(name)
    st.session_state[f"{key}_address"] = spelt
    if spelt != st.query_params.get(address, ""):
        if spelt:
            st.query_params[address] = spelt
        else:
            del st.query_params[address]


def _spelt(name: str) -> str:
    return name.lower().replace(" ", "-")
