"""People who are no patients yet hold and have slots, until the desk registers them.

A table of their own: no visit is without a patient, and no rule about patients has to
know of anybody else. What the version before writes stays as it was; what it finds of
newcomers it takes for slots that somebody has, and tidies their holds away like others.
"""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import ALL, Rules, statements

revision = "0020"
down_revision = "0019"

_TABLE: Final = """
CREATE TABLE newcomers (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    slot_id uuid NOT NULL REFERENCES slots,
    doctor_id uuid NOT NULL REFERENCES doctors,
    status text NOT NULL DEFAULT 'pending',
    name text NOT NULL,
    email text NOT NULL,
    attempt uuid NOT NULL,
    salt bytea NOT NULL,
    code_hash bytea NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    confirmed_at timestamptz,
    ended_at timestamptz,
    booking_id uuid REFERENCES bookings,
    CONSTRAINT newcomers_status_known CHECK (status IN (
        'pending', 'confirmed', 'expired', 'failed', 'cancelled', 'registered'
    )),
    CONSTRAINT newcomers_ended_at_some_time
        CHECK ((status IN ('pending', 'confirmed')) = (ended_at IS NULL)),
    CONSTRAINT newcomers_pending_expire
        CHECK ((status = 'pending') <= (expires_at IS NOT NULL)),
    CONSTRAINT newcomers_registered_with_booking
        CHECK ((status = 'registered') = (booking_id IS NOT NULL)),
    CONSTRAINT newcomers_registered_unnamed
        CHECK ((status = 'registered') = (name = '' AND email = '')),
    CONSTRAINT newcomers_name_length CHECK (char_length(name) <= 100),
    CONSTRAINT newcomers_email_length CHECK (char_length(email) <= 254),
    CONSTRAINT newcomers_tries_positive CHECK (tries >= 0),
    CONSTRAINT newcomers_revision_positive CHECK (revision > 0),
    CONSTRAINT newcomers_attempt_once UNIQUE (attempt)
);
CREATE INDEX newcomers_of_slot ON newcomers (slot_id);
CREATE INDEX newcomers_of_doctor ON newcomers (doctor_id);
CREATE INDEX newcomers_by_email ON newcomers (lower(email))
    WHERE status = 'confirmed';
CREATE INDEX newcomers_to_expire ON newcomers (expires_at) WHERE status = 'pending';
CREATE INDEX newcomers_booking_id_idx ON newcomers (booking_id)
    WHERE booking_id IS NOT NULL;
ALTER TABLE booking_slots
    ALTER COLUMN booking_id DROP NOT NULL,
    ALTER COLUMN patient_id DROP NOT NULL,
    ADD COLUMN newcomer_id uuid REFERENCES newcomers,
    ADD CONSTRAINT booking_slots_somebodys CHECK (
        num_nonnulls(booking_id, patient_id) = CASE
            WHEN newcomer_id IS NULL THEN 2 ELSE 0
        END
    ),
    ADD CONSTRAINT booking_slots_newcomer_once UNIQUE (newcomer_id);
ALTER TABLE visit_letters
    ALTER COLUMN patient_id DROP NOT NULL,
    ADD COLUMN newcomer_id uuid REFERENCES newcomers ON DELETE CASCADE,
    ADD CONSTRAINT visit_letters_to_somebody
        CHECK (num_nonnulls(patient_id, newcomer_id) = 1);
CREATE INDEX visit_letters_newcomer_id_idx ON visit_letters (newcomer_id)
    WHERE newcomer_id IS NOT NULL;
"""
# Not their codes, nor what they sent their wish with.
_SHOWN: Final = (
    "id, slot_id, doctor_id, status, name, email, revision, created_at, expires_at, "
    "confirmed_at, ended_at, booking_id"
)
# Who has written is decided by the services, and written by the background's role.
_RULES: Final[Rules] = {
    "newcomers": (
        ("staff", f"SELECT ({_SHOWN})", "true"),
        (
            "clinician",
            f"SELECT ({_SHOWN})",
            "doctor_id IN (SELECT id FROM doctors WHERE user_id = acting_user())",
        ),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLE)
    run(*statements(_RULES))
    load_functions("visits")


def downgrade() -> None:
    raise NotImplementedError("Visits of people who are no patients yet would be lost.")
