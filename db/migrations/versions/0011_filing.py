"""Filing: one call writes down a document with its first version and its text.

A function, because its statements are planned once for a connection, and nobody waits
for an answer between them. It runs in the caller's name and under the caller's rules.
Only adds, so the previous version runs on.
"""

from typing import Final

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# A document whose id is taken is left alone, and nothing is answered.
_FILE: Final = """
CREATE FUNCTION file_document(
    document jsonb, version jsonb, pages text[],
    OUT document_id uuid, OUT version_id uuid, OUT filed_at timestamptz
) RETURNS SETOF record
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO documents (
        id, patient_id, title, document_type, classification, description, metadata,
        created_by, created_by_name
    )
    SELECT coalesce(given.id, uuidv7()), given.patient_id, given.title,
        given.document_type, given.classification, given.description, given.metadata,
        given.created_by, given.created_by_name
    FROM jsonb_populate_record(NULL::public.documents, document) AS given
    ON CONFLICT (id) DO NOTHING
    RETURNING documents.id, documents.created_at INTO document_id, filed_at;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    version_id := uuidv7();
    INSERT INTO document_versions (
        id, document_id, number, file_id, filename, filesize, sha256, pages,
        findings, origin, template, form, scan, reading, author_id, author_name
    )
    SELECT file_document.version_id, file_document.document_id, 1, given.file_id,
        given.filename, given.filesize, given.sha256, given.pages, given.findings,
        given.origin, given.template, given.form, given.scan, given.reading,
        given.author_id, given.author_name
    FROM jsonb_populate_record(NULL::public.document_versions, version) AS given;
    IF cardinality(file_document.pages) > 0 THEN
        INSERT INTO document_texts (version_id, pages)
        VALUES (file_document.version_id, file_document.pages);
    END IF;
    RETURN NEXT;
END
$$
"""


def upgrade() -> None:
    op.execute(_FILE)


def downgrade() -> None:
    raise NotImplementedError("The version that runs files documents by it.")
