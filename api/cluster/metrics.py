"""/metrics: what Prometheus collects; labels never carry anything of a patient."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
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

from api.cluster.server_metrics import ServerMetrics
from api.core.dependencies import FORWARDED, stores_of, unauthorised
from api.core.documented import refuses
from db.backups.copies.copy_notes import CopyNote, read_copy_note
from db.backups.log.windows import read_position
from db.backups.recovery_kit import read_note
from db.backups.repository import Repository
from db.backups.strays import RepositoryFaults, survey_with_faults
from db.cluster.statements import NotCounted, StatementReader, StatementTotals
from db.files.gridfs import FileStoreUnavailable
from db.postgres import SYSTEM, DatabaseUnavailable
from db.spool import Waiting
from services.cluster.monitoring import counts
from services.people import sessions

router = APIRouter(tags=["Health"])

# When each counter was made says nothing that Prometheus does not know better.
disable_created_metrics()  # type: ignore[no-untyped-call]


_STRANGER: Final = (
    "Metrics are for Prometheus: send what CHARTROOM_METRICS_TOKEN is as a bearer "
    "token. While that is not set, they are told on this machine only."
)


def require_collector(request: Request) -> None:
    """Let in whoever has the token or, while none is set, is on this machine.

    Neither needs a database, so Prometheus sees how things are while none answers.
    Raises an HTTPException (401).
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
    """Return this process's counters, bookings in all, and how the servers are."""
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
    """Tell whether the request was made on this machine, and for nobody else."""
    if request.client is None or request.scope.get(FORWARDED, False):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        # The name of a socket's file, or of whatever else has no address.
        return False


def _bookings(request: Request) -> bytes:
    """Return the clinic's bookings by outcome; nothing while no database answers."""
    caches = stores_of(request).papers.visits.caches
    try:
        counted = caches.outcomes()
    except DatabaseUnavailable:
        return b""
    # In a registry of its own: it is the clinic's number, not this process's.
    registry = CollectorRegistry()
    bookings = Gauge(
        "chartroom_bookings",
        "Attempts to book so far, by outcome: holds that expired, conflicts that "
        "others won; as many as 30 seconds ago.",
        ["outcome"],
        registry=registry,
    )
    for outcome, number in counted.items():
        bookings.labels(outcome).set(number)
    return generate_latest(registry)


def _sign_ins(request: Request) -> bytes:
    """Return how many people are here; nothing while no database answers."""
    try:
        counted = stores_of(request).database.read(
            sessions.count_active, identity=SYSTEM
        )
    except DatabaseUnavailable:
        return b""
    registry = CollectorRegistry()
    active = Gauge(
        "chartroom_sign_ins_active",
        "Sign-ins that did something within the last 15 minutes, of all servers.",
        registry=registry,
    )
    active.set(counted.value)
    return generate_latest(registry)


def _servers(request: Request) -> bytes:
    """Return how the servers are; what is counted in a database only if one answers."""
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
    """Return what the statements of those servers took that count them."""
    totals: dict[str, StatementTotals] = {}
    if reader is None:
        return totals
    for node in nodes:
        # A server may have left since it answered.
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
        "How long MongoDB took to answer.",
        registry=registry,
    ).set(seconds)
    return generate_latest(registry)


def _spool(request: Request) -> bytes:
    """Return what this server keeps for the audit log; nothing if that is not known."""
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
        ("free_bytes", "Room on the disk of this server's data folder.", usage[0]),
        ("bytes", "Size of the disk of this server's data folder.", usage[1]),
    ):
        Gauge(f"chartroom_data_disk_{name}", words, registry=registry).set(value)
    return generate_latest(registry)


def _backups(request: Request) -> bytes:
    """Return how old backups and their proof are; nothing if that is not known."""
    stores = stores_of(request)
    if (backups := stores.backups) is None:
        return b""
    try:
        return backup_gauges(backups, datetime.now(UTC), copy_place=stores.copy_place)
    except OSError:
        # A disk of backups that is ill takes no number of the clinic with it.
        return b""


def backup_gauges(
    backups: Repository, now: datetime, *, copy_place: str | None = None
) -> bytes:
    """Return what the repository of backups tells at a time, in numbers.

    What is noted of a copy in another place than `copy_place` stays as it was for ever.
    """
    survey, faults = survey_with_faults(backups)
    failure = backups.last_failure()
    registry = CollectorRegistry()
    values = [
        ("sets", "Backups that count.", float(len(survey.sets))),
        (
            "unreadable_sets",
            "Backups whose manifest somebody has changed or deleted.",
            float(len(survey.unreadable)),
        ),
        (
            "orphan_sets",
            "Incremental backups that lack what they are based on.",
            float(len(survey.orphans)),
        ),
        *_fault_gauges(faults),
        (
            "failed_tries",
            "Backups in a row that came to nothing since one succeeded.",
            float(failure.tries if failure else 0),
        ),
    ]
    if (newest := survey.newest_by(now)) is not None:
        age = max(0.0, (now - newest.as_of).total_seconds())
        *_, full = chain = list(survey.bases_of(newest))
        full_age = max(0.0, (now - full.as_of).total_seconds())
        words = "Backups that the newest is restored from, itself included."
        values += [
            ("age_seconds", "Age of the newest backup.", age),
            ("full_age_seconds", "Age of the full one that it goes back to.", full_age),
            ("chain_sets", words, float(len(chain))),
            ("bytes", "Size of the newest backup, sealed.", float(newest.sealed_bytes)),
        ]
    if (proof := backups.last_proof(now)) is not None:
        age = max(0.0, (now - proof.proved_at).total_seconds())
        values += [
            ("proof_age_seconds", "Age of the last proven restore.", age),
            ("proof_seconds", "How long the last proven restore took.", proof.seconds),
        ]
        if proof.drill is not None:
            rto, rpo = proof.drill.rto_seconds, proof.drill.rpo_seconds
            values += [
                ("drill_rto_seconds", "Until the last drill's rows answered.", rto),
                ("drill_rpo_seconds", "What would have been lost then.", rpo),
            ]
    if (kit := read_note(backups.folder)) is not None:
        age = max(0.0, (now - kit.made_at).total_seconds())
        held = max(0.0, (now - kit.held_at).total_seconds())
        values += [
            ("kit_age_seconds", "Age of the last recovery kit.", age),
            ("kit_held_seconds", "How long ago it was made or proven to open.", held),
        ]
    if (position := read_position(backups.folder / "log")) is not None:
        leads_to = position.leads_to or (newest.as_of if newest else position.noted_at)
        behind = max(0.0, (now - leads_to).total_seconds())
        words = "How long ago the newest second was that backups and their log lead to."
        values += [
            ("log_behind_seconds", words, behind),
            (
                "log_cut_off",
                "Whether the log goes on from no backup: 1 until there is a new one.",
                float(position.is_cut_off),
            ),
        ]
    copied = read_copy_note(backups.folder)
    if copied is not None and copied.place == copy_place:
        values += _copy_gauges(copied, now)
    for name, words, value in values:
        Gauge(f"chartroom_backup_{name}", words, registry=registry).set(value)
    return generate_latest(registry)


def _fault_gauges(faults: RepositoryFaults) -> list[tuple[str, str, float]]:
    """Return how many backups lack something, and what belongs to none."""
    values = [
        (
            "incomplete_sets",
            "Backups that lack an object, or have one of another size.",
            float(len(faults.incomplete)),
        ),
        (
            "gone_sets",
            "Backups that somebody else than retention has removed.",
            float(len(faults.gone)),
        ),
        (
            "stray_objects",
            "What lies among the backups and belongs to none.",
            float(len(faults.strays)),
        ),
    ]
    if faults.missing_files is not None:
        words = "Stored files that backups name and that are gone."
        values.append(("missing_files", words, float(faults.missing_files)))
    return values


def _copy_gauges(note: CopyNote, now: datetime) -> list[tuple[str, str, float]]:
    """Return what is noted of the copy elsewhere: how far behind, how much, and how."""
    values = [
        ("copy_failed", "Whether the copy fails just now.", float(bool(note.failure))),
        ("copy_bytes", "Size of the copy elsewhere.", float(note.bytes)),
        ("copy_objects", "Objects of the copy elsewhere.", float(note.objects)),
        ("copy_sets", "Backups that are whole in the copy.", float(note.sets)),
        (
            "copy_waiting_objects",
            "Objects that are too old and locked in the copy.",
            float(note.waiting),
        ),
        (
            "copy_stray_objects",
            "Objects in the copy that belong to no backup.",
            float(len(note.strays)),
        ),
        (
            "copy_mended_objects",
            "Objects that were missing or changed in the copy, and sent again.",
            float(note.mended),
        ),
    ]
    if note.whole_until is not None:
        behind = max(0.0, (now - note.whole_until).total_seconds())
        words = "How long ago the newest second was that the copy leads to."
        values.append(("copy_behind_seconds", words, behind))
    return values


class SpoolMetrics(Collector):
    """What waits on this machine at a moment, by our clock: numbers and no names."""

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
                "Looks kept on this server's disk until the audit log can be told.",
                waiting.records,
            ),
            ("oldest_seconds", "Age of the oldest of them; 0 without any.", age),
            (
                "damaged_files",
                "Files of such looks that somebody has changed.",
                waiting.damaged,
            ),
        ):
            yield GaugeMetricFamily(f"chartroom_audit_spool_{name}", words, value=value)
