"""How long the clinic was available, day by day, and its remaining error budget.

It is available while a web server answers and the primary takes writes. The worker
counts seconds; for a time in which no worker ran, nothing is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

BUCKET: Final = timedelta(minutes=5)
MOST_DAYS: Final = 90
# One more day, so that the first of ninety days is complete in every time zone.
_KEPT: Final = timedelta(days=MOST_DAYS + 2)
_DAY_SECONDS: Final = 86_400
# Two workers that count the same minutes, while nobody leads, count no second twice.
_RECORD: Final = text("""
INSERT INTO availability_samples AS kept (
    starts_at, up_seconds, down_seconds, web_down_seconds, database_down_seconds)
VALUES (:starts_at, :up, :down, :web_down, :database_down)
ON CONFLICT (starts_at) DO UPDATE SET
    up_seconds = least(300, kept.up_seconds + excluded.up_seconds),
    down_seconds = least(300, kept.down_seconds + excluded.down_seconds),
    web_down_seconds = least(300, kept.web_down_seconds + excluded.web_down_seconds),
    database_down_seconds =
        least(300, kept.database_down_seconds + excluded.database_down_seconds)
""")
_FORGET: Final = text(
    "DELETE FROM availability_samples "
    "WHERE starts_at < now() - make_interval(secs => :kept)"
)
_READ: Final = text("""
SELECT (starts_at AT TIME ZONE :zone)::date,
    sum(least(up_seconds, 300 - down_seconds)), sum(down_seconds),
    sum(web_down_seconds), sum(database_down_seconds)
FROM availability_samples
WHERE starts_at >= :since
GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class SecondsCounted:
    """Seconds of a span; for those that were down, which of the two was away."""

    up: int = 0
    down: int = 0
    web_down: int = 0
    database_down: int = 0

    def __add__(self, other: "SecondsCounted") -> "SecondsCounted":
        """Return the sum of both."""
        return SecondsCounted(
            self.up + other.up,
            self.down + other.down,
            self.web_down + other.web_down,
            self.database_down + other.database_down,
        )

    def __sub__(self, other: "SecondsCounted") -> "SecondsCounted":
        """Return the difference of both."""
        return SecondsCounted(
            self.up - other.up,
            self.down - other.down,
            self.web_down - other.web_down,
            self.database_down - other.database_down,
        )


@dataclass(frozen=True, slots=True)
class AvailabilityDay:
    """A day by the clinic's clock; `seconds` is how much of it has passed."""

    day: date
    seconds: float
    counted: SecondsCounted

    @property
    def known_seconds(self) -> int:
        """For how many seconds the availability is known."""
        return self.counted.up + self.counted.down

    @property
    def availability(self) -> float | None:
        """The available share of the time that is known; None if none is known."""
        known = self.known_seconds
        return self.counted.up / known if known else None


@dataclass(frozen=True, slots=True)
class AvailabilityReport:
    """The days of a period, the oldest first; `objective` is a share of 1."""

    days: tuple[AvailabilityDay, ...]
    objective: float

    @property
    def counted(self) -> SecondsCounted:
        """The seconds of all days."""
        return sum((day.counted for day in self.days), SecondsCounted())

    @property
    def availability(self) -> float | None:
        """The available share of the time that is known; None if none is known."""
        counted = self.counted
        known = counted.up + counted.down
        return counted.up / known if known else None

    @property
    def budget_seconds(self) -> float:
        """How long the clinic may be unavailable in this number of whole days."""
        return len(self.days) * _DAY_SECONDS * (1 - self.objective)

    @property
    def left_seconds(self) -> float:
        """What is left of the budget; negative once the objective is missed."""
        return self.budget_seconds - self.counted.down

    @property
    def unknown_seconds(self) -> float:
        """How much of the time that has passed was not counted."""
        passed = sum(day.seconds - day.known_seconds for day in self.days)
        return max(0.0, passed)


def record_availability(
    session: Session, counted: Mapping[datetime, SecondsCounted]
) -> None:
    """Add seconds to spans of five minutes, by their beginning; for the background."""
    for starts_at, seconds in counted.items():
        session.execute(
            _RECORD,
            {
                "starts_at": starts_at,
                "up": seconds.up,
                "down": seconds.down,
                "web_down": seconds.web_down,
                "database_down": seconds.database_down,
            },
        )


def forget_availability(session: Session) -> None:
    """Delete what pages no longer show; for the background."""
    session.execute(_FORGET, {"kept": _KEPT.total_seconds()})


def read_availability(
    session: Session,
    actor: Actor,
    *,
    days: int,
    now: datetime,
    zone: tzinfo,
    objective: float,
) -> AvailabilityReport:
    """Return the last days up to today in a zone, including those without any count.

    Raises NotAllowed, and InvalidInput for more days than are kept.
    """
    actor.require(Permission.VIEW_REPLICATION)
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(
            "days", Sentence("Ask for 1 to {most} days.", most=MOST_DAYS)
        )
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since = _midnight(first, zone)
    rows = session.execute(_READ, {"zone": str(zone), "since": since})
    counted = {day: SecondsCounted(*map(int, sums)) for day, *sums in rows}
    shown = (first + timedelta(days=number) for number in range(days))
    return AvailabilityReport(
        tuple(
            AvailabilityDay(
                day, _passed(day, zone, now), counted.get(day, SecondsCounted())
            )
            for day in shown
        ),
        objective,
    )


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _passed(day: date, zone: tzinfo, now: datetime) -> float:
    """Return how many seconds of the day have passed; a day is 23 to 25 hours."""
    begins = _midnight(day, zone).timestamp()
    ends = _midnight(day + timedelta(days=1), zone).timestamp()
    return min(now.timestamp(), ends) - begins
