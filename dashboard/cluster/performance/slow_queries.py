"""The cost of queries on each server, by their shape: what to make faster first."""

from collections.abc import Iterator
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.cluster.monitoring.observations import current_snapshot
from dashboard.context import current_actor, now
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked, percent, refusal_text
from dashboard.ui.measures import amount_of_time, share
from dashboard.ui.notices import notify
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    Sorted,
    chosen_of,
    record_table,
)
from dashboard.ui.words import at, plain, to_the_second
from services.cluster.performance import (
    StatementOrder,
    StatementReport,
    StatementShape,
    StatementsNotCounted,
    read_statements,
    reset_statements,
)
from services.core.actors import Permission

_NODE: Final = "slow_queries_server"
_ORDER: Final = "slow_queries_order"
_CELL_LETTERS: Final = 140
# Two of them fit side by side on a phone.
_TILE_WIDTH: Final = 165
_ORDERS: Final[tuple[StatementOrder, ...]] = (
    "calls",
    "mean",
    "worst",
    "total",
    "rows",
)
_COLUMNS: Final = (
    Column(marked("Query")),
    Column(marked("Calls"), "calls", is_whole=True),
    Column(marked("Mean"), "mean", is_whole=True),
    Column(marked("Worst"), "worst", is_whole=True),
    Column(marked("Share of time"), "total", is_whole=True),
    Column(marked("Rows"), "rows", is_whole=True),
    Column(""),
)
_SETUP: Final = """\
# On each server, in postgresql.conf or through Patroni; then restart it:
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track_utility = off
# Once, on the primary, as an administrator of PostgreSQL:
psql --dbname chartroom --file db/statement_statistics.sql"""


def show_slow_queries() -> None:
    """Show the queries that cost a server most; if it does not count, what to do."""
    with error_boundary():
        node = _choose_server()
        if node is None:
            empty_state(_("No server is known yet."), icon="dns")
            return
        order: StatementOrder = st.session_state.get(_ORDER, "total")
        try:
            report = read_statements(
                current_actor(), wiring.current().statements, node, order
            )
        except StatementsNotCounted as refusal:
            _show_not_counted(refusal)
            return
        _show_totals(report)
        if not report.shapes:
            empty_state(_("No query has been counted yet."), icon="speed")
            return
        _show_table(report, order)
        st.caption(_about(node, report))
        _offer_reset(node, report)


def _choose_server() -> str | None:
    snapshot = current_snapshot()
    primary = snapshot.primary
    names = list(wiring.current().statements.nodes)
    if not names:
        return None
    first = primary.name if primary is not None and primary.name in names else names[0]
    chosen: str = st.selectbox(
        _("Which server"),
        names,
        index=names.index(first),
        key=_NODE,
        help=_(
            "Each server counts for itself: the primary what is written, replicas "
            "most of what is read."
        ),
    )
    return chosen


def _show_not_counted(refusal: StatementsNotCounted) -> None:
    if not refusal.needs_setup:
        st.error(plain(refusal_text(refusal)), icon=":material/cloud_off:")
        return
    st.info(plain(refusal_text(refusal)), icon=":material/build:")
    st.markdown(_("To have it counted:"))
    # In one colour: that of comments is too faint on dark.
    st.code(_SETUP, language=None, wrap_lines=True)


def _about(node: str, report: StatementReport) -> str:
    since = report.totals.since
    sentence = (
        _(
            "{server}, {time}; counted since {since}. The first {count} by the chosen "
            "column. $1, $2 and ? stand for values, which are never kept or shown "
            "here."
        )
        if since
        else _(
            "{server}, {time}. The first {count} by the chosen column. $1, $2 and ? "
            "stand for values, which are never kept or shown here."
        )
    )
    return sentence.format(
        server=plain(node),
        time=to_the_second(now()),
        since=at(since) if since else "",
        count=len(report.shapes),
    )


def _show_totals(report: StatementReport) -> None:
    totals = report.totals
    with st.container(horizontal=True):
        for label, value in (
            (_("Queries"), decimal(totals.calls)),
            (_("Total time"), amount_of_time(totals.total_ms)),
        ):
            st.metric(label, value, border=True, width=_TILE_WIDTH)


def _show_table(report: StatementReport, order: StatementOrder) -> None:
    rows = [
        Row(str(shape.id), tuple(_cells(shape, report.totals.total_ms)))
        for shape in report.shapes
    ]
    event = record_table(
        _COLUMNS,
        rows,
        name=_("Queries by cost"),
        order=(Sorted(order, True),),
        key="slow_queries_table",
    )
    for wanted in _ORDERS:
        if event.sort == wanted and wanted != order:
            st.session_state[_ORDER] = wanted
            st.rerun()
    shape = chosen_of(event, report.shapes, lambda shape: shape.id)
    if shape is not None:
        _show_whole(shape)


def _cells(shape: StatementShape, all_ms: float) -> Iterator[Cell]:
    text = shape.text
    yield Cell(text if len(text) <= _CELL_LETTERS else f"{text[:_CELL_LETTERS]} …")
    yield Cell(decimal(shape.calls))
    yield Cell(amount_of_time(shape.mean_ms))
    yield Cell(amount_of_time(shape.worst_ms))
    yield Cell(percent(share(shape.total_ms, all_ms), 1))
    yield Cell(decimal(shape.rows))
    yield Cell(
        "", actions=(RowAction("open", _("Whole query"), "code", shows_label=True),)
    )


@dialog(marked("Query"), width="large")
def _show_whole(shape: StatementShape) -> None:
    st.code(shape.text, language=None, wrap_lines=True)
    st.caption(
        _(
            "{calls} calls took {total} in total, {worst} at worst, and returned or "
            "changed {rows} rows."
        ).format(
            calls=decimal(shape.calls),
            total=amount_of_time(shape.total_ms),
            worst=amount_of_time(shape.worst_ms),
            rows=decimal(shape.rows),
        )
    )


def _offer_reset(node: str, report: StatementReport) -> None:
    if not current_actor().may(Permission.ACT_ON_CLUSTER):
        return
    if not report.may_reset:
        st.caption(_("Chartroom's login may not reset these counts on this server."))
    elif st.button(
        _("Reset counts"), key="slow_queries_reset", icon=":material/replay:"
    ):
        _confirm_reset(node)


@dialog(marked("Reset these counts?"), icon=":material/replay:")
def _confirm_reset(node: str) -> None:
    with error_boundary():
        st.markdown(
            _(
                "What **{server}** has counted until now is deleted, for everybody; "
                "nothing else changes. Do this before you measure the effect of a "
                "change."
            ).format(server=plain(node))
        )
        if confirmed(_("Reset counts"), key="slow_queries_reset_yes", is_final=True):
            reset_statements(current_actor(), wiring.current().statements, node)
            notify(
                _("{server} starts counting again now.").format(server=node),
                icon="replay",
            )
            st.rerun()
