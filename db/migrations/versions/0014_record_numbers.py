"""Every patient has a short record number, and family names are found by their sound.

The column of numbers appears empty, which takes no time, and rows of the previous
version get theirs by its default. Those that are there get them some thousand at a
time: no one lock is held for longer than that takes, and whoever is interrupted goes on
where it stopped (docs/decisions/0030).
"""

from typing import Final

from alembic import op
from sqlalchemy import text

from db.migrations import load_functions, run

revision = "0014"
down_revision = "0013"

_AT_ONCE: Final = 5_000
# In the order of their ids, as everybody locks patients.
_NUMBER_SOME: Final = text(f"""
    WITH without AS (
        SELECT id FROM patients WHERE record_number IS NULL
        ORDER BY id LIMIT {_AT_ONCE} FOR NO KEY UPDATE
    )
    UPDATE patients SET record_number = next_record_number()
    FROM without WHERE patients.id = without.id
""")
_HAS_CONSTRAINT: Final = (
    "SELECT FROM pg_constraint WHERE conname = 'patients_record_number_given'"
)


def upgrade() -> None:
    run(
        "CREATE SEQUENCE IF NOT EXISTS patient_record_numbers "
        "AS integer MAXVALUE 9068735"
    )
    load_functions("record_numbers")
    run('ALTER TABLE patients ADD COLUMN IF NOT EXISTS record_number text COLLATE "C"')
    run(
        "ALTER TABLE patients ALTER COLUMN record_number "
        "SET DEFAULT next_record_number()"
    )
    # Of a column without values, so it takes no longer than to see that.
    run(
        "CREATE UNIQUE INDEX IF NOT EXISTS patients_by_record_number "
        "ON patients (record_number)"
    )
    # Making this one keeps changes of patients waiting for seconds per million of them.
    run("CREATE EXTENSION IF NOT EXISTS fuzzystrmatch")
    run(
        "CREATE INDEX IF NOT EXISTS patients_by_sound "
        "ON patients USING gin (daitch_mokotoff(last_name_key))"
    )
    run("CREATE OR REPLACE VIEW everyone.patients AS SELECT * FROM public.patients")
    with op.get_context().autocommit_block():
        while op.get_bind().execute(_NUMBER_SOME).rowcount:
            pass
        # Looking at every row keeps nobody from changing any.
        if op.get_bind().exec_driver_sql(_HAS_CONSTRAINT).first() is None:
            run(
                "ALTER TABLE patients ADD CONSTRAINT patients_record_number_given "
                "NOT NULL record_number NOT VALID"
            )
        run("ALTER TABLE patients VALIDATE CONSTRAINT patients_record_number_given")


def downgrade() -> None:
    raise NotImplementedError("Older versions leave the numbers alone as well.")
