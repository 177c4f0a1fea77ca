-- What patients' records leave beside them.

-- The order keeps two writers of the same new terms from waiting for each other.
-- Whoever changes a patient need not be allowed to write new terms down.
CREATE OR REPLACE FUNCTION collect_clinical_terms() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO clinical_terms (kind, term)
    SELECT DISTINCT kind, term FROM (
        SELECT 'allergies' AS kind, unnest(allergies) AS term FROM changed
        UNION ALL
        SELECT 'medical_history', unnest(medical_history) FROM changed
        UNION ALL
        SELECT 'current_medications', unnest(current_medications) FROM changed
    ) AS mentioned
    WHERE NOT EXISTS (
        SELECT FROM clinical_terms AS known
        WHERE known.kind = mentioned.kind AND known.term = mentioned.term
    )
    ORDER BY kind, term
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER patients_terms_on_insert AFTER INSERT ON patients
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION collect_clinical_terms();

CREATE OR REPLACE TRIGGER patients_terms_on_update AFTER UPDATE ON patients
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION collect_clinical_terms();

-- Only an index's owner may bring in what GIN has put off.
CREATE OR REPLACE FUNCTION settle_patients() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT gin_clean_pending_list(indexrelid::regclass)
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_am ON pg_am.oid = relam
    WHERE indrelid = 'patients'::regclass AND amname = 'gin';
END;

REVOKE ALL ON FUNCTION collect_clinical_terms(), settle_patients() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settle_patients() TO chartroom_system;
