"""The parts of a page as tabs, of which only the open one is read and drawn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st


@contextmanager
def part_tabs(names: Sequence[str], *, key: str) -> Iterator[str]:
    """Draw the tabs; yield the name of the open one, and be inside it."""
    # Grey, because Streamlit writes the open one in the primary colour, which is too
    # dark on the dark background; the line below shows which one it is.
    tabs = st.tabs([f":gray[{name}]" for name in names], key=key, on_change="rerun")
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            with tab:
                yield name
            return
    yield ""
