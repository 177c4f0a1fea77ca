"""The state of the servers for pages of operations, before anybody clicks."""

from collections.abc import Mapping
from typing import Any

from dashboard import wiring
from dashboard.context import current_actor, read, require
from services.cluster.monitoring import Operation, list_operations
from services.cluster.operations import (
    OperationPreview,
    PlannedSwitchover,
    RunningOperation,
    Situation,
    preview,
)
from services.cluster.operations.servers import Servers
from services.core.actors import Permission
from services.core.errors import Unavailable

_SECONDS = 3.0
_MOST = 30
_COMPARED = 3


def servers() -> Servers:
    """Return the servers that operations work on; raises NotAllowed."""
    require(Permission.ACT_ON_CLUSTER)
    return wiring.current().runner.servers


def situation() -> Situation:
    """Return the present state of the servers; raises NotAllowed, NoPatroni."""
    return servers().look(with_transactions=True)


def preview_change() -> OperationPreview:
    """Return what a change of the primary would mean; raises as `situation` does."""
    return preview(situation())


def settings_now() -> Mapping[str, Any]:
    """Return Patroni's shared settings; raises NotAllowed, NoPatroni."""
    reached = servers()
    return reached.ask(reached.patroni.config)


def is_embedded() -> bool:
    """Return whether the launcher of these servers can be asked."""
    return wiring.current().runner.servers.control is not None


def next_planned() -> PlannedSwitchover | None:
    """Return the planned switchover; None also while it cannot be known."""
    return wiring.current().runner.next_planned(current_actor())


def latest() -> tuple[Operation, ...]:
    """Return the last operations, the newest first; empty while they cannot be read."""
    actor = current_actor()
    try:
        return read(
            lambda session: list_operations(session, actor, limit=_MOST),
            keep=("operations", actor.id),
            seconds=_SECONDS,
        )
    except Unavailable:
        return ()


def usual_wait() -> tuple[float, ...]:
    """Return how long writers waited in the last few switchovers, the newest first."""
    waits = [
        operation.downtime_seconds
        for operation in latest()
        if operation.kind == "switchover" and operation.downtime_seconds is not None
    ]
    return tuple(waits[:_COMPARED])


def current_operation() -> RunningOperation | None:
    """Return the operation that this process is carrying out now."""
    return wiring.current().runner.current()
