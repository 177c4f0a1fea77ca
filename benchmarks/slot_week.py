"""The week of one doctor among 400,000 slots, against the SQL one would write by hand.

Ours is what a page requests: the service in the front desk's name, including its rules,
for a patient at the desk whose own times would be recognised. The peer is the owner's
connection to the same server, to which no rule applies, and one statement that returns
the same; a third of all slots are booked.

Run it with `python -m benchmarks.slot_week`; the aim is a ratio of at most 1.3.
"""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.fresh import endpoints
from benchmarks.measure import compare
from db.postgres import SYSTEM, Database, DatabaseIdentity
from services.core.actors import Actor, Role
from services.visits.schedule import slots
from tests.conftest import connect, owner

SIZES = {"doctors": 200, "days": 80, "a_day": 25}
_ROUNDS = 200
FILL = (
    """
    INSERT INTO doctors (name, speciality)
    SELECT 'Doctor ' || number, 'Time' FROM generate_series(1, :doctors) AS number
    """,
    """
    INSERT INTO patients (first_name, last_name, date_of_birth, sex)
    SELECT 'Ada', 'Number ' || number, '1990-12-10', 'female'
    FROM generate_series(1, 1000) AS number
    """,
    """
    INSERT INTO slots (doctor_id, starts_at, ends_at)
    SELECT doctors.id, begins, begins + interval '20 minutes'
    FROM doctors, generate_series(1, :days) AS day, generate_series(0, :a_day - 1) AS n,
        LATERAL (SELECT date_trunc('day', now()) + day * interval '1 day'
            + interval '7 hours' + n * interval '20 minutes' AS begins) AS moment
    """,
    """
    WITH patients AS (
        SELECT id, row_number() OVER () AS number FROM patients
    ), picked AS (
        SELECT slots.*, row_number() OVER (ORDER BY starts_at, doctor_id) AS number
        FROM slots WHERE hashtext(id::text) % 3 = 0
    ), made AS (
        INSERT INTO bookings (slot_id, doctor_id, patient_id, status, attempt,
            created_by, created_by_name)
        SELECT picked.id, doctor_id, patients.id, 'confirmed', gen_random_uuid(),
            patients.id, 'Benchmark'
        FROM picked JOIN patients ON patients.number = 1 + picked.number % 1000
        RETURNING id, slot_id, patient_id
    )
    INSERT INTO booking_slots (slot_id, booking_id, patient_id, starts_at, ends_at,
        status, may_overlap)
    SELECT slot_id, made.id, patient_id, starts_at, ends_at, 'booked', true
    FROM made JOIN slots ON slots.id = slot_id
    """,
)
_BY_HAND = """
SELECT slots.id, slots.starts_at, slots.ends_at, coalesce(taken.status, 'free'),
    taken.expires_at, CASE WHEN taken.patient_id = %s THEN taken.booking_id END
FROM slots LEFT JOIN booking_slots AS taken ON taken.slot_id = slots.id
    AND (taken.status = 'booked' OR taken.expires_at > clock_timestamp())
WHERE slots.doctor_id = %s AND slots.starts_at >= %s AND slots.starts_at < %s
    AND slots.withdrawn_at IS NULL
    AND (taken.slot_id IS NOT NULL
        OR slots.starts_at > clock_timestamp() AND NOT slots.is_leaving)
ORDER BY slots.starts_at
"""


def main() -> None:
    """Fill a clinic, and time both in turns."""
    with endpoints() as fresh, closing(Database(fresh)) as database:
        clerk, week = database.write(_fill, identity=SYSTEM).value
        engine = connect(owner(fresh))
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE slots, booking_slots, bookings")
        with database.writing(identity=DatabaseIdentity("staff", clerk.id)) as session:
            _compare(session, engine.raw_connection(), clerk, week)
        engine.dispose()


WantedWeek = tuple[UUID, datetime, datetime, UUID]


def _fill(session: Session) -> tuple[Actor, WantedWeek]:
    for statement in FILL:
        session.execute(text(statement), SIZES)
    doctor_id, first = session.execute(
        text(
            "SELECT slots.doctor_id, date_trunc('week', starts_at) "
            "FROM slots ORDER BY starts_at, doctor_id OFFSET 200000 LIMIT 1"
        )
    ).one()
    clerk = Actor(uuid4(), "Cleo Clerk", Role.STAFF)
    return clerk, (doctor_id, first, first + timedelta(days=7), uuid4())


def _compare(session: Session, raw: Any, clerk: Actor, week: WantedWeek) -> None:
    doctor_id, from_at, until_at, patient_id = week

    def ours() -> list[UUID]:
        records = slots.list_slots(
            session, clerk, doctor_id, from_at, until_at, patient_id=patient_id
        )
        return [slot.id for slot in records]

    def by_hand() -> list[UUID]:
        with raw.cursor() as cursor:
            cursor.execute(
                _BY_HAND, (str(patient_id), str(doctor_id), from_at, until_at)
            )
            return [UUID(str(row[0])) for row in cursor.fetchall()]

    print(f"{len(ours())} slots in the week")
    compare("week of a doctor", ours, by_hand, rounds=_ROUNDS, must_agree=True)


if __name__ == "__main__":
    main()
