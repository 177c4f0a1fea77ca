-- Documents: how they are filed, and what must never be deleted.

-- One call writes down a document with its first version and its text. A function,
-- because its statements are planned once for a connection, and nobody waits for an
-- answer between them. It runs in the caller's name and under the caller's rules.
-- A document whose id is taken is left alone, and nothing is answered.
CREATE OR REPLACE FUNCTION file_document(
    document jsonb, version jsonb, pages text[],
    OUT document_id uuid, OUT version_id uuid, OUT filed_at timestamptz
) RETURNS SETOF record
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO documents (
        id, patient_id, title, document_type, classification, description, metadata,
        created_by, created_by_name, dated_on, urgent, confidential, withheld
    )
    SELECT coalesce(given.id, uuidv7()), given.patient_id, given.title,
        given.document_type, given.classification, given.description, given.metadata,
        given.created_by, given.created_by_name, given.dated_on,
        coalesce(given.urgent, false), coalesce(given.confidential, false),
        coalesce(given.withheld, false)
    FROM jsonb_populate_record(NULL::public.documents, document) AS given
    ON CONFLICT (id) DO NOTHING
    RETURNING documents.id, documents.created_at INTO document_id, filed_at;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    version_id := uuidv7();
    INSERT INTO document_versions (
        id, document_id, number, file_id, filename, filesize, sha256, pages,
        findings, origin, template, form, scan, reading, author_id, author_name,
        stated_by_patient
    )
    SELECT file_document.version_id, file_document.document_id, 1, given.file_id,
        given.filename, given.filesize, given.sha256, given.pages, given.findings,
        given.origin, given.template, given.form, given.scan, given.reading,
        given.author_id, given.author_name, coalesce(given.stated_by_patient, false)
    FROM jsonb_populate_record(NULL::public.document_versions, version) AS given;
    IF cardinality(file_document.pages) > 0 THEN
        INSERT INTO document_texts (version_id, pages)
        VALUES (file_document.version_id, file_document.pages);
    END IF;
    RETURN NEXT;
END
$$;

-- A check sees one row at one time, and not that it has just been deleted.
CREATE OR REPLACE FUNCTION refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A document on legal hold cannot be deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_held_stay';
END
$$;

CREATE OR REPLACE TRIGGER documents_held_stay
BEFORE UPDATE OF deleted_at ON documents FOR EACH ROW
WHEN (NEW.held_at IS NOT NULL AND OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
EXECUTE FUNCTION refuse_deletion();

CREATE OR REPLACE TRIGGER documents_held_are_never_dropped
BEFORE DELETE ON documents FOR EACH ROW
WHEN (OLD.held_at IS NOT NULL) EXECUTE FUNCTION refuse_deletion();
