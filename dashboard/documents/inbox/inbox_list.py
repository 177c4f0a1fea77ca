"""The list of the inbox: what came in, of which patient, and who is to look at it."""

from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, now, read
from dashboard.documents.inbox.assigning import ask_assignee, finish
from dashboard.documents.records.document_addresses import document_page
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import decimal, gettext as _, marked, pgettext
from dashboard.ui.lists.cut_notice import offer_more
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import at, name_in_list
from services.documents import inbox
from services.documents.inbox import InboxCounts, InboxItem, InboxPage, InboxView
from services.documents.records.kinds import TYPE_LABELS

_SECONDS: Final = 30.0
_AT_A_TIME: Final = 200
# How many pages of a part of the inbox are shown.
_PARTS: Final = "inbox_pages_{}"
_ASSIGN: Final = "assign"
_EMPTY: Final = {
    InboxView.MINE: marked("Nothing is assigned to you."),
    InboxView.UNASSIGNED: marked("All incoming documents are assigned or done."),
    InboxView.EVERYBODY: marked("All incoming documents are done."),
}


def inbox_counts() -> InboxCounts:
    """Return how many documents wait for this person."""
    actor, timestamp = current_actor(), now()
    return read(
        lambda session: inbox.count_inbox(session, actor, timestamp),
        keep=("inbox counts", actor.id),
        seconds=_SECONDS,
    )


def show_inbox(view: InboxView) -> None:
    """Show a part of the inbox, and carry out the action chosen for a document."""
    items, is_cut = _listed(view)
    if not items:
        empty_state(_(_EMPTY[view]), icon="inbox")
        return
    event = record_table(
        _columns(), list(map(_row, items)), name=_("Inbox"), key="inbox_table"
    )
    if is_cut:
        _offer_more(view, len(items))
    if event.opened:
        go("documents/document.py", document=event.opened)
    item = chosen_of(event, items, lambda each: each.id)
    if item and event.action:
        if event.action[1] == _ASSIGN:
            ask_assignee(item)
        else:
            finish(item)
            st.rerun()


def _listed(view: InboxView) -> tuple[list[InboxItem], bool]:
    """Return the pages of the inbox to be shown, and whether there are more."""
    items: list[InboxItem] = []
    after: UUID | None = None
    for _number in range(st.session_state.get(_PARTS.format(view.name), 1)):
        page = _page(view, after)
        items += page.items
        after = page.next
        if after is None:
            break
    return items, after is not None


def _page(view: InboxView, after: UUID | None) -> InboxPage:
    actor, timestamp = current_actor(), now()
    return read(
        lambda session: inbox.list_inbox(
            session, actor, view, timestamp, after=after, limit=_AT_A_TIME
        ),
        keep=("inbox", actor.id, view, after),
        seconds=_SECONDS,
    )


def _offer_more(view: InboxView, number: int) -> None:
    """Say that the list is cut, and offer the next page."""
    first = _("The first {number} are shown: urgent ones first, then the oldest.")
    offer_more(
        first.format(number=decimal(number)),
        _("Show more"),
        key="inbox_more",
        on_click=_show_more,
        args=(view,),
    )


def _show_more(view: InboxView) -> None:
    parts = _PARTS.format(view.name)
    st.session_state[parts] = st.session_state.get(parts, 1) + 1


def _row(item: InboxItem) -> Row:
    kind = _(TYPE_LABELS[item.document_type])
    return Row(
        str(item.id),
        (
            Cell(item.title),
            Cell(_("Urgent: {what}").format(what=kind), "danger", "priority_high")
            if item.urgent
            else Cell(kind),
            Cell(name_in_list(item))
            if item.patient_id
            else Cell(_("Unfiled"), "warn", "move_to_inbox"),
            Cell(item.created_by_name),
            Cell(at(item.created_at)),
            Cell(item.assignee.name if item.assignee else _("Nobody")),
            Cell("", actions=_actions()),
        ),
        document_page(item.id),
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column(_("Name")),
        Column(_("Type")),
        Column(_("Patient")),
        Column(pgettext("sender", "From")),
        Column(_("Received"), is_whole=True),
        Column(_("Assigned to")),
        Column(_("Actions")),
    )


def _actions() -> tuple[RowAction, ...]:
    done = pgettext("inbox", "Done")
    return (
        RowAction(_ASSIGN, _("Assign to"), "assignment_ind", shows_label=True),
        RowAction("done", done, "task_alt", shows_label=True),
    )
