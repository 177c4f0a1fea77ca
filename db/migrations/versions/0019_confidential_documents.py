"""Documents are urgent or confidential, and confidential ones open for few.

Who opens what is confidential stands in rules on rows, and for the front desk, which
reads past those, in its views (db/functions/confidentiality.sql): whoever makes one of
these views anew loads that file again (docs/decisions/0033).
"""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import ALL, Rules, statements

revision = "0019"
down_revision = "0018"

_TABLES: Final = """
ALTER TABLE documents
    ADD COLUMN urgent boolean NOT NULL DEFAULT false,
    ADD COLUMN confidential boolean NOT NULL DEFAULT false,
    ADD COLUMN withheld boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT documents_confidential_of_a_patient
        CHECK (NOT confidential OR patient_id IS NOT NULL),
    ADD CONSTRAINT documents_withheld_are_confidential
        CHECK (NOT withheld OR confidential);
CREATE INDEX documents_confidential ON documents (id) WHERE confidential;
CREATE INDEX documents_urgent ON documents (created_at, id)
    WHERE urgent AND deleted_at IS NULL;
CREATE TABLE document_readers (
    document_id uuid NOT NULL REFERENCES documents,
    user_id uuid NOT NULL REFERENCES users,
    named_by uuid NOT NULL,
    named_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_id, user_id)
);
CREATE INDEX document_readers_of_user ON document_readers (user_id);
"""
_ROLES: Final = "chartroom_patient, chartroom_staff, chartroom_clinician"
_HANDLING: Final = "urgent, confidential, withheld"
_OPENED_AT_THE_DESK: Final = (
    "NOT confidential OR created_by = acting_user() "
    "OR id = ANY ((SELECT named_documents())::uuid[])"
)
_WITH_DOCUMENT: Final = (
    "EXISTS (SELECT FROM documents WHERE documents.id = document_id)"
)
_WITH_VERSION: Final = (
    "EXISTS (SELECT FROM document_versions WHERE document_versions.id = version_id)"
)
_RULES: Final[Rules] = {
    "document_readers": (
        ("staff clinician", "SELECT, DELETE", _WITH_DOCUMENT),
        (
            "staff clinician",
            "INSERT (document_id, user_id, named_by)",
            f"named_by = acting_user() AND {_WITH_DOCUMENT}",
        ),
        ("system", ALL, "true"),
    ),
}
_POLICIES: Final = (
    f"ALTER POLICY staff_select ON documents USING ({_OPENED_AT_THE_DESK})",
    f"ALTER POLICY staff_update ON documents USING ({_OPENED_AT_THE_DESK})",
    f"ALTER POLICY staff_select ON document_versions USING ({_WITH_DOCUMENT})",
    f"ALTER POLICY staff_select ON document_texts USING ({_WITH_VERSION})",
    f"ALTER POLICY staff_select ON document_originals USING ({_WITH_VERSION})",
    f"ALTER POLICY staff_select ON document_search USING ({_WITH_DOCUMENT})",
    f"ALTER POLICY staff_select ON document_shares USING ({_WITH_VERSION})",
    f"ALTER POLICY staff_update ON document_shares USING ({_WITH_VERSION})",
    (
        "ALTER POLICY patient_select ON documents USING ("
        "patient_id = acting_patient() AND purged_at IS NULL "
        "AND (NOT withheld OR created_by = acting_user()) "
        "AND (deleted_at IS NULL OR created_by = acting_user()))"
    ),
    # How the clinic is to handle it is not for them to say, either.
    (
        "ALTER POLICY patient_insert ON documents WITH CHECK ("
        "patient_id = acting_patient() AND created_by = acting_user() "
        "AND classification = 'clinical' AND NOT (urgent OR confidential OR withheld))"
    ),
    (
        "ALTER POLICY patient_select ON document_search USING ("
        f"patient_id = acting_patient() AND {_WITH_DOCUMENT})"
    ),
    (
        "ALTER POLICY door_select ON documents USING ("
        "deleted_at IS NULL AND NOT confidential "
        "AND id IN (SELECT document_id FROM document_versions))"
    ),
    (
        "ALTER POLICY door_select ON document_versions USING ("
        "scan IN ('off', 'clean') AND NOT is_confidential(document_id) "
        "AND id IN (SELECT version_id FROM document_shares "
        "WHERE revoked_at IS NULL AND expires_at > now()))"
    ),
)
_GRANTS: Final = f"""
GRANT INSERT ({_HANDLING}) ON documents TO {_ROLES};
GRANT SELECT (confidential) ON documents TO chartroom_door;
GRANT UPDATE ({_HANDLING}) ON documents TO chartroom_staff, chartroom_clinician;
GRANT INSERT ({_HANDLING}), UPDATE ({_HANDLING}) ON everyone.documents
    TO chartroom_staff;
"""


def upgrade() -> None:
    run(_TABLES)
    run(*statements(_RULES))
    load_functions("confidentiality", "documents")
    for policy in _POLICIES:
        run(policy)
    run(_GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Who may open what is confidential would be lost.")
