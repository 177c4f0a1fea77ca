"""The one statement that decides who has a slot."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# Everything at one moment, and nothing looked at first that could have changed since:
# a live hold or a booking stands; a hold that has run out is taken over. Steps of one
# statement do not see what the others do, so each says whom it waits for.
#
# Whoever loses must not lock the row that they lose to, or a hundred of them would
# queue up behind each other's commits: hence DO NOTHING, and SKIP LOCKED for what has
# run out, after which the insertion waits for whoever was quicker. Who tries twice at
# once for one patient does queue up, at the patient's row: else the constraint on
# patients might speak before the one on slots.
_TAKE: Final = text("""
WITH moment AS MATERIALIZED (
    SELECT clock_timestamp() AS at, uuidv7() AS booking_id
), asked AS MATERIALIZED (
    SELECT slots.id AS slot_id, slots.doctor_id, slots.starts_at, slots.ends_at,
        doctors.name, doctors.speciality, doctors.room, patients.id AS patient_id,
        moment.at, moment.booking_id,
        moment.at + make_interval(secs => :seconds) AS expires_at
    FROM moment, slots
    JOIN doctors ON doctors.id = slots.doctor_id
    CROSS JOIN patients
    WHERE slots.id = :slot_id AND slots.withdrawn_at IS NULL
        AND slots.starts_at > moment.at
        AND doctors.is_active AND doctors.deleted_at IS NULL
        AND patients.id = :patient_id AND patients.deleted_at IS NULL
        AND NOT EXISTS (
            SELECT FROM bookings
            WHERE bookings.created_by = :created_by AND bookings.attempt = :attempt
        )
    FOR SHARE OF slots FOR NO KEY UPDATE OF patients
), let_go AS (
    DELETE FROM booking_slots USING asked
    WHERE booking_slots.patient_id = asked.patient_id
        AND booking_slots.slot_id <> asked.slot_id
        AND booking_slots.expires_at <= asked.at
    RETURNING booking_slots.booking_id
), run_out AS MATERIALIZED (
    SELECT booking_slots.slot_id, booking_slots.booking_id FROM booking_slots, asked
    WHERE booking_slots.slot_id = asked.slot_id
        AND booking_slots.expires_at <= asked.at
        AND (SELECT count(*) FROM let_go) >= 0
    FOR UPDATE OF booking_slots SKIP LOCKED
), taken_over AS (
    UPDATE booking_slots
    SET booking_id = asked.booking_id, patient_id = asked.patient_id,
        expires_at = asked.expires_at, may_overlap = :may_overlap
    FROM asked, run_out
    WHERE booking_slots.slot_id = run_out.slot_id
    RETURNING run_out.booking_id AS former_id
), taken AS (
    INSERT INTO booking_slots (
        slot_id, booking_id, patient_id, starts_at, ends_at, status, expires_at,
        may_overlap
    )
    SELECT slot_id, booking_id, patient_id, starts_at, ends_at, 'held', expires_at,
        :may_overlap
    FROM asked
    WHERE NOT EXISTS (SELECT FROM taken_over)
    ON CONFLICT (slot_id) DO NOTHING
    RETURNING booking_id
), outcome AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM taken) OR EXISTS (SELECT FROM taken_over) AS is_held
), ended AS (
    UPDATE bookings SET status = 'expired', ended_at = bookings.expires_at
    FROM (
        SELECT booking_id FROM let_go UNION ALL SELECT former_id FROM taken_over
    ) AS former
    WHERE bookings.id = former.booking_id
), entered AS (
    INSERT INTO bookings (
        id, slot_id, doctor_id, patient_id, status, attempt, expires_at, note,
        override_reason, replaces_id, series_id, waitlist_id, created_by,
        created_by_name, created_at, ended_at
    )
    SELECT asked.booking_id, asked.slot_id, asked.doctor_id, asked.patient_id,
        CASE WHEN is_held THEN 'pending' ELSE 'failed' END, :attempt,
        CASE WHEN is_held THEN asked.expires_at ELSE (
            SELECT expires_at FROM booking_slots
            WHERE booking_slots.slot_id = asked.slot_id
        ) END,
        :note, :override_reason, :replaces_id, :series_id, :waitlist_id, :created_by,
        :created_by_name, asked.at, CASE WHEN NOT is_held THEN asked.at END
    FROM asked, outcome
    ON CONFLICT (created_by, attempt) DO NOTHING
    RETURNING id, status, created_at, expires_at, ended_at
)
SELECT entered.id, slot_id, doctor_id, name, speciality, room, patient_id,
    entered.status, starts_at, ends_at, entered.created_at, entered.expires_at,
    CASE WHEN entered.status = 'pending' THEN CAST(:seconds AS double precision) END,
    0, CAST(:note AS text), CAST(:replaces_id AS uuid), CAST(:series_id AS uuid),
    CAST(:waitlist_id AS uuid), CAST(:created_by AS uuid), NULL::timestamptz,
    entered.ended_at, NULL::uuid
FROM entered JOIN asked ON asked.booking_id = entered.id
""")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a statement takes: whose slot, by whom, for how many seconds."""

    slot_id: UUID
    patient_id: UUID
    attempt: UUID
    created_by: UUID
    created_by_name: str
    seconds: float
    note: str = ""
    override_reason: str | None = None
    replaces_id: UUID | None = None
    series_id: UUID | None = None
    waitlist_id: UUID | None = None
    may_overlap: bool = False


def take(session: Session, wish: Wish) -> Row[*tuple[Any, ...]] | None:
    """Hold the slot, or write down that it was lost: a row of `rows.COLUMNS`.

    None if nothing was written: the slot or the patient cannot be booked, or the
    attempt was made before. Raises IntegrityError where the patient is busy.
    """
    values = {name: getattr(wish, name) for name in Wish.__slots__}
    return session.execute(_TAKE, values).one_or_none()
