"""Slots, holds and visits counted by doctor and day, and attempts by outcome."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists.folding import by_shown_name
from services.visits.figures.statistics.records import (
    BookingStatistics,
    DoctorDay,
    Figures,
    Period,
)

# Slots and attempts are counted separately, or a slot that three wanted would count as
# three. Each is grouped directly by doctor and day: a group for every slot of a year
# would not fit into memory, nor would the slots themselves, which are read twice. The
# scratch slots of a proof are left out, as nobody can book them.
_COUNT: Final = text("""
WITH planned AS NOT MATERIALIZED (
    SELECT id, doctor_id, (starts_at AT TIME ZONE :zone)::date AS day,
        withdrawn_at IS NULL AS is_offered
    FROM slots
    WHERE starts_at >= :from_at AND starts_at < :until_at AND origin <> 'proof'
), offered AS (
    SELECT doctor_id, day, count(*) FILTER (WHERE is_offered) AS slots
    FROM planned GROUP BY doctor_id, day
), attempted AS (
    SELECT planned.doctor_id, day,
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
        count(missed.booking_id) AS no_shows
    FROM planned
    JOIN bookings ON slot_id = planned.id
    LEFT JOIN (
        SELECT booking_id FROM appointments WHERE status = 'no-show'
    ) AS missed ON missed.booking_id = bookings.id
    GROUP BY planned.doctor_id, day
)
SELECT doctors.id, name, speciality, day, slots,
    coalesce(booked, 0), coalesce(holds, 0), coalesce(confirmed, 0),
    coalesce(expired, 0), coalesce(released, 0), coalesce(conflicts, 0),
    coalesce(cancelled, 0), coalesce(no_shows, 0)
FROM offered
JOIN doctors ON doctors.id = doctor_id
LEFT JOIN attempted USING (doctor_id, day)
WHERE slots > 0 OR attempted.doctor_id IS NOT NULL
""")
OUTCOMES: Final = ("pending", "confirmed", "expired", "cancelled", "conflict")
_COUNT_OUTCOMES: Final = text("""
SELECT CASE
        WHEN status = 'failed' THEN 'conflict'
        WHEN status = 'pending' AND expires_at <= clock_timestamp() THEN 'expired'
        ELSE status
    END AS outcome, count(*) AS number
FROM bookings GROUP BY outcome
""")


def count(session: Session, period: Period, zone: tzinfo) -> BookingStatistics:
    """Return what became of the slots of these days on the clinic's clock.

    Unrecorded; the caller has checked that the actor may see it.
    """
    rows = session.execute(
        _COUNT,
        {
            # Its IANA name, which PostgreSQL knows as well.
            "zone": str(zone),
            "from_at": datetime.combine(period.first_day, time(), zone),
            "until_at": datetime.combine(
                period.last_day + timedelta(days=1), time(), zone
            ),
        },
    )
    return BookingStatistics(period, tuple(sorted(map(_doctor_day, rows), key=_place)))


def record_access(session: Session, actor: Actor, period: Period) -> None:
    """Record that somebody saw the figures of the period; raises NotAllowed."""
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


def count_outcomes(session: Session) -> dict[str, int]:
    """Return how many attempts had each outcome, for the system itself."""
    counted = {row.outcome: row.number for row in session.execute(_COUNT_OUTCOMES)}
    return {outcome: counted.get(outcome, 0) for outcome in OUTCOMES}


def _place(doctor_day: DoctorDay) -> tuple[tuple[str, str], UUID, date]:
    return by_shown_name(doctor_day.doctor_name), doctor_day.doctor_id, doctor_day.day
