"""People choose the language in which they are spoken to.

The version before neither reads nor writes the column.
"""

from db.migrations import run

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    run(
        "ALTER TABLE users ADD COLUMN language text "
        "CONSTRAINT users_language_is_a_code CHECK (language ~ '^[a-z]{2}$')"
    )
    run("GRANT UPDATE (language) ON users TO chartroom_patient")
    run(
        "CREATE POLICY patient_update ON users FOR UPDATE TO chartroom_patient "
        "USING (id = acting_user()) WITH CHECK (id = acting_user())"
    )


def downgrade() -> None:
    run("DROP POLICY patient_update ON users")
    run("REVOKE UPDATE (language) ON users FROM chartroom_patient")
    run("ALTER TABLE users DROP COLUMN language")
