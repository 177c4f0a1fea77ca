"""First, previous, next, last: paging through a list that is read by position."""

from dataclasses import dataclass, field
from uuid import UUID

import streamlit as st

from dashboard.ui.language import decimal, gettext as _
from services.lists.criteria import Count
from services.lists.pages import USUAL_SIZE, PagePosition


@dataclass(frozen=True, slots=True)
class _Turned:
    """The position in the list of a mark, and the number of the page there.

    A page begins at a row and not at a number, so the number counts pages turned; None
    where it is not known how many pages come before the last one.
    """

    mark: str
    position: PagePosition = field(default_factory=PagePosition)
    number: int | None = 1


def position(page: str, mark: str) -> PagePosition:
    """Return the position in the list with this mark; a new list starts at the top."""
    return _turned(page, mark).position


def pager(
    page: str,
    mark: str,
    *,
    previous: UUID | None,
    next_: UUID | None,
    count: Count | None = None,
) -> None:
    """Draw the four buttons and the page's number; those without a target are off."""
    if previous is None and next_ is None:
        return
    number = _turned(page, mark).number
    pages = _pages(count)
    before = None if number is None else max(1, number - 1)
    after = None if number is None else number + 1
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for key, name, icon, turned, is_open in (
            ("first", _("First"), "first_page", _Turned(mark), previous),
            (
                "previous",
                _("Previous"),
                "chevron_left",
                _Turned(mark, PagePosition(before=previous), before),
                previous,
            ),
            (
                "next",
                _("Next"),
                "chevron_right",
                _Turned(mark, PagePosition(after=next_), after),
                next_,
            ),
            (
                "last",
                _("Last"),
                "last_page",
                _Turned(mark, PagePosition(last=True), pages),
                next_,
            ),
        ):
            st.button(
                name,
                key=f"{page}_{key}",
                icon=f":material/{icon}:",
                disabled=is_open is None,
                on_click=_go,
                args=(page, turned),
            )
        if number is not None:
            st.caption(_where(number, pages), width="content")


def _where(number: int, pages: int | None) -> str:
    if pages is None:
        return _("Page {number}").format(number=decimal(number))
    # Rows may have been archived since.
    return _("Page {number} of {pages}").format(
        number=decimal(min(number, pages)), pages=decimal(pages)
    )


def _pages(count: Count | None) -> int | None:
    """Return the number of pages of the list, if it was counted to its end."""
    if count is None or not count.is_exact:
        return None
    return max(1, -(-count.value // USUAL_SIZE))


def _turned(page: str, mark: str) -> _Turned:
    turned: _Turned = st.session_state.get(f"{page}_position", _Turned(mark))
    return turned if turned.mark == mark else _Turned(mark)


def _go(page: str, turned: _Turned) -> None:
    st.session_state[f"{page}_position"] = turned
