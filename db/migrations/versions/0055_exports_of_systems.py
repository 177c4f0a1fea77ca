"""Connected systems export everything that they read, for a purpose said beforehand.

A new column that may be empty: the version before knows it not, and lets no system
export. Administrators may end exports, of which they see whose they are and no more.
"""

from typing import Final

from db.migrations import run

revision = "0055"
down_revision = "0054"

_COLUMN: Final = """
ALTER TABLE connected_systems
    ADD COLUMN export_purpose text,
    ADD CONSTRAINT connected_systems_purpose_given
        CHECK (char_length(btrim(export_purpose)) BETWEEN 10 AND 500)
"""
_RIGHTS: Final = "SELECT (id, owner_id, expires_at), UPDATE (expires_at)"
# Others see their own rows alone, so that these are all has to be said.
_POLICIES: Final = """
CREATE POLICY admin_select ON bulk_exports FOR SELECT TO chartroom_admin USING (true);
CREATE POLICY admin_update ON bulk_exports FOR UPDATE TO chartroom_admin
    USING (true) WITH CHECK (true)
"""


def upgrade() -> None:
    run(_COLUMN)
    run("GRANT UPDATE (export_purpose) ON connected_systems TO chartroom_admin")
    run(f"GRANT {_RIGHTS} ON bulk_exports TO chartroom_admin")
    run(_POLICIES)


def downgrade() -> None:
    for verb in ("select", "update"):
        run(f"DROP POLICY admin_{verb} ON bulk_exports")
    run(f"REVOKE {_RIGHTS} ON bulk_exports FROM chartroom_admin")
    run("ALTER TABLE connected_systems DROP COLUMN export_purpose")
