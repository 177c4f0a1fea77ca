-- How somebody's own pages show names and lists, as choose_language does for the language.
CREATE OR REPLACE FUNCTION choose_name_order(chosen text) RETURNS void
LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE users SET name_order = chosen
    WHERE id = acting_user() AND deactivated_at IS NULL;
END;

CREATE OR REPLACE FUNCTION choose_list_density(chosen text) RETURNS void
LANGUAGE sql VOLATILE
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE users SET list_density = chosen
    WHERE id = acting_user() AND deactivated_at IS NULL;
END;

REVOKE ALL ON FUNCTION choose_name_order(text), choose_list_density(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION choose_name_order(text), choose_list_density(text)
TO chartroom_patient, chartroom_staff, chartroom_clinician, chartroom_analyst,
    chartroom_admin, chartroom_system;
