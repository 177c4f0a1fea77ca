"""What can be done to the database servers, and what that is called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from services.audit import Action


class Act(StrEnum):
    """A deed by the name that the history keeps."""

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
        """How the audit log calls it."""
        return _ACTIONS[self]


_ACTIONS: Final = {
    Act.SWITCHOVER: Action.CLUSTER_SWITCHOVER,
    Act.FAILOVER: Action.CLUSTER_FAILOVER,
    Act.REJOIN: Action.CLUSTER_REJOIN,
    Act.REINIT: Action.CLUSTER_REINIT,
    Act.RESTART: Action.CLUSTER_RESTART,
    Act.PAUSE: Action.CLUSTER_PAUSE,
    Act.RESUME: Action.CLUSTER_RESUME,
    Act.SETTINGS: Action.CLUSTER_SETTINGS,
    Act.ADD_REPLICA: Action.CLUSTER_ADD_REPLICA,
    Act.REMOVE_REPLICA: Action.CLUSTER_REMOVE_REPLICA,
    Act.PAUSE_REPLAY: Action.CLUSTER_PAUSE_REPLAY,
}
TITLES: Final = {
    Act.SWITCHOVER: "Switchover",
    Act.FAILOVER: "Failover",
    Act.REJOIN: "Rejoin",
    Act.REINIT: "Copy anew",
    Act.RESTART: "Restart",
    Act.PAUSE: "Automatic failover off",
    Act.RESUME: "Automatic failover on",
    Act.SETTINGS: "Settings",
    Act.ADD_REPLICA: "New replica",
    Act.REMOVE_REPLICA: "Replica removed",
    Act.PAUSE_REPLAY: "Replay paused",
}
# The seconds that a change of primary is made of, in their order.
PHASES: Final = {
    "pausing": "Asked until writers paused",
    "handing_over": "Writers paused until the new primary led",
    "first_write": "The new primary led until it took a write",
    "rejoining": "First write until the former primary followed",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants done, and why.

    `node` is whom it is about: of a switchover or a failover the one that shall lead.
    `typed` is what they typed to confirm that something may be lost. `scheduled_at` is
    for switchovers, `seconds` for pauses of replay and delayed standbys, `changes` for
    settings.
    """

    act: Act
    reason: str
    node: str | None = None
    typed: str = ""
    scheduled_at: datetime | None = None
    seconds: float | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an act did and what it cost.

    `downtime_seconds` is from the last write acknowledged before to the first after;
    of writes that were acknowledged, `lost_writes` are not there any more. `lost_bytes`
    is how far the last of them reached beyond where the new timeline begins, None
    where nothing tells. `sentence` says it all in words.
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
