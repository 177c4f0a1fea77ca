-- Confidential documents: who at the front desk opens them all the same.

-- Looked up once for a statement, as the lists of patients are. They are the owner's to
-- read: the rule on one table cannot ask another whose own rule asks the first.
CREATE OR REPLACE FUNCTION named_documents() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(
        SELECT document_id FROM document_readers WHERE user_id = acting_user()
    );
END;

-- Links are looked at by nobody who has signed in, and lead to nothing confidential.
CREATE OR REPLACE FUNCTION is_confidential(wanted uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM documents WHERE id = wanted AND confidential);
END;

REVOKE ALL ON FUNCTION named_documents(), is_confidential(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION named_documents() TO chartroom_staff;
GRANT EXECUTE ON FUNCTION is_confidential(uuid) TO chartroom_door;

-- What the front desk reads is free of rules on rows, so these views say themselves
-- what it is not shown. Few documents are confidential, and those have an index.
CREATE OR REPLACE VIEW everyone.documents AS
SELECT * FROM public.documents
WHERE NOT confidential OR created_by = acting_user()
    OR id = ANY ((SELECT named_documents())::uuid[]);

-- What is read by the page asks for each row's own document: the planner takes a fifth of
-- such a statement's time to find out how to leave out the sealed ones of all at once.
CREATE OR REPLACE VIEW everyone.document_versions AS
SELECT * FROM public.document_versions
WHERE coalesce((
    SELECT sealed.created_by IS NOT DISTINCT FROM acting_user()
        OR sealed.id = ANY ((SELECT named_documents())::uuid[])
    FROM public.documents AS sealed
    WHERE sealed.id = document_versions.document_id AND sealed.confidential
), true);

CREATE OR REPLACE VIEW everyone.document_texts AS
SELECT * FROM public.document_texts
WHERE coalesce((
    SELECT sealed.created_by IS NOT DISTINCT FROM acting_user()
        OR sealed.id = ANY ((SELECT named_documents())::uuid[])
    FROM public.documents AS sealed
    JOIN public.document_versions AS version ON version.document_id = sealed.id
    WHERE version.id = document_texts.version_id AND sealed.confidential
), true);

-- A search ranks whatever has a common word, so here it is all at once.
CREATE OR REPLACE VIEW everyone.document_search AS
SELECT * FROM public.document_search
WHERE NOT EXISTS (
    SELECT FROM public.documents AS sealed
    WHERE sealed.id = document_search.document_id AND sealed.confidential
        AND sealed.created_by IS DISTINCT FROM acting_user()
        AND sealed.id <> ALL ((SELECT named_documents())::uuid[])
);

CREATE OR REPLACE TRIGGER document_readers_told
AFTER INSERT OR DELETE ON document_readers
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents();
