"""What can be done to the database servers, and what it is called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.core.audit import Action


class OperationKind(StrEnum):
    """An operation by its name in the history."""

    SWITCHOVER = "switchover"
    FAILOVER = "failover"
    REJOIN = "rejoin"
    REINIT = "reinit"
    RESTART = "restart"
    PAUSE = "pause"
    RESUME = "resume"
    SETTINGS = "settings"
    ADD_REPLICA = "add-replica"
    REMOVE_REPLICA = "remove-replica"
    PAUSE_REPLAY = "pause-replay"

    @property
    def action(self) -> Action:
        """The operation's action in the audit log."""
        return _ACTIONS[self]


_ACTIONS: Final = {
    OperationKind.SWITCHOVER: Action.CLUSTER_SWITCHOVER,
    OperationKind.FAILOVER: Action.CLUSTER_FAILOVER,
    OperationKind.REJOIN: Action.CLUSTER_REJOIN,
    OperationKind.REINIT: Action.CLUSTER_REINIT,
    OperationKind.RESTART: Action.CLUSTER_RESTART,
    OperationKind.PAUSE: Action.CLUSTER_PAUSE,
    OperationKind.RESUME: Action.CLUSTER_RESUME,
    OperationKind.SETTINGS: Action.CLUSTER_SETTINGS,
    OperationKind.ADD_REPLICA: Action.CLUSTER_ADD_REPLICA,
    OperationKind.REMOVE_REPLICA: Action.CLUSTER_REMOVE_REPLICA,
    OperationKind.PAUSE_REPLAY: Action.CLUSTER_PAUSE_REPLAY,
}
TITLES: Final = {
    OperationKind.SWITCHOVER: "Switchover",
    OperationKind.FAILOVER: "Failover",
    OperationKind.REJOIN: "Rejoin",
    OperationKind.REINIT: "Copy anew",
    OperationKind.RESTART: "Restart",
    OperationKind.PAUSE: "Automatic failover off",
    OperationKind.RESUME: "Automatic failover on",
    OperationKind.SETTINGS: "Settings",
    OperationKind.ADD_REPLICA: "New replica",
    OperationKind.REMOVE_REPLICA: "Replica removed",
    OperationKind.PAUSE_REPLAY: "Replay paused",
}
# The phases of a change of the primary, in their order.
PHASES: Final = {
    "pausing": "Asked until writers paused",
    "handing_over": "Writers paused until the new primary led",
    "first_write": "The new primary led until it took a write",
    "rejoining": "First write until the former primary followed",
}


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What somebody wants done, and why.

    `node` is the server that it is about: for a switchover or a failover, the one that
    is to lead. `typed` is what was typed to confirm that something may be lost.
    `scheduled_at` is for switchovers, `seconds` for pauses of replay and delayed
    standbys, `changes` for settings. `token_id` is the token of a program that asks.
    """

    kind: OperationKind
    reason: str
    node: str | None = None
    typed: str = ""
    scheduled_at: datetime | None = None
    seconds: float | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    token_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation did and what it cost.

    `downtime_seconds` is the time from the last write acknowledged before to the first
    one after; `lost_writes` counts acknowledged writes that no longer exist.
    `lost_bytes` is how far the last of them reached beyond the beginning of the new
    timeline, None if that is not known. `sentence` describes all of it in words.
    """

    sentence: str
    former_primary: str | None = None
    new_primary: str | None = None
    former_timeline: int | None = None
    new_timeline: int | None = None
    downtime_seconds: float | None = None
    lost_bytes: int | None = None
    lost_writes: int | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
