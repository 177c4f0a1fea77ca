"""Drills and their plans, as they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.cluster.drill_kinds import DrillKind
from services.cluster.drills.policy import DrillState


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """A drill as the history keeps it; what was not measured is None.

    `result` holds the sentence, the promise as it was at the time, phases and steps.
    """

    id: UUID
    kind: DrillKind
    state: DrillState
    actor_name: str
    started_at: datetime
    ended_at: datetime | None
    node: str | None
    rto_seconds: float | None
    rpo_seconds: float | None
    acknowledged: int | None
    lost: int | None
    errors: int | None
    result: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """How the drill went, in words; empty while it runs."""
        return str(self.result.get("sentence", ""))


@dataclass(frozen=True, slots=True)
class Plan:
    """When a kind of drill is due next; None if it has no plan.

    `is_due` says whether that day has come.
    """

    kind: DrillKind
    every_days: int | None
    next_on: date | None
    is_due: bool
