"""/health and related routes: whether the parts that pages need answer, how fast."""

import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.cluster.schemas import AvailabilityShown, HealthShown
from api.core.answers import JsonResponse
from api.core.dependencies import KnownProgram, Stores
from api.core.documented import shows
from db.cluster.observing import ClusterSnapshot
from db.cluster.site_position import SitePosition
from db.mongo.audit_store import AuditStoreUnavailable
from db.postgres import SYSTEM, Absence, DatabaseUnavailable
from db.postgres.watching.nodes import NodeState
from services.audit import chain
from services.cluster.monitoring import background

router = APIRouter(tags=["Health"])

Status = Literal["up", "degraded", "read-only", "down"]
Database = Literal["up", "read-only", "down"]
_OK: Final = 200
_UNAVAILABLE: Final = 503
# Anybody may ask, as often as they like; the databases are queried once a second.
_KEPT_SECONDS: Final = 1.0
# An event is normally in the audit log a second after it happened.
_SHIPPED_WITHIN_SECONDS: Final = 60.0
_DOWN: Final = {"status": "down", "latency_ms": None}
_HEALTH: Final = shows(HealthShown) | shows(HealthShown, status=503)
_AVAILABILITY: Final = shows(AvailabilityShown) | shows(AvailabilityShown, status=503)


@dataclass(frozen=True, slots=True)
class Health:
    """What the parts answered, and the resulting status of the whole."""

    status: Status
    database: Database
    at: datetime
    parts: dict[str, Any]
    # At a standby site, the position up to which it has the main site's data.
    site: SitePosition | None = None

    def response(
        self,
        etcd: Mapping[str, Any] | None = None,
        sites: Sequence[Mapping[str, Any]] = (),
    ) -> Response:
        """Return 503 where no page could be served, otherwise 200.

        Without etcd everything keeps working until a server is lost, and so it does
        without the sites that follow this one.
        """
        is_lesser = self.status == "up" and (etcd or {}).get("status") == "down"
        status = "degraded" if is_lesser else self.status
        parts = {**self.parts, "etcd": etcd, "sites": list(sites)}
        content = {**self._whole, "status": status, **parts}
        return JsonResponse(content, self._code)

    def brief(self) -> Response:
        """Return the same without the names and states of the parts.

        Anybody who reaches the port may ask for this, and learns no more than by trying
        to open a page.
        """
        return JsonResponse(self._whole, self._code)

    @property
    def _whole(self) -> dict[str, Any]:
        whole = {
            # A degraded clinic still serves every page.
            "status": "up" if self.status == "degraded" else self.status,
            "database": self.database,
            "timestamp": self.at.isoformat(),
        }
        if self.site is None:
            return whole
        return {**whole, "role": "standby", "lag_seconds": self.site.lag_seconds}

    @property
    def _code(self) -> int:
        return _UNAVAILABLE if self.status == "down" else _OK


class Checkup:
    """Checks the parts at most once a second, however many callers ask."""

    def __init__(
        self, stores: Stores, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._lock = threading.Lock()
        self._health: Health | None = None
        self._until = 0.0

    def health(self) -> Health:
        """Return the state of the parts, at most a second old."""
        with self._lock:
            if self._health is None or self._clock() >= self._until:
                self._health = examine(self._stores)
                self._until = self._clock() + _KEPT_SECONDS
            return self._health


def examine(stores: Stores) -> Health:
    """Check every part. Without MongoDB or any server of PostgreSQL nothing works.

    Nothing works without room in the data folder either, since every access has to be
    recorded.

    Without a primary, existing data is read from the replicas, so load balancers should
    keep sending visitors here; what cannot be done then can wait. The same holds at a
    standby site, which also reports how far it is behind the main one.
    """
    nodes = stores.database.nodes()
    primary = _primary(nodes) | _since(stores.database.absence())
    replicas = [_replica(node) for node in nodes if node.role != "primary"]
    answering = {primary["status"], *(replica["status"] for replica in replicas)}
    can_save = stores.disks is None or not stores.disks.is_full
    can_work = can_save and "up" in answering
    mongo, disk = _mongo(stores), _disk(stores)
    # Do not wait for an answer that will not come.
    worker = _worker(stores) if can_work else _DOWN
    is_led = primary["status"] == "up"
    audit = _audit(stores, is_led=is_led) if can_work else _DOWN
    parts = {
        "primary": primary,
        "replicas": replicas,
        "mongo": mongo,
        "worker": worker,
        "audit": audit,
        "disk": disk,
    }
    database = _database(primary, answering)
    lesser = [worker, audit, disk, *replicas]
    status: Status = "up"
    if mongo["status"] == "down" or not can_work:
        status = "down"
    elif primary["status"] == "down":
        status = "read-only"
    elif any(part["status"] == "down" for part in lesser) or not replicas:
        status = "degraded"
    site = stores.site.position() if stores.site else None
    return Health(status, database, stores.now(), parts, site)


def checkup_of(request: Request) -> Checkup:
    """Return the checkup of the server that answers."""
    checkup: Checkup = request.app.state.checkup
    return checkup


TheCheckup = Annotated[Checkup, Depends(checkup_of)]


@router.get("/health", responses=_AVAILABILITY)
def health(checkup: TheCheckup) -> Response:
    """Return whether the clinic can work, to anybody: 200, or 503 if it cannot."""
    return checkup.health().brief()


@router.head("/health", responses=_AVAILABILITY)
def look_at_health(checkup: TheCheckup) -> Response:
    """Return the status alone, as monitors of web sites ask for it."""
    whole = checkup.health().brief()
    return Response(status_code=whole.status_code, media_type=whole.media_type)


@router.get("/api/v1/health", responses=_HEALTH)
def health_for_programs(caller: KnownProgram, checkup: TheCheckup) -> Response:
    """Return the same to anybody, and each part's state to programs with a token."""
    health = checkup.health()
    if caller is None:
        return health.brief()
    snapshot = caller.stores.monitor.latest()
    return health.response(etcd_part(snapshot), site_parts(snapshot))


def etcd_part(snapshot: ClusterSnapshot) -> dict[str, Any] | None:
    """Return the state of etcd as Patroni sees it; None without Patroni."""
    silent = snapshot.etcd_silent_seconds
    if silent is None:
        return None
    part = _part(None, last_seen_seconds=round(silent, 1))
    return part if snapshot.is_etcd_answering else part | {"status": "down"}


def site_parts(snapshot: ClusterSnapshot) -> list[dict[str, Any]]:
    """Return whether each site following this one streams, and how far behind."""
    return [
        {
            "status": "up" if site.is_streaming else "down",
            "latency_ms": None,
            "name": site.site,
            "lag_seconds": site.lag_seconds,
        }
        for site in snapshot.sites
    ]


def _database(primary: Mapping[str, Any], answering: Container[str]) -> Database:
    if primary["status"] == "up":
        return "up"
    return "read-only" if "up" in answering else "down"


def _primary(nodes: tuple[NodeState, ...]) -> dict[str, Any]:
    for node in nodes:
        if node.role == "primary" and node.reachable:
            return _part(latency_seconds=node.latency_seconds, name=node.name)
    return dict(_DOWN)


def _since(absence: Absence | None) -> dict[str, Any]:
    return {"missing_since": absence.since.isoformat()} if absence else {}


def _replica(node: NodeState) -> dict[str, Any]:
    if not node.reachable:
        return {"status": "down", "latency_ms": None, "name": node.name}
    return _part(
        latency_seconds=node.latency_seconds,
        name=node.name,
        lag_seconds=node.lag_seconds,
    )


def _mongo(stores: Stores) -> dict[str, Any]:
    try:
        return _part(latency_seconds=stores.files.ping())
    # Whatever the error, MongoDB is down.
    except Exception:
        return dict(_DOWN)


def _worker(stores: Stores) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        state = stores.database.read(background.worker_state, identity=SYSTEM).value
    except DatabaseUnavailable:
        return dict(_DOWN)
    elapsed = time.perf_counter() - started
    part = _part(elapsed, last_seen_seconds=state.heartbeat_age_seconds)
    return part if state.is_at_work else part | {"status": "down"}


def _audit(stores: Stores, *, is_led: bool) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        waiting = stores.database.read(chain.waiting_seconds, identity=SYSTEM).value
    except DatabaseUnavailable:
        return dict(_DOWN)
    part = _part(time.perf_counter() - started, waiting_seconds=round(waiting, 1))
    # Only a primary knows, and while nobody leads nothing is added anyway. Waiting for
    # a primary would keep load balancers waiting.
    if is_led and (broken := _break(stores)) is not None:
        return part | {"status": "down", "failure": str(broken)}
    return part if waiting <= _SHIPPED_WITHIN_SECONDS else part | {"status": "down"}


def _break(stores: Stores) -> chain.ChainBroken | None:
    """Return why nothing can be added to the audit log, such as a head set back.

    Found without an event having to wait first: the next one would wait for ever.
    """
    with suppress(AuditStoreUnavailable, DatabaseUnavailable):
        return stores.database.read_latest(
            lambda session: chain.find_break(session, stores.audit), identity=SYSTEM
        ).value
    return None


def _disk(stores: Stores) -> dict[str, Any]:
    """Return whether the disks that this server can inspect have room."""
    if stores.disks is None or (usage := stores.disks.usage()) is None:
        return _part(None)
    free, total = usage
    part = _part(None, free_bytes=free, total_bytes=total)
    full = stores.disks.full()
    return part | {"status": "down", "full": full} if full else part


def _part(latency_seconds: float | None, **more: object) -> dict[str, Any]:
    milliseconds = None if latency_seconds is None else round(latency_seconds * 1000, 2)
    return {"status": "up", "latency_ms": milliseconds, **more}
