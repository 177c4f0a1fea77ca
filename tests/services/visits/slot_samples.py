"""Weeks of slots to book from."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from db.models.booking import Slot

_MINUTES = 20
_SATURDAY = 5


def working_days(first: date, count: int) -> list[date]:
    """Return this many days from the first on, without weekends."""
    days = (first + timedelta(days=number) for number in range(2 * count + 4))
    return [day for day in days if day.weekday() < _SATURDAY][:count]


def week_of_slots(
    session: Session,
    doctor_id: UUID,
    first: date,
    *,
    days: int = 5,
    hours: tuple[int, int] = (8, 12),
) -> list[UUID]:
    """Add slots of twenty minutes between these hours (UTC) on working days."""
    rows = [
        Slot(
            doctor_id=doctor_id,
            starts_at=timestamp,
            ends_at=timestamp + timedelta(minutes=_MINUTES),
        )
        for day in working_days(first, days)
        for timestamp in _timestamps(day, *hours)
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def _timestamps(day: date, first: int, last: int) -> Iterator[datetime]:
    begins = datetime.combine(day, time(first), UTC)
    for number in range((last - first) * 60 // _MINUTES):
        yield begins + timedelta(minutes=_MINUTES * number)
