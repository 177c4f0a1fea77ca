"""What Patroni reports of its members, planned switchovers and former leaders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from db.postgres import Lsn

_LEADING: Final = frozenset({"leader", "standby_leader"})
_WAITED_FOR: Final = frozenset({"sync_standby", "quorum_standby"})
_STREAMING: Final = "streaming"


@dataclass(frozen=True, slots=True)
class PatroniMember:
    """One member as Patroni last heard of it, some seconds ago at most.

    `lag_bytes` is how far its replay is behind Patroni's last known position of the
    primary.
    """

    name: str
    role: str
    state: str
    timeline: int | None = None
    lag_bytes: int | None = None
    lsn: Lsn | None = None
    is_restart_pending: bool = False
    tags: Mapping[str, Any] = field(default_factory=dict)
    address: str | None = None

    @property
    def is_leading(self) -> bool:
        """Whether the member holds the leader key."""
        return self.role in _LEADING

    @property
    def is_streaming(self) -> bool:
        """Whether the member receives the primary's log as it is written."""
        return self.state == _STREAMING

    @property
    def is_waited_for(self) -> bool:
        """Whether commits may wait for the member: it has all that is acknowledged."""
        return self.role in _WAITED_FOR

    @property
    def may_lead(self) -> bool:
        """Whether the member's tags let it become the primary."""
        return not self.tags.get("nofailover")


@dataclass(frozen=True, slots=True)
class PlannedSwitchover:
    """A switchover that Patroni itself will make at a set time."""

    at: datetime
    leader: str | None
    candidate: str | None


@dataclass(frozen=True, slots=True)
class PatroniMembers:
    """All members at one time."""

    members: tuple[PatroniMember, ...]
    is_paused: bool = False
    planned: PlannedSwitchover | None = None

    @property
    def leader(self) -> PatroniMember | None:
        """The member that leads; None while nobody does."""
        return next((member for member in self.members if member.is_leading), None)

    def member(self, name: str) -> PatroniMember | None:
        """Return a member by its name."""
        return next((member for member in self.members if member.name == name), None)


@dataclass(frozen=True, slots=True)
class Promotion:
    """The end of a timeline: where in the log, when, and who led after it."""

    timeline: int
    lsn: Lsn
    reason: str
    at: datetime | None
    leader: str | None

    @property
    def new_timeline(self) -> int:
        """The timeline that began there."""
        return self.timeline + 1


def members_of(answer: Mapping[str, Any]) -> PatroniMembers:
    """Parse the answer to /cluster."""
    planned = answer.get("scheduled_switchover")
    return PatroniMembers(
        tuple(_member(member) for member in answer.get("members", ())),
        bool(answer.get("pause")),
        _planned(planned) if planned else None,
    )


def promotions_of(answer: Any) -> tuple[Promotion, ...]:
    """Parse the answer to /history, oldest first."""
    return tuple(_promotion(*line) for line in answer)


def _member(fields: Mapping[str, Any]) -> PatroniMember:
    lag, lsn = fields.get("replay_lag"), fields.get("replay_lsn")
    host, port = fields.get("host"), fields.get("port")
    return PatroniMember(
        fields["name"],
        fields["role"],
        fields.get("state", "unknown"),
        fields.get("timeline"),
        # The value is "unknown" for a member that has not reported it.
        lag if isinstance(lag, int) else None,
        Lsn.parse(lsn) if isinstance(lsn, str) and "/" in lsn else None,
        bool(fields.get("pending_restart")),
        fields.get("tags", {}),
        f"{host}:{port}" if host else None,
    )


def _planned(fields: Mapping[str, Any]) -> PlannedSwitchover:
    at = datetime.fromisoformat(fields["at"])
    return PlannedSwitchover(at, fields.get("from"), fields.get("to"))


def _promotion(
    timeline: int, lsn: int, reason: str, at: str = "", leader: str = "", *_: object
) -> Promotion:
    timestamp = datetime.fromisoformat(at) if at else None
    return Promotion(timeline, Lsn(lsn), reason, timestamp, leader or None)
