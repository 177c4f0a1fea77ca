"""What was done to the servers, what happened to them, and what it cost."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Final

import streamlit as st

from dashboard.cluster.operations.cost_details import (
    describe_operation,
    show_details,
    who_did,
    why_done,
)
from dashboard.context import CachedRead, current_actor, read_all
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked
from dashboard.ui.measures import amount, seconds
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import to_the_second
from services.cluster import monitoring
from services.cluster.monitoring import Operation

_PAGE: Final = 50
_BEFORE: Final = "history_before"
_OPENED: Final = "history_opened"
_COLUMNS: Final = (
    Column(marked("When"), is_whole=True),
    Column(marked("What")),
    Column(marked("Who")),
    Column(marked("Why")),
    Column(marked("Writers waited")),
    Column(marked("Lost")),
    Column(marked("State")),
    Column(""),
)
_STATES: Final = {
    "scheduled": Cell(marked("Scheduled"), "info", "schedule"),
    "running": Cell(marked("Running"), "info", "progress_activity"),
    "done": Cell(marked("Done"), "ok", "check"),
    "failed": Cell(marked("Failed"), "danger", "error"),
    "cancelled": Cell(marked("Called off"), "muted", "block"),
}
_WAITED: Final = {
    "switchover": marked("Switchovers: writers waited"),
    "failover": marked("Failovers: writers waited"),
}


@st.fragment(run_every="5s")
def show_history() -> None:
    """Show the newest operations, rerun every few seconds on the first page."""
    with error_boundary():
        before: datetime | None = st.session_state.get(_BEFORE)
        operations = _read(before)
        if not operations:
            empty_state(
                _("Nothing yet: no switchover, and no server was lost."),
                icon="history",
            )
            return
        show_totals(operations)
        chosen = _show_table(operations)
        _show_pager(operations, before)
        if chosen is not None:
            # Opened by the page: this fragment's next run would close it again.
            st.session_state[_OPENED] = chosen
            st.rerun()


def show_chosen() -> None:
    """Show all about the chosen operation, once."""
    chosen: Operation | None = st.session_state.pop(_OPENED, None)
    if chosen is not None:
        show_details(chosen)


def show_totals(operations: Sequence[Operation]) -> None:
    """Show the total cost of changes of the primary."""
    measured = {
        kind: [
            operation.downtime_seconds
            for operation in operations
            if operation.kind == kind and operation.downtime_seconds is not None
        ]
        for kind in _WAITED
    }
    lost = sum(operation.lost_writes or 0 for operation in operations)
    with st.container(horizontal=True):
        for kind, waits in measured.items():
            typical = seconds(median(waits)) if waits else _("none yet")
            about = _("The median of {count}.").format(count=len(waits))
            if waits:
                worst = _("{span} at most.").format(span=seconds(max(waits)))
                about = f"{about} {worst}"
            st.metric(
                _(_WAITED[kind]),
                typical,
                help=about,
                border=True,
                width=230,
            )
        st.metric(
            _("Acknowledged writes lost"),
            decimal(lost),
            help=_("Counted row by row where possible, otherwise proven by positions."),
            border=True,
            width=230,
        )


def _read(before: datetime | None) -> tuple[Operation, ...]:
    actor = current_actor()
    (operations,) = read_all(
        CachedRead(
            lambda session: monitoring.list_operations(
                session, actor, limit=_PAGE, before=before
            )
        )
    )
    return tuple(operations)


def _show_table(operations: Sequence[Operation]) -> Operation | None:
    rows = [
        Row(str(operation.id), tuple(_cells(operation))) for operation in operations
    ]
    event = record_table(
        _COLUMNS, rows, name=_("History of the servers"), key="history_table"
    )
    return chosen_of(event, operations, lambda operation: operation.id)


def _cells(operation: Operation) -> Iterator[Cell]:
    yield Cell(to_the_second(operation.started_at))
    yield Cell(describe_operation(operation))
    yield Cell(who_did(operation))
    yield Cell(why_done(operation) or "–")
    waited = operation.downtime_seconds
    yield Cell(seconds(waited) if waited is not None else "–")
    yield _lost(operation)
    state = _STATES.get(operation.state, Cell(operation.state))
    yield replace(state, text=_(state.text))
    yield Cell("", actions=(RowAction("open", _("Details"), "info", shows_label=True),))


def _lost(operation: Operation) -> Cell:
    if operation.lost_writes is None and operation.lost_bytes is None:
        return Cell("–")
    if not operation.lost_writes and not operation.lost_bytes:
        return Cell(_("Nothing"), "ok", "check")
    writes = _("{count} writes").format(count=decimal(operation.lost_writes or 0))
    parts = (
        writes if operation.lost_writes else "",
        amount(operation.lost_bytes) if operation.lost_bytes else "",
    )
    return Cell(", ".join(filter(None, parts)), "danger", "error")


def _show_pager(operations: Sequence[Operation], before: datetime | None) -> None:
    with st.container(horizontal=True, gap="small"):
        if before is not None and st.button(_("Newest"), key="history_newest"):
            st.session_state.pop(_BEFORE)
            st.rerun()
        if len(operations) == _PAGE and st.button(_("Older"), key="history_older"):
            st.session_state[_BEFORE] = operations[-1].started_at
            st.rerun()
