"""Connected systems export the groups that administrators grant them, and see those.

A new table, and for administrators the names of saved lists, but not what is asked by
them. The version before grants no groups and lists none, and its page of a system that
may look groups up does not open. Its workers have the queue in common with those of
this one: they fail a system's export of a cohort, which the scopes of its token do not
open there, and make one of a list although it was withdrawn meanwhile. What failed is
asked for again once all are of this version.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0062"
down_revision = "0063"

# What stands behind a key never changes, so a system has what was granted, whatever
# becomes of the view. So there is no reference to that.
_TABLES: Final = """
CREATE TABLE system_groups (
    system_id uuid NOT NULL REFERENCES connected_systems,
    group_id uuid NOT NULL,
    subject text NOT NULL,
    criteria_key text NOT NULL REFERENCES stored_criteria,
    name text NOT NULL,
    saved_by uuid NOT NULL REFERENCES users,
    granted_by uuid NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (system_id, group_id),
    CONSTRAINT system_groups_subject_known CHECK (subject IN ('patients', 'cohorts')),
    CONSTRAINT system_groups_name CHECK (char_length(name) BETWEEN 1 AND 60)
);
CREATE INDEX system_groups_of_criteria ON system_groups (criteria_key);
CREATE INDEX system_groups_saved_by ON system_groups (saved_by);
"""
_AS_SAVED: Final = """granted_by = acting_user() AND EXISTS (
    SELECT FROM saved_views AS view
    WHERE view.id = system_groups.group_id
        AND view.subject = system_groups.subject
        AND view.criteria_key = system_groups.criteria_key
        AND view.owner_id = system_groups.saved_by
)"""
_GRANT: Final = (
    "INSERT (system_id, group_id, subject, criteria_key, name, saved_by, granted_by)"
)
_RULES: Final[Rules] = {
    "system_groups": (
        ("admin", "SELECT, DELETE", "true"),
        ("admin", _GRANT, _AS_SAVED),
        ("staff clinician analyst", "SELECT", "system_id = acting_user()"),
        ("system", ALL, "true"),
    ),
}
_VIEWS: Final = """
GRANT SELECT (id, owner_id, subject, name, criteria_key) ON saved_views
    TO chartroom_admin;
CREATE POLICY admin_select ON saved_views FOR SELECT TO chartroom_admin
    USING (subject IN ('patients', 'cohorts'));
GRANT SELECT (group_key) ON bulk_exports TO chartroom_admin;
"""


def upgrade() -> None:
    run(_TABLES)
    run(_VIEWS)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("What was granted would have to be granted anew.")
