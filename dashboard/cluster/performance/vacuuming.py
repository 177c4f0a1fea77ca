"""PostgreSQL's own upkeep: vacuum, transaction ids, checkpoints."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import wiring
from dashboard.cluster.monitoring.observations import current_snapshot
from dashboard.context import current_actor, now
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.vega_lite import MUTED, of_rows
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked, ngettext, percent
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.measures import amount, amount_of_time, share
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, plain, to_the_second
from services.cluster.performance import (
    Checkpoints,
    DatabaseUpkeep,
    TableUpkeep,
    UpkeepReport,
    read_upkeep,
)

# Two of them fit side by side on a phone.
_TILE_WIDTH: Final = 165
_MOST_TABLES: Final = 15
_BAR_HEIGHT: Final = 26
# The number is beside the longest bar.
_ROOM: Final = 1.25
_MILLION: Final = 1_000_000
_MEGABYTE: Final = 1_000_000
# From this number on, the share of requested checkpoints is meaningful.
_ENOUGH_CHECKPOINTS: Final = 10
_TABLE_HEADS: Final = (
    marked("Table"),
    marked("Size"),
    marked("Rows"),
    marked("Dead rows"),
    marked("Last vacuum"),
    marked("State"),
)
_CHECKPOINT_HEADS: Final = (
    marked("Server"),
    marked("Timed"),
    marked("Requested"),
    marked("Written"),
    marked("Mean write time"),
    marked("Counted since"),
)
# Legible on both themes.
_BAR: Final = "#2A8C8C"


def show_upkeep() -> None:
    """Show tables and dead rows as the primary counts them, and all checkpoints."""
    with error_boundary():
        primary = current_snapshot().primary
        if primary is None:
            empty_state(
                _(
                    "No primary is known right now. Only the primary counts dead "
                    "rows: look again once there is one."
                ),
                icon="dns",
            )
            return
        report = read_upkeep(
            current_actor(), wiring.current().vacuum_reader, primary.name
        )
        database = report.database
        _show_figures(database)
        _show_verdict(database)
        shown = _worth_showing(database.tables)
        _draw_sizes(shown)
        _show_tables(shown, len(database.tables))
        st.subheader(_("Checkpoints"))
        _show_checkpoints(report)
        st.caption(
            _("Tables as {node} counts them, {time}.").format(
                node=plain(primary.name), time=to_the_second(now())
            )
        )


def dead_share(table: TableUpkeep) -> float:
    """Return the share of dead row versions in a table."""
    return share(table.dead_rows, table.rows + table.dead_rows)


def _worth_showing(tables: Sequence[TableUpkeep]) -> list[TableUpkeep]:
    """Return the largest tables, and all that are due for autovacuum."""
    return [
        table
        for position, table in enumerate(tables)
        if position < _MOST_TABLES or table.is_due
    ]


def _show_figures(database: DatabaseUpkeep) -> None:
    rows = sum(table.rows for table in database.tables)
    dead = sum(table.dead_rows for table in database.tables)
    due = sum(table.is_due for table in database.tables)
    with st.container(horizontal=True):
        st.metric(_("Database"), amount(database.bytes), border=True, width=_TILE_WIDTH)
        st.metric(
            _("Dead rows"),
            percent(share(dead, rows + dead), 1),
            help=_(
                "Old versions of rows that were changed or deleted. VACUUM frees "
                "their space; until then the tables are larger than they need to be "
                "(bloat)."
            ),
            border=True,
            width=_TILE_WIDTH,
        )
        st.metric(
            _("Vacuum due"),
            ngettext("{count} table", "{count} tables", due).format(count=decimal(due)),
            help=_("Tables with more dead rows than autovacuum waits for."),
            border=True,
            width=_TILE_WIDTH,
        )
        st.metric(
            _("Transaction id age"),
            decimal(database.frozen_age)
            if database.frozen_age < _MILLION
            else _("{millions} million").format(
                millions=decimal(database.frozen_age / _MILLION, 1)
            ),
            help=_(
                "How many transactions ago the oldest row that is not frozen was "
                "written. At {millions} million, PostgreSQL vacuums automatically; "
                "far beyond that, at 2,000 million, it would accept no more changes."
            ).format(millions=decimal(database.freeze_age / _MILLION)),
            border=True,
            width=_TILE_WIDTH,
        )


def _show_verdict(database: DatabaseUpkeep) -> None:
    if not database.is_autovacuum_on:
        st.error(
            _(
                "Autovacuum is off: tables grow, and nothing cleans up after changes. "
                "Set autovacuum = on."
            ),
            icon=":material/cleaning_services:",
        )
    elif database.frozen_age > database.freeze_age:
        st.warning(
            _(
                "The oldest transaction id is older than autovacuum_freeze_max_age. "
                "Look for a transaction that stays open, or for a slot that nobody "
                "reads, and run VACUUM on the oldest tables."
            ),
            icon=":material/hourglass_bottom:",
        )


def _draw_sizes(tables: Sequence[TableUpkeep]) -> None:
    largest = list(tables[:_MOST_TABLES])
    frame = pd.DataFrame(
        [
            {
                "table": table.name,
                "megabytes": table.bytes / _MEGABYTE,
                "size": amount(table.bytes),
                "dead": percent(dead_share(table), 1),
            }
            for table in largest
        ]
    )
    name = _("Largest tables")

    def numbers() -> pd.DataFrame:
        return frame[["table", "size", "dead"]].set_axis(
            [_("Table"), _("Size"), _("Dead rows")], axis="columns"
        )

    with chart_box(name, numbers, key="vacuum_sizes"):
        st.vega_lite_chart(
            in_language(of_rows(frame, _bars(frame))),
            key="vacuum_sizes",
            height=_BAR_HEIGHT * len(largest),
            alt="; ".join(f"{table.name}: {amount(table.bytes)}" for table in largest),
        )


def _bars(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the chart of the tables by size, each size written beside its bar."""
    y = {
        "field": "table",
        "type": "nominal",
        "sort": None,
        "axis": {
            "title": None,
            "labelLimit": 220,
            "labelOverlap": False,
            "ticks": False,
            "domain": False,
        },
    }
    x = {
        "field": "megabytes",
        "type": "quantitative",
        "scale": {"domain": [0, _ROOM * max(frame["megabytes"])], "nice": False},
        "axis": {"title": _("Size in MB"), "tickCount": 4},
    }
    return {
        "encoding": {
            "y": y,
            "x": x,
            "tooltip": [
                {"field": "table", "title": _("Table")},
                {"field": "size", "title": _("Size")},
                {"field": "dead", "title": _("Dead rows")},
            ],
        },
        "layer": [
            {"mark": {"type": "bar", "color": _BAR}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "color": MUTED},
                "encoding": {"text": {"field": "size"}},
            },
        ],
    }


def _show_tables(tables: Sequence[TableUpkeep], known: int) -> None:
    rows = [Row(table.name, _cells_of_table(table)) for table in tables]
    columns = tuple(Column(_(head), is_whole=True) for head in _TABLE_HEADS)
    record_table(columns, rows, name=_("Tables by size"), key="vacuum_tables")
    if known > len(tables):
        left = known - len(tables)
        st.caption(
            ngettext(
                "{count} smaller table is not listed: vacuum is not due there.",
                "{count} smaller tables are not listed: vacuum is due in none of them.",
                left,
            ).format(count=decimal(left))
        )


def _cells_of_table(table: TableUpkeep) -> tuple[Cell, ...]:
    dead = decimal(table.dead_rows)
    if table.dead_rows:
        dead += f" ({percent(dead_share(table), 1)})"
    return (
        Cell(table.name),
        Cell(amount(table.bytes)),
        Cell(decimal(table.rows)),
        Cell(dead),
        Cell(_("none counted") if table.vacuumed_at is None else at(table.vacuumed_at)),
        Cell(_("Vacuum due"), tone="warn", icon="cleaning_services")
        if table.is_due
        else Cell(_("In order"), tone="ok", icon="check"),
    )


def _show_checkpoints(report: UpkeepReport) -> None:
    rows = [
        Row(node, _cells_of_server(node, counted))
        for node, counted in report.checkpoints.items()
    ]
    columns = tuple(Column(_(head), is_whole=True) for head in _CHECKPOINT_HEADS)
    record_table(
        columns, rows, name=_("Checkpoints of each server"), key="vacuum_checkpoints"
    )
    busy = [
        node
        for node, counted in report.checkpoints.items()
        if counted is not None and are_requested_too_often(counted)
    ]
    if busy:
        st.warning(
            _(
                "Most checkpoints of {nodes} were requested because the log had grown "
                "to max_wal_size. A larger max_wal_size writes the same pages less "
                "often."
            ).format(nodes=", ".join(map(plain, busy))),
            icon=":material/save:",
        )


def are_requested_too_often(counted: Checkpoints) -> bool:
    """Return whether most checkpoints came because the log was full, not by time.

    PostgreSQL's documentation, "WAL Configuration": max_wal_size should be large enough
    for checkpoints to come with checkpoint_timeout.
    """
    return counted.done >= _ENOUGH_CHECKPOINTS and counted.requested > counted.timed


def _cells_of_server(node: str, counted: Checkpoints | None) -> tuple[Cell, ...]:
    if counted is None:
        silent = Cell(_("does not answer"), tone="warn", icon="cloud_off")
        return (Cell(node), silent, *(Cell("") for _head in _CHECKPOINT_HEADS[2:]))
    return (
        Cell(node),
        Cell(decimal(counted.timed)),
        Cell(decimal(counted.requested)),
        Cell(amount(counted.bytes_written)),
        Cell(_mean_time(counted)),
        Cell(_("not known") if counted.since is None else at(counted.since)),
    )


def _mean_time(counted: Checkpoints) -> str:
    if not counted.done:
        return "–"
    return amount_of_time((counted.write_ms + counted.sync_ms) / counted.done)
