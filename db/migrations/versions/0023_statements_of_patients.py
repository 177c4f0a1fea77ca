"""What patients state is marked, office files become PDFs, prescriptions have scans."""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import ALL, Rules, statements

revision = "0023"
down_revision = "0022"

# What was restored says on whose word it rests as well.
_MARK: Final = """
ALTER TABLE document_versions
    ADD COLUMN stated_by_patient boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT document_versions_stated_in_a_form
        CHECK (NOT stated_by_patient OR (template IS NOT NULL AND origin <> 'upload'));
"""
# What a version was made from may be an office file as well.
_ORIGINALS: Final = """
ALTER TABLE document_originals
    DROP CONSTRAINT document_originals_media_type_known,
    ADD CONSTRAINT document_originals_media_type_known CHECK (media_type IN (
        'image/jpeg', 'image/png', 'image/tiff', 'image/heic', 'application/rtf',
        'application/msword', 'application/vnd.ms-excel',
        'application/vnd.ms-powerpoint',
        'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        'application/vnd.openxmlformats-officedocument.presentationml.presentation',
        'application/vnd.oasis.opendocument.text',
        'application/vnd.oasis.opendocument.spreadsheet',
        'application/vnd.oasis.opendocument.presentation'
    ));
"""
_WITH_DOCUMENT: Final = (
    "EXISTS (SELECT FROM documents WHERE documents.id = document_id)"
)
# What a patient says in a form is marked as theirs, and what a clinician says is not.
_POLICIES: Final = (
    (
        "ALTER POLICY patient_insert ON document_versions WITH CHECK ("
        "author_id = acting_user() AND (stated_by_patient OR origin <> 'form') "
        "AND EXISTS (SELECT FROM documents "
        "WHERE documents.id = document_id AND created_by = acting_user()))"
    ),
    (
        "ALTER POLICY clinician_insert ON document_versions WITH CHECK ("
        "author_id = acting_user() AND (NOT stated_by_patient OR origin = 'restored') "
        f"AND {_WITH_DOCUMENT})"
    ),
)
_SCANS: Final = """
CREATE TABLE prescription_scans (
    document_id uuid PRIMARY KEY REFERENCES documents,
    prescription_id uuid NOT NULL REFERENCES prescriptions,
    added_by uuid NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX prescription_scans_of_prescription ON prescription_scans (prescription_id);
"""
_WITH_PRESCRIPTION: Final = (
    "EXISTS (SELECT FROM prescriptions WHERE prescriptions.id = prescription_id)"
)
# A document of one patient shows no prescription of another's.
_OF_ONE_PATIENT: Final = (
    "EXISTS (SELECT FROM prescriptions JOIN documents USING (patient_id) "
    "WHERE prescriptions.id = prescription_id AND documents.id = document_id)"
)
_RULES: Final[Rules] = {
    "prescription_scans": (
        (
            "patient staff clinician",
            "SELECT",
            f"{_WITH_DOCUMENT} AND {_WITH_PRESCRIPTION}",
        ),
        (
            "staff clinician",
            "INSERT (document_id, prescription_id, added_by)",
            f"added_by = acting_user() AND {_OF_ONE_PATIENT}",
        ),
        ("system", ALL, "true"),
    ),
}
_GRANTS: Final = """
GRANT INSERT (stated_by_patient) ON document_versions
    TO chartroom_patient, chartroom_staff, chartroom_clinician;
GRANT INSERT (stated_by_patient) ON everyone.document_versions TO chartroom_staff;
"""


def upgrade() -> None:
    run(_MARK)
    run(_ORIGINALS)
    run(_SCANS)
    run(*statements(_RULES))
    load_functions("confidentiality", "documents")
    for policy in _POLICIES:
        run(policy)
    run(_GRANTS)


def downgrade() -> None:
    raise NotImplementedError("What patients stated would look like the clinic's word.")
