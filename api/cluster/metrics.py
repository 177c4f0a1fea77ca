"""/metrics, collected by Prometheus; labels never contain anything of a patient."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from hmac import compare_digest
from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter, Depends, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response

from api.cluster.backup_metrics import gauges_of
from api.cluster.server_metrics import ServerMetrics
from api.cluster.tool_metrics import tool_gauges
from api.core.dependencies import FORWARDED, stores_of, unauthorised
from api.core.documented import refuses
from db.cluster.statements import NotCounted, StatementReader, StatementTotals
from db.files.gridfs import FileStoreUnavailable
from db.postgres import SYSTEM, Database, DatabaseUnavailable
from db.spool import Waiting
from services.backups import tools
from services.cluster.monitoring import counts
from services.people import sessions

router = APIRouter(tags=["Health"])

# Prometheus itself knows best when it first saw each counter.
disable_created_metrics()  # type: ignore[no-untyped-call]


_STRANGER: Final = (
    "Send the value of CHARTROOM_METRICS_TOKEN as a bearer token. While it is not "
    "set, metrics are served to this machine only."
)


def require_collector(request: Request) -> None:
    """Admit callers with the token or, while none is set, callers on this machine.

    Neither check needs a database, so Prometheus can still collect while no database
    answers. Raises an HTTPException (401).
    """
    token: str | None = request.app.state.metrics_token
    if token is None:
        is_let_in = _is_here(request)
    else:
        scheme, _, sent = request.headers.get("authorization", "").partition(" ")
        is_right = compare_digest(sent.encode(), token.encode())
        is_let_in = scheme.lower() == "bearer" and is_right
    if not is_let_in:
        raise unauthorised(_STRANGER)


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    dependencies=[Depends(require_collector)],
    responses=refuses(401),
)
def metrics(request: Request) -> Response:
    """Return this process's counters, the clinic's bookings and the servers' state."""
    parts = (
        _bookings(request),
        _sign_ins(request),
        _servers(request),
        _files(request),
        _spool(request),
        _disk(request),
        _backups(request),
    )
    whole = generate_latest() + b"".join(parts)
    return Response(whole, media_type=CONTENT_TYPE_LATEST)


def _is_here(request: Request) -> bool:
    """Return whether the request was made on this machine, not passed on by a proxy."""
    if request.client is None or request.scope.get(FORWARDED, False):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        # A Unix socket's file name, or another client without an IP address.
        return False


def _bookings(request: Request) -> bytes:
    """Return the clinic's bookings by outcome; nothing while no database answers."""
    caches = stores_of(request).papers.visits.caches
    try:
        counted = caches.outcomes()
    except DatabaseUnavailable:
        return b""
    # In a registry of its own, because the number is the clinic's, not this process's.
    registry = CollectorRegistry()
    bookings = Gauge(
        "chartroom_bookings",
        "Number of booking attempts so far, by outcome, such as expired holds and "
        "lost conflicts; at most 30 seconds old.",
        ["outcome"],
        registry=registry,
    )
    for outcome, number in counted.items():
        bookings.labels(outcome).set(number)
    return generate_latest(registry)


def _sign_ins(request: Request) -> bytes:
    """Return how many sign-ins are active; nothing while no database answers."""
    try:
        counted = stores_of(request).database.read(
            sessions.count_active, identity=SYSTEM
        )
    except DatabaseUnavailable:
        return b""
    registry = CollectorRegistry()
    active = Gauge(
        "chartroom_sign_ins_active",
        "Number of sign-ins active within the last 15 minutes, on all servers.",
        registry=registry,
    )
    active.set(counted.value)
    return generate_latest(registry)


def _servers(request: Request) -> bytes:
    """Return the servers' state, with counts from a database only if one answers."""
    stores = stores_of(request)
    try:
        counted = stores.database.read(counts.count, identity=SYSTEM).value
    except DatabaseUnavailable:
        counted = None
    registry = CollectorRegistry()
    snapshot = stores.monitor.latest()
    node_names = [node.name for node in snapshot.nodes if node.is_answering]
    statements = _statements(stores.statements, node_names)
    registry.register(ServerMetrics(snapshot, counted, statements))
    return generate_latest(registry)


def _statements(
    reader: StatementReader | None, nodes: Iterable[str]
) -> Mapping[str, StatementTotals]:
    """Return the statement totals of those servers that count statements."""
    totals: dict[str, StatementTotals] = {}
    if reader is None:
        return totals
    for node in nodes:
        # A server may have been removed since it answered.
        with suppress(NotCounted, KeyError):
            totals[node] = reader.totals(node)
    return totals


def _files(request: Request) -> bytes:
    """Return whether MongoDB answers, and how fast."""
    registry = CollectorRegistry()
    up = Gauge("chartroom_files_up", "Whether MongoDB answers.", registry=registry)
    try:
        seconds = stores_of(request).files.ping()
    except FileStoreUnavailable:
        up.set(0)
        return generate_latest(registry)
    up.set(1)
    Gauge(
        "chartroom_files_ping_seconds",
        "Response time of MongoDB in seconds.",
        registry=registry,
    ).set(seconds)
    return generate_latest(registry)


def _spool(request: Request) -> bytes:
    """Return what this server's spool holds; nothing if that is not known."""
    stores = stores_of(request)
    if stores.spool is None:
        return b""
    try:
        waiting = stores.spool.waiting()
    except OSError:
        return b""
    registry = CollectorRegistry()
    registry.register(SpoolMetrics(waiting, stores.now()))
    return generate_latest(registry)


def _disk(request: Request) -> bytes:
    """Return how much room this server's own disk has; nothing if that is not known."""
    disks = stores_of(request).disks
    if disks is None or (usage := disks.usage()) is None:
        return b""
    registry = CollectorRegistry()
    for name, words, value in (
        (
            "free_bytes",
            "Free space on the disk of this server's data folder, in bytes.",
            usage[0],
        ),
        ("bytes", "Size of the disk of this server's data folder in bytes.", usage[1]),
    ):
        Gauge(f"chartroom_data_disk_{name}", words, registry=registry).set(value)
    return generate_latest(registry)


def _backups(request: Request) -> bytes:
    """Return the ages of backups and their proof; nothing if they are not known."""
    stores = stores_of(request)
    if stores.backup_tool is not None:
        return _tool(stores.database, stores.backup_tool)
    if (backups := stores.backups) is None:
        return b""
    try:
        seen = backups.facts()
    except OSError:
        # A failing backup disk must not take the clinic's other metrics with it.
        return b""
    return gauges_of(seen, datetime.now(UTC), copy_place=stores.copy_place)


def _tool(database: Database, name: str) -> bytes:
    """Return what the clinic's backup tool reported; nothing if no database answers."""
    find = partial(tools.find_tool, name=name)
    try:
        state = database.read(find, identity=SYSTEM).value
    except DatabaseUnavailable:
        return b""
    return b"" if state is None else tool_gauges(state, datetime.now(UTC))


class SpoolMetrics(Collector):
    """What waits in the spool at a time, by our clock: numbers and no names."""

    def __init__(self, waiting: Waiting, now: datetime) -> None:
        self._waiting = waiting
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield every gauge."""
        waiting, age = self._waiting, 0.0
        if waiting.oldest_at is not None:
            age = max(0.0, (self._now - waiting.oldest_at).total_seconds())
        for name, words, value in (
            (
                "records",
                "Number of records in the spool that wait for the audit log.",
                waiting.records,
            ),
            (
                "oldest_seconds",
                "Age of the oldest event in the spool in seconds; 0 if empty.",
                age,
            ),
            (
                "damaged_files",
                "Number of spool files that somebody has changed.",
                waiting.damaged,
            ),
        ):
            yield GaugeMetricFamily(f"chartroom_audit_spool_{name}", words, value=value)
