"""Whether PostgreSQL and this machine know the same rules of the clinic's time zone.

PostgreSQL plans slots by its own copy of the time zone database, and pages show them by
the machine's. Where governments change their clocks, one of the two may be too old.
"""

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.postgres.database import Database
from db.postgres.identity import SYSTEM

# For so long visits can be booked ahead.
_DAYS: Final = 366
_OFFSETS: Final = text(
    """
    SELECT at, extract(epoch FROM at AT TIME ZONE :zone - at AT TIME ZONE 'UTC')
    FROM generate_series(
        CAST(:now AS timestamptz), CAST(:now AS timestamptz) + :days * interval '24 h',
        interval '24 h'
    ) AS at
    ORDER BY at
    """
)


def first_difference(session: Session, zone: str, now: datetime) -> date | None:
    """Return the first day of the coming year on which the two clocks differ."""
    ours = ZoneInfo(zone)
    values = {"zone": zone, "now": now, "days": _DAYS}
    for at, offset in session.execute(_OFFSETS, values):
        local: datetime = at.astimezone(ours)
        known = local.utcoffset()
        if known is None or known.total_seconds() != offset:
            return local.date()
    return None


def warning(database: Database, zone: str) -> str | None:
    """Return what to do if the clocks differ. Raises DatabaseUnavailable."""
    day = database.read_newest(
        lambda session: first_difference(session, zone, datetime.now(UTC)),
        identity=SYSTEM,
    ).value
    return _advice(day, zone) if day else None


def _advice(day: date, zone: str) -> str:
    return (
        f"From {day} on, PostgreSQL and this machine know different clock times for "
        f"CHARTROOM_TIMEZONE={zone}: visits would be shown at other times than those "
        "that doctors work. Update the time zone data of this machine (tzdata) and "
        "the packages of Chartroom, or PostgreSQL if it is your own."
    )
