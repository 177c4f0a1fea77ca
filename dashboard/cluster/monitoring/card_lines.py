"""All facts of a server, as the lines of its card."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import quote

from dashboard.cluster.monitoring.replication_tree import LATE_SECONDS, part_of
from dashboard.cluster.monitoring.server_cards import Card, Fact
from dashboard.ui.language import decimal, gettext as _, marked
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.measures import UNKNOWN, ago, amount, seconds, share
from dashboard.ui.words import at, capitalised
from services.cluster.monitoring import Behind, ClusterSnapshot, NodeSnapshot

_MOST_SKEW_SECONDS: Final = 1.0
_NEARLY_FULL: Final = 0.9
_MUCH_RETAINED: Final = 2_000_000_000
_LONG_TRANSACTION_SECONDS: Final = 300.0
_NEWS_FOR: Final = timedelta(days=7)
_WAITING: Final = {
    "quorum": marked("wait for it or another (quorum)"),
    "sync": marked("wait for it"),
    "potential": marked("wait for another; it is next"),
    "async": marked("do not wait for it"),
}


def cards_of(snapshot: ClusterSnapshot, *, leads_on: bool) -> tuple[Card, ...]:
    """Return a card for each server: the leader first, then by name.

    With `leads_on`, its name links to the operations on it.
    """
    primary = snapshot.primary
    nodes = sorted(snapshot.nodes, key=lambda node: (node is not primary, node.name))
    return tuple(_card(snapshot, node, leads_on=leads_on) for node in nodes)


def _card(snapshot: ClusterSnapshot, node: NodeSnapshot, *, leads_on: bool) -> Card:
    part, icon, tone = part_of(snapshot, node)
    facts = _facts(snapshot, node) if node.is_heard_of else _last_seen(snapshot, node)
    state = capitalised(translate_recorded(node.state))
    url = f"one_server?node={quote(node.name)}" if leads_on and node.is_listed else ""
    return Card(node.name, part, icon, tone, state, tuple(facts), url)


def _last_seen(snapshot: ClusterSnapshot, node: NodeSnapshot) -> Iterator[Fact]:
    if node.seen_at is not None:
        since = snapshot.taken_at - node.seen_at
        seen = f"{at(node.seen_at)} ({ago(since)})"
        yield Fact(_("Last answered"), seen, "danger")
    yield from _slots(node)
    if node.member_state:
        yield Fact(_("Patroni says"), node.member_state)


def _facts(snapshot: ClusterSnapshot, node: NodeSnapshot) -> Iterator[Fact]:
    if node.role != "primary":
        yield from _behind(node)
    place = _("{lsn}, timeline {timeline}").format(
        lsn=node.lsn or _(UNKNOWN), timeline=node.timeline or "?"
    )
    yield Fact("LSN", place)
    if node.wal_bytes_per_second is not None and node.role == "primary":
        yield Fact(_("WAL rate"), f"{amount(node.wal_bytes_per_second)}/s")
    yield from _connections(node)
    yield from _disk(node)
    yield from _slots(node)
    yield from _tags(node)
    yield from _health(node)
    if node.version:
        yield Fact(_("Version"), node.version)
    if node.started_at:
        yield Fact(_("Last restart"), _since(snapshot.taken_at, node.started_at))
    if node.copied_anew_at and snapshot.taken_at - node.copied_anew_at < _NEWS_FOR:
        since = _since(snapshot.taken_at, node.copied_anew_at)
        why = _("{since}, because its log was damaged").format(since=since)
        yield Fact(_("Copied anew"), why, "warn")


def _behind(node: NodeSnapshot) -> Iterator[Fact]:
    if node.sync:
        yield Fact(_("Commits"), _(_WAITING[node.sync]))
    yield Fact("Replay", _lag(node.replay), _tone(node.lag_seconds, LATE_SECONDS))
    yield Fact("Flush", _lag(node.flush))
    yield Fact("Write", _lag(node.write))


def _lag(behind: Behind) -> str:
    if behind.seconds is None and behind.bytes is None:
        return _(UNKNOWN)
    parts = (
        seconds(behind.seconds) if behind.seconds is not None else "",
        amount(behind.bytes) if behind.bytes is not None else "",
    )
    return _("{distance} behind").format(distance=" · ".join(filter(None, parts)))


def _connections(node: NodeSnapshot) -> Iterator[Fact]:
    if node.connections is not None:
        whole = node.connections_max or 0
        full = share(node.connections, whole)
        text = str(node.connections)
        if whole:
            text = _("{part} of {whole}").format(part=node.connections, whole=whole)
        yield Fact(_("Connections"), text, _tone(full, _NEARLY_FULL))
    if node.pool_open is not None:
        busy = _("{busy} busy of {open}")
        text = busy.format(busy=node.pool_busy or 0, open=node.pool_open)
        yield Fact(_("Chartroom's own"), text)


def _disk(node: NodeSnapshot) -> Iterator[Fact]:
    if node.disk_free_bytes is None or not node.disk_total_bytes:
        return
    used = 1 - share(node.disk_free_bytes, node.disk_total_bytes)
    free = _("{free} free of {whole}").format(
        free=amount(node.disk_free_bytes), whole=amount(node.disk_total_bytes)
    )
    yield Fact(_("Disk"), free, _tone(used, _NEARLY_FULL))


def _slots(node: NodeSnapshot) -> Iterator[Fact]:
    for slot in node.slots:
        # Patroni has replicas keep slots ready for when one of them leads.
        if node.role != "primary" and not slot.is_active and not slot.retained_bytes:
            continue
        retained = _("{size} for {server}")
        if not slot.is_active:
            retained = _("{size} for {server}, inactive")
        text = retained.format(
            size=amount(slot.retained_bytes), server=slot.holder or slot.name
        )
        tone = _tone(slot.retained_bytes, _MUCH_RETAINED)
        yield Fact(_("WAL retained by slot"), text, tone)


def _tags(node: NodeSnapshot) -> Iterator[Fact]:
    if node.tags.delayed_seconds:
        yield Fact(_("Delayed on purpose"), seconds(node.tags.delayed_seconds))
    words = [
        word
        for word, holds in (
            (_("never leads"), node.tags.nofailover),
            (_("never waited for"), node.tags.nosync),
        )
        if holds
    ]
    if words:
        yield Fact(_("Rules"), ", ".join(words))


def _health(node: NodeSnapshot) -> Iterator[Fact]:
    if node.longest_transaction_seconds is not None:
        longest = node.longest_transaction_seconds
        how = _tone(longest, _LONG_TRANSACTION_SECONDS)
        yield Fact(_("Longest transaction"), seconds(longest), how)
    if node.clock_skew_seconds is not None:
        skew = node.clock_skew_seconds
        how = _tone(abs(skew), _MOST_SKEW_SECONDS)
        milliseconds = round(skew * 1000) or 0
        sign = "+" if milliseconds >= 0 else ""
        yield Fact(_("Clock"), f"{sign}{decimal(milliseconds)} ms", how)
    if node.conflicts is not None and node.role != "primary":
        yield Fact(_("Conflicts"), decimal(node.conflicts))
    if node.is_restart_pending:
        yield Fact(_("Restart"), _("needed for changed settings"), "warn")


def _since(now: datetime, timestamp: datetime) -> str:
    return f"{ago(now - timestamp)} ({at(timestamp)})"


def _tone(value: float | None, bar: float) -> Literal["plain", "warn"]:
    return "warn" if value is not None and value > bar else "plain"
