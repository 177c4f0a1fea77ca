-- Whether an e-mail address may be of one patient only: the index is rule and setting.

-- Only a table's owner makes its indexes. Making this one keeps changes of patients
-- waiting for a second or two per million of them; the time limit is for those who
-- would wait behind it while it waits for somebody's long transaction itself.
CREATE OR REPLACE FUNCTION keep_patient_emails_apart(wanted boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    IF wanted THEN
        CREATE UNIQUE INDEX IF NOT EXISTS patients_email_once
            ON patients (email_key) WHERE deleted_at IS NULL;
    ELSE
        DROP INDEX IF EXISTS patients_email_once;
    END IF;
END
$$;

REVOKE ALL ON FUNCTION keep_patient_emails_apart(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_patient_emails_apart(boolean) TO chartroom_system;
