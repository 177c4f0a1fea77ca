"""Slots, holds and visits counted by doctor and day."""

from datetime import datetime, time, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services import audit
from services.actors import Actor, Permission
from services.audit import Action
from services.booking_statistics.records import (
    BookingStatistics,
    DoctorDay,
    Figures,
    Period,
)

# Attempts are counted before they meet the slots, or a slot that three wanted would
# be three slots. The scratch slots of a proof are nobody's to book.
_COUNT: Final = text("""
WITH planned AS (
    SELECT id, doctor_id, (starts_at AT TIME ZONE :zone)::date AS day, withdrawn_at
    FROM slots
    WHERE starts_at >= :from_at AND starts_at < :until_at AND origin <> 'proof'
), attempted AS (
    SELECT slot_id,
        count(*) FILTER (WHERE bookings.status = 'confirmed') AS booked,
        count(*) FILTER (WHERE bookings.status <> 'failed') AS holds,
        count(*) FILTER (WHERE confirmed_at IS NOT NULL) AS confirmed,
        count(*) FILTER (
            WHERE bookings.status = 'expired'
                OR bookings.status = 'pending' AND expires_at <= clock_timestamp()
        ) AS expired,
        count(*) FILTER (
            WHERE bookings.status = 'cancelled' AND confirmed_at IS NULL
        ) AS released,
        count(*) FILTER (WHERE bookings.status = 'failed') AS conflicts,
        count(*) FILTER (
            WHERE bookings.status = 'cancelled' AND confirmed_at IS NOT NULL
        ) AS cancelled,
        count(*) FILTER (WHERE appointments.status = 'no-show') AS no_shows
    FROM planned
    JOIN bookings ON slot_id = planned.id
    LEFT JOIN appointments ON booking_id = bookings.id
    GROUP BY slot_id
)
SELECT doctors.id, name, speciality, day,
    count(*) FILTER (WHERE withdrawn_at IS NULL),
    coalesce(sum(booked), 0)::bigint, coalesce(sum(holds), 0)::bigint,
    coalesce(sum(confirmed), 0)::bigint, coalesce(sum(expired), 0)::bigint,
    coalesce(sum(released), 0)::bigint, coalesce(sum(conflicts), 0)::bigint,
    coalesce(sum(cancelled), 0)::bigint, coalesce(sum(no_shows), 0)::bigint
FROM planned
JOIN doctors ON doctors.id = doctor_id
LEFT JOIN attempted ON slot_id = planned.id
GROUP BY doctors.id, day
HAVING count(*) FILTER (WHERE withdrawn_at IS NULL) > 0 OR count(slot_id) > 0
ORDER BY fold(name), doctors.id, day
""")


def look(
    session: Session, actor: Actor, period: Period, zone: tzinfo
) -> BookingStatistics:
    """Return what became of the slots of these days on the clinic's clock.

    Raises NotAllowed.
    """
    actor.require(Permission.VIEW_STATISTICS)
    found = count(session, period, zone)
    record_look(session, actor, period)
    return found


def count(session: Session, period: Period, zone: tzinfo) -> BookingStatistics:
    """Return the same, unrecorded, to whoever has asked whether it may be seen."""
    rows = session.execute(
        _COUNT,
        {
            # Its name, as PostgreSQL knows it too.
            "zone": str(zone),
            "from_at": datetime.combine(period.first_day, time(), zone),
            "until_at": datetime.combine(
                period.last_day + timedelta(days=1), time(), zone
            ),
        },
    )
    return BookingStatistics(period, tuple(map(_doctor_day, rows)))


def record_look(session: Session, actor: Actor, period: Period) -> None:
    """Write down that somebody saw the figures of the period; raises NotAllowed."""
    actor.require(Permission.VIEW_STATISTICS)
    audit.record(
        session,
        actor,
        Action.STATISTICS_READ,
        details={"from": period.first_day, "to": period.last_day},
    )


def _doctor_day(row: Row[*tuple[Any, ...]]) -> DoctorDay:
    doctor_id, name, speciality, day, *figures = row
    return DoctorDay(doctor_id, name, speciality, day, Figures(*figures))
