"""What an alert on a count is: a question, a line, and the side that is reported."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.analytics.cohorts import Cohort
from services.analytics.figures import Figure
from services.core.actors import Actor

LONGEST_NAME: Final = 60
# Before anybody is at work, by the clinic's clock.
_CHECKED_AT: Final = time(6)


class AlertState(StrEnum):
    """The side of its line on which a count was when it was last disclosed."""

    UNKNOWN = "unknown"
    WITHIN = "within"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountAlertDraft:
    """A line to be watched: its owner is told of more (`is_above`) or of fewer.

    For a cohort those who remain are watched, for a figure each of its numbers.
    """

    name: str
    question: Cohort | Figure
    is_above: bool
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountAlertRecord:
    """A kept alert; `key` recalls its question."""

    id: UUID
    name: str
    key: str
    is_above: bool
    line: int
    state: AlertState
    checked_at: datetime | None
    crossed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueAlert:
    """An alert that is due to be checked, in its owner's name.

    `language` is the one that the owner chose; None is the clinic's.
    """

    id: UUID
    due_at: datetime
    owner: Actor
    name: str
    question: Cohort | Figure
    is_above: bool
    line: int
    language: str | None = None


def next_check(now: datetime) -> datetime:
    """Return the next morning's time of checking after `now`, by the clinic's clock."""
    at = datetime.combine(now.date(), _CHECKED_AT, now.tzinfo)
    if at <= now:
        at = datetime.combine(now.date() + timedelta(1), _CHECKED_AT, now.tzinfo)
    return at.astimezone(UTC)
