"""The first line of a page: its title, and its main action on the right."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def page_header(title: str) -> DeltaGenerator:
    """Show the title; return the place for the page's action."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.title(title, anchor=False, width="content")
        return st.container(horizontal=True, width="content")
