"""Documents are made of pictures, which are kept as they came, and have dates."""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import ALL, Rules, statements

revision = "0016"
down_revision = "0015"

_TABLE: Final = """
CREATE TABLE document_originals (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    version_id uuid NOT NULL REFERENCES document_versions (id),
    file_id text NOT NULL,
    filename text NOT NULL,
    media_type text NOT NULL,
    filesize bigint NOT NULL,
    sha256 bytea NOT NULL,
    CONSTRAINT document_originals_version_once UNIQUE (version_id),
    CONSTRAINT document_originals_filesize_positive CHECK (filesize > 0),
    CONSTRAINT document_originals_sha256_length CHECK (length(sha256) = 32),
    CONSTRAINT document_originals_filename_length CHECK (
        char_length(filename) BETWEEN 1 AND 255
    ),
    CONSTRAINT document_originals_media_type_known CHECK (
        media_type IN ('image/jpeg', 'image/png', 'image/tiff', 'image/heic')
    )
);
CREATE INDEX document_originals_by_file ON document_originals (file_id);
CREATE INDEX document_originals_by_content ON document_originals (sha256);
ALTER TABLE doomed_files
    DROP CONSTRAINT doomed_files_bucket_known,
    ADD CONSTRAINT doomed_files_bucket_known CHECK (
        bucket IN ('documents', 'document_originals', 'patient_photos',
            'doctor_photos', 'prescription_files')
    );
"""
# The date of the paper. A view shows the columns that there were when it was made.
_DATES: Final = """
ALTER TABLE documents ADD COLUMN dated_on date
    CONSTRAINT documents_dated_on_no_earlier_than_1900 CHECK (dated_on >= '1900-01-01');
CREATE OR REPLACE VIEW everyone.documents AS SELECT * FROM public.documents;
GRANT INSERT (dated_on), UPDATE (dated_on) ON documents
    TO chartroom_patient, chartroom_staff, chartroom_clinician;
GRANT INSERT (dated_on), UPDATE (dated_on) ON everyone.documents TO chartroom_staff;
"""
# Whoever sees a version sees what it was made from.
_WITH_VERSION: Final = (
    "EXISTS (SELECT FROM document_versions WHERE document_versions.id = version_id)"
)
_INTO_OWN_VERSION: Final = (
    "EXISTS (SELECT FROM document_versions "
    "WHERE document_versions.id = version_id AND author_id = acting_user())"
)
_RULES: Final[Rules] = {
    "document_originals": (
        ("patient clinician", "SELECT", _WITH_VERSION),
        ("patient clinician", "INSERT", _INTO_OWN_VERSION),
        ("staff", "SELECT, INSERT", "true"),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLE)
    run(*statements(_RULES))
    run(_DATES)
    load_functions("documents")


def downgrade() -> None:
    raise NotImplementedError("Originals of pictures and dates would be lost.")
