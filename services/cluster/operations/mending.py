"""Operations on one server: restarting it, copying it anew, bringing it back."""

from functools import partial
from time import monotonic
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.cluster.patroni import PatroniMember, PatroniSilent
from db.postgres import DatabaseUnavailable
from services.cluster.operations.probing import Prober, longest_pause
from services.cluster.operations.progress import Progress
from services.cluster.operations.refusals import CannotAct, NoPatroni, WentWrong
from services.cluster.operations.requests import Cost, OperationRequest
from services.cluster.operations.servers import Servers, by_control, wait_until
from services.core.sentences import Sentence

# Patroni rewinds a small divergence in seconds; beyond this it is stuck.
_REWIND_SECONDS: Final = 45.0
_COPY_SECONDS: Final = 3600.0
_SETTLING_SECONDS: Final = 0.3
_WRITING_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.3
_BEGIN_SECONDS: Final = 10.0
_COPIED = text(
    "SELECT sum(backup_streamed)::float8 / nullif(sum(backup_total), 0) "
    "FROM pg_stat_progress_basebackup"
)


def restart(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Restart PostgreSQL on a server; the wait of writers counts if it leads."""
    server = servers.require_server(request.node)
    progress.tell(f"Restarting PostgreSQL on {server.name}")
    with Prober(servers.database, run_id) as prober:
        wait_until(lambda: len(prober.writes) > 1, seconds=5)
        wait_until(lambda: False, seconds=_SETTLING_SECONDS)
        servers.ask(lambda: servers.patroni.restart(server.name))
        number = len(prober.writes)
        is_written = wait_until(
            lambda: len(prober.writes) > number, seconds=_WRITING_SECONDS
        )
        if server.is_leading and not is_written:
            raise WentWrong(
                Sentence(
                    "{server} runs again, but takes no writes.", server=server.name
                )
            )
        if not server.is_leading:
            _await_streaming(servers, server.name, progress)
    pause, lost = longest_pause(prober.writes), prober.lost()
    waited = round(pause.seconds, 3) if pause and server.is_leading else None
    return Cost(
        f"{server.name} runs again."
        + (f" Writers waited {waited:.1f} s." if waited is not None else ""),
        downtime_seconds=waited,
        lost_writes=lost,
        facts={"acknowledged": len(prober.writes)},
    )


def reinit(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Copy the primary's data to a replica anew, and wait until it streams."""
    del run_id
    name = _require_replica(servers, request)
    began_at = monotonic()
    _copy(servers, name, progress)
    seconds = round(monotonic() - began_at, 1)
    return Cost(f"{name} was copied anew and streams, after {seconds} s.")


def rejoin(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Bring a server back until it streams: by rewinding it, otherwise by a copy."""
    del run_id
    name = _require_replica(servers, request)
    began_at = monotonic()
    _start(servers, name, progress)
    progress.tell(f"Waiting until {name} has rewound what only it has, and streams")
    way = "kept its data"
    if not _streams_within(servers, name, _REWIND_SECONDS):
        way = "was copied anew"
        progress.tell(f"Rewinding did not help {name}: its data is copied anew")
        _copy(servers, name, progress)
    progress.tell(f"{name} streams from the primary")
    seconds = round(monotonic() - began_at, 1)
    return Cost(
        f"{name} is back and streams, after {seconds} s; it {way}.",
        facts={"way": way},
    )


def _require_replica(servers: Servers, request: OperationRequest) -> str:
    server = servers.require_server(request.node)
    if server.is_leading:
        raise CannotAct(
            Sentence(
                "{server} is the primary: make another one lead first.",
                server=server.name,
            )
        )
    if servers.look().primary is None:
        raise CannotAct(
            "No server leads that it could follow. Let another one lead first."
        )
    return server.name


def _start(servers: Servers, name: str, progress: Progress) -> None:
    """Wait for the server's Patroni; on our own servers, heal their faults first."""
    if servers.control is not None:
        control = servers.control
        report = by_control(control.report).node(name)
        if report is not None and report.faults:
            progress.tell(f"Ending what keeps {name} down")
            for fault in report.faults:
                by_control(partial(control.heal, fault, name))
    progress.tell(f"Waiting for Patroni on {name}")
    if not wait_until(
        lambda: servers.patroni.answers(name),
        seconds=_REWIND_SECONDS,
        pause_seconds=_LOOK_SECONDS,
    ):
        raise WentWrong(
            Sentence(
                "Patroni on {server} does not answer. Start it there, for example "
                "with: systemctl start patroni",
                server=name,
            )
        )


def _copy(servers: Servers, name: str, progress: Progress) -> None:
    progress.tell(f"Copying the primary's data to {name}")
    servers.ask(lambda: servers.patroni.reinitialize(name))
    # Until the copy has begun, the server may still look as it did before.
    wait_until(
        lambda: not _is_streaming(servers, name),
        seconds=_BEGIN_SECONDS,
        pause_seconds=_LOOK_SECONDS,
    )
    _await_streaming(servers, name, progress)


def _await_streaming(servers: Servers, name: str, progress: Progress) -> None:
    def is_there() -> bool:
        progress.share = _copied_share(servers)
        return _is_streaming(servers, name)

    if not wait_until(is_there, seconds=_COPY_SECONDS, pause_seconds=_LOOK_SECONDS):
        raise WentWrong(
            Sentence(
                "{server} does not stream after {seconds} s.",
                server=name,
                seconds=f"{_COPY_SECONDS:.0f}",
            )
        )
    progress.tell(f"{name} streams")


def _streams_within(servers: Servers, name: str, seconds: float) -> bool:
    return wait_until(
        lambda: _is_streaming(servers, name),
        seconds=seconds,
        pause_seconds=_LOOK_SECONDS,
    )


def _is_streaming(servers: Servers, name: str) -> bool:
    """Return whether the replica, also by itself, streams on the leader's timeline."""
    try:
        members = servers.ask(servers.patroni.cluster)
        own = servers.patroni.state_of(name)
    except (NoPatroni, PatroniSilent):
        return False
    member, leader = members.member(name), members.leader
    if member is None or leader is None or not member.is_streaming:
        return False
    return own.get("replication_state") == "streaming" and _same_line(member, leader)


def _same_line(member: PatroniMember, leader: PatroniMember) -> bool:
    return member.timeline == leader.timeline


def _copied_share(servers: Servers) -> float | None:
    def ask(session: Session) -> float | None:
        share: float | None = session.execute(_COPIED).scalar_one()
        return share

    try:
        return servers.database.read_latest(ask).value
    except DatabaseUnavailable:
        return None
