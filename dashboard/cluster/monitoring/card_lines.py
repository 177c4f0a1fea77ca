"""All that is known of a server, as the lines of its card."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import quote

from dashboard.cluster.monitoring.replication_tree import LATE_SECONDS, part_of
from dashboard.cluster.monitoring.server_cards import Card, Fact
from dashboard.ui.measures import UNKNOWN, ago, amount, seconds, share
from dashboard.ui.words import at
from services.cluster.monitoring import Behind, ClusterSnapshot, NodeSnapshot

_MOST_SKEW_SECONDS: Final = 1.0
_NEARLY_FULL: Final = 0.9
_MUCH_RETAINED: Final = 2_000_000_000
_LONG_TRANSACTION_SECONDS: Final = 300.0
_NEWS_FOR: Final = timedelta(days=7)
_WAITING: Final = {
    "quorum": "wait for it or another (quorum)",
    "sync": "wait for it",
    "potential": "wait for another; it is next",
    "async": "do not wait for it",
}


def cards_of(snapshot: ClusterSnapshot, *, leads_on: bool) -> tuple[Card, ...]:
    """Return a card for each server: who leads first, then by name.

    With `leads_on` its name leads to what can be done to it.
    """
    primary = snapshot.primary
    nodes = sorted(snapshot.nodes, key=lambda node: (node is not primary, node.name))
    return tuple(_card(snapshot, node, leads_on=leads_on) for node in nodes)


def _card(snapshot: ClusterSnapshot, node: NodeSnapshot, *, leads_on: bool) -> Card:
    part, icon, tone = part_of(snapshot, node)
    facts = _facts(snapshot, node) if node.is_answering else _last_seen(snapshot, node)
    state = node.state[:1].upper() + node.state[1:]
    url = f"one_server?node={quote(node.name)}" if leads_on and node.is_listed else ""
    return Card(node.name, part, icon, tone, state, tuple(facts), url)


def _last_seen(snapshot: ClusterSnapshot, node: NodeSnapshot) -> Iterator[Fact]:
    if node.seen_at is not None:
        since = snapshot.taken_at - node.seen_at
        yield Fact("Last answered", f"{at(node.seen_at)} ({ago(since)})", "danger")
    yield from _slots(node)
    if node.member_state:
        yield Fact("Patroni says", node.member_state)


def _facts(snapshot: ClusterSnapshot, node: NodeSnapshot) -> Iterator[Fact]:
    if node.role != "primary":
        yield from _behind(node)
    yield Fact("LSN", f"{node.lsn or UNKNOWN}, timeline {node.timeline or '?'}")
    if node.wal_bytes_per_second is not None and node.role == "primary":
        yield Fact("WAL rate", f"{amount(node.wal_bytes_per_second)}/s")
    yield from _connections(node)
    yield from _disk(node)
    yield from _slots(node)
    yield from _tags(node)
    yield from _health(node)
    if node.version:
        yield Fact("Version", node.version)
    if node.started_at:
        yield Fact("Last restart", _since(snapshot.taken_at, node.started_at))
    if node.copied_anew_at and snapshot.taken_at - node.copied_anew_at < _NEWS_FOR:
        since = _since(snapshot.taken_at, node.copied_anew_at)
        yield Fact("Copied anew", f"{since}, because its log was damaged", "warn")


def _behind(node: NodeSnapshot) -> Iterator[Fact]:
    if node.sync:
        yield Fact("Commits", _WAITING[node.sync])
    yield Fact("Replay", _lag(node.replay), _tone(node.lag_seconds, LATE_SECONDS))
    yield Fact("Flush", _lag(node.flush))
    yield Fact("Write", _lag(node.write))


def _lag(behind: Behind) -> str:
    if behind.seconds is None and behind.bytes is None:
        return UNKNOWN
    parts = (
        seconds(behind.seconds) if behind.seconds is not None else "",
        amount(behind.bytes) if behind.bytes is not None else "",
    )
    return f"{' · '.join(filter(None, parts))} behind"


def _connections(node: NodeSnapshot) -> Iterator[Fact]:
    if node.connections is not None:
        whole = node.connections_max or 0
        full = share(node.connections, whole)
        text = f"{node.connections} of {whole}" if whole else str(node.connections)
        yield Fact("Connections", text, _tone(full, _NEARLY_FULL))
    if node.pool_open is not None:
        yield Fact("Chartroom's own", f"{node.pool_busy or 0} busy of {node.pool_open}")


def _disk(node: NodeSnapshot) -> Iterator[Fact]:
    if node.disk_free_bytes is None or not node.disk_total_bytes:
        return
    used = 1 - share(node.disk_free_bytes, node.disk_total_bytes)
    free = f"{amount(node.disk_free_bytes)} free of {amount(node.disk_total_bytes)}"
    yield Fact("Disk", free, _tone(used, _NEARLY_FULL))


def _slots(node: NodeSnapshot) -> Iterator[Fact]:
    for slot in node.slots:
        # Patroni has replicas keep slots at the ready for when one of them leads.
        if node.role != "primary" and not slot.is_active and not slot.retained_bytes:
            continue
        unused = "" if slot.is_active else ", inactive"
        whom = slot.holder or slot.name
        text = f"{amount(slot.retained_bytes)} for {whom}{unused}"
        yield Fact(
            "WAL retained by slot", text, _tone(slot.retained_bytes, _MUCH_RETAINED)
        )


def _tags(node: NodeSnapshot) -> Iterator[Fact]:
    if node.tags.delayed_seconds:
        yield Fact("Late on purpose", seconds(node.tags.delayed_seconds))
    words = [
        word
        for word, holds in (
            ("never leads", node.tags.nofailover),
            ("never waited for", node.tags.nosync),
        )
        if holds
    ]
    if words:
        yield Fact("Rules", ", ".join(words))


def _health(node: NodeSnapshot) -> Iterator[Fact]:
    if node.longest_transaction_seconds is not None:
        longest = node.longest_transaction_seconds
        how = _tone(longest, _LONG_TRANSACTION_SECONDS)
        yield Fact("Longest transaction", seconds(longest), how)
    if node.clock_skew_seconds is not None:
        skew = node.clock_skew_seconds
        how = _tone(abs(skew), _MOST_SKEW_SECONDS)
        yield Fact("Clock", f"{round(skew * 1000) or 0:+,} ms", how)
    if node.conflicts is not None and node.role != "primary":
        yield Fact("Conflicts", f"{node.conflicts:,}")
    if node.is_restart_pending:
        yield Fact("Restart", "needed for changed settings", "warn")


def _since(now: datetime, timestamp: datetime) -> str:
    return f"{ago(now - timestamp)} ({at(timestamp)})"


def _tone(value: float | None, bar: float) -> Literal["plain", "warn"]:
    return "warn" if value is not None and value > bar else "plain"
