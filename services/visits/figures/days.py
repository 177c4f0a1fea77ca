"""Visits counted by day, for the first page of actors who see visits."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission

_COUNT: Final = text("""
SELECT (starts_at AT TIME ZONE :zone)::date AS day,
    count(*) FILTER (WHERE status <> 'cancelled') AS booked,
    count(*) FILTER (WHERE status = 'completed') AS seen,
    count(*) FILTER (WHERE status = 'completed'
        AND coalesce(completed_at, ends_at) AT TIME ZONE :zone
            <= (starts_at AT TIME ZONE :zone)::date + CAST(:clock AS time)
    ) AS seen_by_now,
    count(*) FILTER (WHERE status = 'no-show') AS missed,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled
FROM appointments
WHERE starts_at >= :from_at AND starts_at < :until_at
    AND (NOT :is_own OR doctor_id IN (
        SELECT id FROM doctors WHERE user_id = :actor_id))
GROUP BY day
""")


@dataclass(frozen=True, slots=True)
class VisitDay:
    """One day's visits; `seen_by_now` were completed by this time of the day."""

    day: date
    booked: int = 0
    seen: int = 0
    seen_by_now: int = 0
    missed: int = 0
    cancelled: int = 0


def count_days(
    session: Session,
    actor: Actor,
    first: date,
    last: date,
    now: datetime,
    *,
    is_own: bool = False,
) -> tuple[VisitDay, ...]:
    """Return every day from the first to the last on the clinic's clock, `now`'s zone.

    For a clinician, the visits that they may see, or only those they are booked for.
    Counts name nobody, so nothing is recorded. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_VISITS)
    zone: tzinfo | None = now.tzinfo
    rows = session.execute(
        _COUNT,
        {
            "zone": str(zone),
            "clock": now.time().replace(tzinfo=None),
            "from_at": datetime.combine(first, time(), zone),
            "until_at": datetime.combine(last + timedelta(days=1), time(), zone),
            "is_own": is_own,
            "actor_id": actor.id,
        },
    )
    counted = {row.day: VisitDay(*row) for row in rows}
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(counted.get(day, VisitDay(day)) for day in days)
