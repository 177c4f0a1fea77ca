"""It is known when a slot was held, booked or let go last, and how often that was.

A new table, which a trigger writes, whichever version books; the version before reads
none of it. It begins with what bookings tell, which is copied while others book; only
for what they did meanwhile they wait. Slots that nobody ever wanted have no row.
"""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import Rules, statements

revision = "0079"
down_revision = "0078"

_TABLE: Final = """
CREATE TABLE slot_changes (
    slot_id uuid PRIMARY KEY,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    held_until timestamptz
)
"""
_RULES: Final[Rules] = {
    "slot_changes": (
        ("patient staff clinician analyst admin system", "SELECT", "true"),
    ),
}
_BOOKED: Final = """
INSERT INTO slot_changes (slot_id, version, changed_at, held_until)
SELECT bookings.slot_id, 1 + count(*),
    max(greatest(bookings.created_at, confirmed_at, ended_at)),
    max(booking_slots.expires_at)
FROM bookings LEFT JOIN booking_slots ON booking_slots.slot_id = bookings.slot_id
WHERE bookings.status <> 'failed' AND {which}
GROUP BY bookings.slot_id
ON CONFLICT (slot_id) DO UPDATE
SET version = excluded.version, changed_at = excluded.changed_at,
    held_until = excluded.held_until
"""
# What was committed while all were copied, and holds, which may have been renewed.
_CHANGED_MEANWHILE: Final = """
bookings.slot_id IN (
    SELECT slot_id FROM bookings
    WHERE status = 'pending' OR greatest(created_at, confirmed_at, ended_at) >= now()
)
"""
# They leave no trace once they are forgotten.
_NEWCOMERS: Final = """
INSERT INTO slot_changes AS known (slot_id, version, changed_at, held_until)
SELECT newcomers.slot_id, 2, coalesce(newcomers.confirmed_at, newcomers.created_at),
    booking_slots.expires_at
FROM booking_slots JOIN newcomers ON newcomers.id = booking_slots.newcomer_id
ON CONFLICT (slot_id) DO UPDATE
SET version = known.version + 1, changed_at = excluded.changed_at,
    held_until = excluded.held_until
"""
_REFERENCE: Final = """
ALTER TABLE slot_changes
    ADD FOREIGN KEY (slot_id) REFERENCES slots ON DELETE CASCADE
"""


def upgrade() -> None:
    run(_TABLE)
    run(*statements(_RULES))
    run(_BOOKED.format(which="true"))
    run(_REFERENCE)
    # From here on whoever books waits until all this is committed.
    load_functions("visits")
    run(_BOOKED.format(which=_CHANGED_MEANWHILE))
    run(_NEWCOMERS)


def downgrade() -> None:
    raise NotImplementedError("Versions of slots would begin anew.")
