-- The one thing of their own sign-in that everybody changes: a right to a column counts
-- for all rows that a role may change, and the front desk changes those of patients.
CREATE OR REPLACE FUNCTION choose_language(chosen text) RETURNS void
LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE users SET language = chosen
    WHERE id = acting_user() AND deactivated_at IS NULL;
END;

REVOKE ALL ON FUNCTION choose_language(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION choose_language(text)
TO chartroom_patient, chartroom_staff, chartroom_clinician, chartroom_analyst,
    chartroom_admin, chartroom_system;
