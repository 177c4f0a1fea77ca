-- Fields that an administrator has defined, and what documents have in them.

-- What the front desk reads is free of rules on rows, so this view says itself what it is
-- not shown: what belongs to a confidential document that is not open to it.
CREATE OR REPLACE VIEW everyone.document_field_values AS
SELECT * FROM public.document_field_values
WHERE coalesce((
    SELECT sealed.created_by IS NOT DISTINCT FROM acting_user()
        OR sealed.id = ANY ((SELECT named_documents())::uuid[])
    FROM public.documents AS sealed
    WHERE sealed.id = document_field_values.document_id AND sealed.confidential
), true);

-- Of what is purged only a tombstone is left, whichever version of the program purges.
CREATE OR REPLACE FUNCTION drop_field_values() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM document_field_values WHERE document_id = NEW.id;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION drop_field_values() FROM PUBLIC;

CREATE OR REPLACE TRIGGER documents_purged_lose_fields
AFTER UPDATE OF purged_at ON documents FOR EACH ROW
WHEN (OLD.purged_at IS NULL AND NEW.purged_at IS NOT NULL)
EXECUTE FUNCTION drop_field_values();

-- Lists of documents that are kept show what their fields hold, and under which name.
CREATE OR REPLACE TRIGGER document_fields_told
AFTER INSERT OR UPDATE ON document_fields
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents();

CREATE OR REPLACE TRIGGER document_field_values_told
AFTER INSERT OR UPDATE OR DELETE ON document_field_values
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents();
