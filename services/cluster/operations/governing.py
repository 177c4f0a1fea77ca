"""Operations on the cluster as a whole: automatic failover, settings, replicas."""

from time import monotonic
from typing import Final
from uuid import UUID

from services.cluster.operations import settings
from services.cluster.operations.progress import Progress
from services.cluster.operations.refusals import CannotAct, WentWrong
from services.cluster.operations.requests import Cost, OperationRequest
from services.cluster.operations.servers import Servers, by_control, wait_until
from services.core.sentences import Sentence

_HEARD_SECONDS: Final = 30.0
_COPY_SECONDS: Final = 3600.0
_LOOK_SECONDS: Final = 0.3
SHORTEST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 600.0


def pause(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Turn automatic failover off."""
    del request, run_id
    progress.tell("Telling Patroni to leave the servers to people")
    servers.ask(servers.patroni.pause)
    _await_automatic(servers, is_on=False)
    return Cost("Automatic failover is off: nobody replaces a primary that is lost.")


def resume(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Turn automatic failover on again."""
    del request, run_id
    progress.tell("Telling Patroni to look after the servers again")
    servers.ask(servers.patroni.resume)
    _await_automatic(servers, is_on=True)
    return Cost("Automatic failover is on again.")


def change_settings(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Apply the settings of the request; raises InvalidInput for those not allowed."""
    del run_id
    changes = rehearse_settings(servers, request)
    progress.tell("Telling Patroni the new settings")
    servers.ask(lambda: servers.patroni.patch_config(settings.as_patch(changes)))
    changed = ", ".join(f"{name} {old} → {new}" for name, (old, new) in changes.items())
    return Cost(f"Changed: {changed}.", facts={"changed": dict(changes)})


def rehearse_settings(
    servers: Servers, request: OperationRequest
) -> dict[str, tuple[int | str, int | str]]:
    """Return the settings that would change, before and after; raises InvalidInput."""
    config = servers.ask(servers.patroni.config)
    return settings.read_changes(config, request.changes)


def add_replica(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Add a replica and wait until it streams; a delayed one if the request says so."""
    del run_id
    control = servers.require_control()
    began_at = monotonic()
    progress.tell("Making a new node")
    delay = int(request.seconds) if request.seconds else None
    name = by_control(lambda: control.add_replica(delay))
    progress.tell(f"Copying the primary's data to {name}")

    def streams() -> bool:
        report = by_control(control.report).node(name)
        return report is not None and report.state == "streaming"

    if not wait_until(streams, seconds=_COPY_SECONDS, pause_seconds=_LOOK_SECONDS):
        raise WentWrong(
            Sentence("{server} does not stream after an hour.", server=name)
        )
    seconds = round(monotonic() - began_at, 1)
    late = f", {delay} s late on purpose" if delay else ""
    sentence = f"{name} is there and streams{late}, after {seconds} s."
    return Cost(sentence, facts={"made": name})


def remove_replica(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Stop a replica and delete its data."""
    del run_id
    control, name = servers.require_control(), _require_node(request)
    progress.tell(f"Removing {name}")
    by_control(lambda: control.remove_replica(name))
    return Cost(f"{name} is gone.")


def pause_replay(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Pause a replica's replay while it receives on, for a time that ends by itself."""
    del run_id
    control, name = servers.require_control(), _require_node(request)
    seconds = min(max(request.seconds or SHORTEST_PAUSE, SHORTEST_PAUSE), LONGEST_PAUSE)
    progress.tell(f"Pausing replay on {name}")
    until = by_control(lambda: control.pause_replay(name, seconds))
    return Cost(
        f"{name} shows nothing new until {until:%H:%M:%S} UTC, then goes on by itself.",
        facts={"until": until.isoformat()},
    )


def _require_node(request: OperationRequest) -> str:
    if not request.node:
        raise CannotAct("Say which server it is for.")
    return request.node


def _await_automatic(servers: Servers, *, is_on: bool) -> None:
    def is_heard() -> bool:
        return servers.ask(servers.patroni.cluster).is_paused is not is_on

    if not wait_until(is_heard, seconds=_HEARD_SECONDS, pause_seconds=_LOOK_SECONDS):
        raise WentWrong("Patroni took the setting, but its members have not heard it.")
