"""Patients are found by how their phone number ends.

Numbers are kept as they were given, with the country's code or without. Whoever types
01632 867018 means +44 1632 867018 as well, and what both share is their end. Making the
index keeps changes of patients waiting for about a second per million of them.
"""

from db.migrations import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run("CREATE INDEX patients_by_phone_end ON patients (reverse(phone_key))")


def downgrade() -> None:
    run("DROP INDEX patients_by_phone_end")
