-- Who acts, and whose records are open to them: what the rules of the tables ask.

-- What DatabaseIdentity tells the transaction; an unset name is null, which equals
-- nothing.
CREATE OR REPLACE FUNCTION acting_user() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('chartroom.user_id', true), '')::uuid;

CREATE OR REPLACE FUNCTION acting_patient() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('chartroom.patient_id', true), '')::uuid;

-- The lists are looked up once for a statement, however many rows it looks at. They are
-- the owner's to read: a rule on a table cannot ask the same table under the same rule.
CREATE OR REPLACE FUNCTION treated_patients() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(
        SELECT patient_id FROM care_relationships
        WHERE clinician_id = acting_user() AND ended_at IS NULL
    );
END;

CREATE OR REPLACE FUNCTION open_patients() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT treated_patients() || ARRAY(
        SELECT patient_id FROM break_glass_accesses
        WHERE clinician_id = acting_user() AND expires_at > now()
    );
END;

REVOKE ALL ON FUNCTION treated_patients(), open_patients() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION treated_patients(), open_patients() TO chartroom_clinician;
