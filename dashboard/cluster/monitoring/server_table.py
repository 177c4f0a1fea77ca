"""All database servers in one table: what an administrator looks for first."""

from typing import Final

import streamlit as st

from dashboard.cluster.monitoring.files_database import show_files_database
from dashboard.cluster.monitoring.observations import current_snapshot
from dashboard.cluster.monitoring.replication_tree import LATE_SECONDS, part_of
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked, percent
from dashboard.ui.measures import UNKNOWN, ago, amount, seconds, share
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at
from services.cluster.monitoring import ClusterSnapshot, NodeSnapshot

# In the session: the server that the page's address named when it was last drawn.
REQUESTED: Final = "server_requested"
_NEARLY_FULL: Final = 0.9
_COLUMNS: Final = (
    Column(marked("Server"), is_whole=True),
    Column(marked("Role")),
    Column(marked("Timeline"), is_whole=True),
    Column(marked("Behind"), is_whole=True),
    Column(marked("Running for")),
    Column(marked("Version"), is_whole=True),
    Column(marked("Disk")),
    Column(marked("Connections"), is_whole=True),
)


@st.fragment(run_every="10s")
def show_members() -> None:
    """Show PostgreSQL's servers, redrawn every ten seconds; each leads to its page."""
    with error_boundary():
        snapshot = current_snapshot()
        st.subheader(_("PostgreSQL"), anchor=False)
        if not snapshot.nodes:
            empty_state(_("No server is known yet."), icon="dns")
            return
        nodes = sorted(
            snapshot.nodes, key=lambda node: (node is not snapshot.primary, node.name)
        )
        rows = [_row(snapshot, node) for node in nodes]
        event = record_table(
            _COLUMNS, rows, name=_("Servers of PostgreSQL"), key="servers_members"
        )
        st.caption(etcd_in_words(snapshot))
        if event.opened:
            # A choice made by hand is over, even if the address stays the same.
            st.session_state.pop(REQUESTED, None)
            go("cluster/one_server.py", node=event.opened)


def show_others() -> None:
    """Show MongoDB's servers beside those of PostgreSQL."""
    st.subheader(_("Files (MongoDB)"), anchor=False)
    show_files_database()


def etcd_in_words(snapshot: ClusterSnapshot) -> str:
    """Return whether etcd answers, from which Patroni learns who leads."""
    if not snapshot.has_patroni:
        return _("Without Patroni and etcd no server takes over automatically.")
    if snapshot.is_etcd_answering is None:
        return _("etcd has not been asked yet.")
    if not snapshot.is_etcd_answering:
        return _("etcd has not answered for {span}.").format(
            span=seconds(snapshot.etcd_silent_seconds)
        )
    return _("etcd answers.")


def _row(snapshot: ClusterSnapshot, node: NodeSnapshot) -> Row:
    part, icon, tone = part_of(snapshot, node)
    role = Cell(part, tone, icon)
    facts = _facts(snapshot, node) if node.is_heard_of else _silent(snapshot, node)
    url = f"one_server?node={node.name}" if node.is_listed else ""
    return Row(node.name, (Cell(node.name), role, *facts), url=url)


def _silent(snapshot: ClusterSnapshot, node: NodeSnapshot) -> tuple[Cell, ...]:
    """Return when the server last answered, and nothing that may have changed since."""
    seen = _("not answered yet")
    if node.seen_at is not None:
        seen = _("last answered {ago}").format(
            ago=ago(snapshot.taken_at - node.seen_at)
        )
    nothing = Cell("–")
    return (nothing, nothing, Cell(seen, "danger", "cloud_off"), *[nothing] * 3)


def _facts(snapshot: ClusterSnapshot, node: NodeSnapshot) -> tuple[Cell, ...]:
    return (
        Cell(str(node.timeline) if node.timeline else _(UNKNOWN)),
        _behind(snapshot, node),
        _running(snapshot, node),
        Cell(node.version or _(UNKNOWN)),
        _disk(node),
        _connections(node),
    )


def _behind(snapshot: ClusterSnapshot, node: NodeSnapshot) -> Cell:
    if node is snapshot.primary:
        return Cell("–")
    if node.lag_seconds is None:
        return Cell(_(UNKNOWN))
    text = seconds(node.lag_seconds)
    return Cell(text, "warn") if node.lag_seconds > LATE_SECONDS else Cell(text)


def _running(snapshot: ClusterSnapshot, node: NodeSnapshot) -> Cell:
    """Return for how long the server has been running, and since when."""
    if node.started_at is None:
        return Cell(_(UNKNOWN))
    lasted = (snapshot.taken_at - node.started_at).total_seconds()
    text = _("{span}, since {time}").format(
        span=seconds(lasted), time=at(node.started_at)
    )
    if node.is_restart_pending:
        return Cell(text, "warn", "restart_alt")
    return Cell(text)


def _disk(node: NodeSnapshot) -> Cell:
    used = node.disk_used
    if used is None or node.disk_free_bytes is None:
        return Cell(_(UNKNOWN))
    text = _("{share} used, {free} free").format(
        share=percent(used), free=amount(node.disk_free_bytes)
    )
    return Cell(text, "warn") if used > _NEARLY_FULL else Cell(text)


def _connections(node: NodeSnapshot) -> Cell:
    if node.connections is None:
        return Cell(_(UNKNOWN))
    if not node.connections_max:
        return Cell(str(node.connections))
    text = _("{part} of {whole}").format(
        part=node.connections, whole=node.connections_max
    )
    full = share(node.connections, node.connections_max)
    return Cell(text, "warn") if full > _NEARLY_FULL else Cell(text)
