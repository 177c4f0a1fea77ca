"""Recently arrived documents, for first pages: how many, and the newest."""

from datetime import date, timedelta
from typing import Final

import streamlit as st

from dashboard.context import CachedRead, current_actor, now, read, read_all
from dashboard.documents.inbox.inbox_list import inbox_counts
from dashboard.documents.records.document_addresses import document_page
from dashboard.documents.records.document_words import kind_of
from dashboard.navigation import go
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.figures import Figure
from dashboard.ui.language import decimal, gettext as _, marked, weekday_and_number
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, name_in_list
from services.core.actors import Role
from services.documents.search.latest import (
    LatestDocument,
    count_arrivals,
    list_latest,
)

_WEEK: Final = 7
_SECONDS: Final = 60.0
_INBOX: Final = "documents/inbox.py"
_COLUMNS: Final = (
    Column(marked("Document")),
    Column(marked("Received"), is_whole=True),
)


def _arrivals() -> tuple[tuple[date, int], ...]:
    actor, timestamp = current_actor(), now()
    first = timestamp.date() - timedelta(days=2 * _WEEK - 1)
    return read(
        lambda session: count_arrivals(session, actor, first, timestamp),
        keep=("arrivals", actor.id, first),
        seconds=_SECONDS,
    )


def arrival_figure() -> Figure:
    """Return how many documents wait in the inbox, beside how many came."""
    arrivals, counts = _arrivals(), inbox_counts()
    latest = sum(number for __, number in arrivals[_WEEK:])
    before = sum(number for __, number in arrivals[:_WEEK])
    return Figure(
        _("Inbox"),
        decimal(counts.mine + counts.unassigned),
        _(
            "Incoming documents: {mine} assigned to you, {unassigned} to nobody; the "
            "bars show all arrivals by day."
        ).format(mine=decimal(counts.mine), unassigned=decimal(counts.unassigned)),
        latest - before,
        _("arrivals vs the week before"),
        [(weekday_and_number(day), number) for day, number in arrivals],
        page=_INBOX,
        link=_("Inbox"),
    )


def latest_read(days: int) -> CachedRead[tuple[LatestDocument, ...]]:
    """Return the read that `show_latest` needs."""
    actor, since = current_actor(), now() - timedelta(days=days)
    return CachedRead(
        lambda session: list_latest(session, actor, since),
        keep=("latest documents", actor.id, days),
        seconds=_SECONDS,
    )


def _paper(document: LatestDocument) -> Cell:
    kind = kind_of(document.document_type, stated=document.stated_by_patient)
    what = f"{kind}: {name_in_list(document) or _('unfiled')}"
    if document.urgent:
        return Cell(
            _("Urgent: {what}").format(what=what),
            "danger",
            "priority_high",
        )
    return Cell(what)


@st.fragment
def show_latest(title: str, *, days: int = _WEEK) -> None:
    """List the newest documents that others filed, urgent ones first.

    Each leads to its page.
    """
    with error_boundary():
        st.subheader(title, anchor=False)
        latest: tuple[LatestDocument, ...]
        (latest,) = read_all(latest_read(days))
        is_own = current_actor().role is Role.PATIENT
        if not latest:
            # Documents that patients filed themselves are listed elsewhere on their
            # page.
            none = (
                _("The clinic has filed no documents for you in the last {days} days.")
                if is_own
                else _("None in the last {days} days.")
            )
            st.caption(none.format(days=days))
            return
        rows = [
            Row(
                str(document.id),
                (
                    Cell(document.title) if is_own else _paper(document),
                    Cell(at(document.created_at)),
                ),
                url=document_page(document.id),
            )
            for document in latest
        ]
        event = record_table(_COLUMNS, rows, name=title, key="home_latest_documents")
        if event.opened:
            go("documents/document.py", document=event.opened)
