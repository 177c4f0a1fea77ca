"""The top of a page: breadcrumbs, title, main action and help."""

from dataclasses import dataclass, replace
from html import escape
from typing import Final
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.navigation import PageAbove, pages_above
from dashboard.ui.guide import show_help_button
from dashboard.ui.language import gettext as _

_TRAIL: Final = "breadcrumbs"
_IS_TITLED: Final = "page_is_titled"


@dataclass(slots=True)
class _Trail:
    """The breadcrumbs of the page that is drawn, and the place for them."""

    place: DeltaGenerator
    pages: list[PageAbove]

    def show(self) -> None:
        """Draw what is known: a page about somebody appears once it has their name."""
        *above, here = [page for page in self.pages if page.title]
        if not above:
            return
        items = [
            f'<li><a href="{escape(page.url)}">{escape(page.title)}</a></li>'
            for page in above
        ]
        items.append(f'<li aria-current="page">{escape(here.title)}</li>')
        self.place.html(
            f'<nav class="chartroom-trail" aria-label="{escape(_("Breadcrumbs"))}">'
            f"<ol>{''.join(items)}</ol></nav>"
        )


def show_breadcrumbs(page: str) -> None:
    """Show the breadcrumbs of the page with this address; the shell calls this."""
    st.session_state.pop(_TRAIL, None)
    st.session_state.pop(_IS_TITLED, None)
    if pages := pages_above(page):
        trail = st.session_state[_TRAIL] = _Trail(st.empty(), list(pages))
        trail.show()


def name_breadcrumb(page: str, title: str, **query: str) -> None:
    """Name the page with this address, which is the current page or on the way to it.

    `query` are the parameters that lead to it. If it is not on the way, nothing
    happens.
    """
    trail: _Trail | None = st.session_state.get(_TRAIL)
    if trail is None or page not in {each.page for each in trail.pages}:
        return
    trail.pages = [
        replace(each, title=title, url=f"/{page}?{urlencode(query)}")
        if each.page == page
        else each
        for each in trail.pages
    ]
    trail.show()


def page_header(title: str) -> DeltaGenerator:
    """Show the title; return the place for the page's action."""
    st.session_state[_IS_TITLED] = True
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.title(title, anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            action = st.container(horizontal=True, width="content")
            show_help_button()
        return action


def require_title(title: str) -> None:
    """Show this title on a page that was refused before it had one of its own."""
    if _IS_TITLED not in st.session_state:
        page_header(title)
