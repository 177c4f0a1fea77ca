-- What apps may do for a patient: at most what they were let do, once for each consent,
-- and no longer than what lets the patient in.

-- Ends an account's consents that wait and what was given for others, and returns which
-- tokens these were. An app that comes with its code meanwhile holds that code's row:
-- the second statement then finds its token.
CREATE OR REPLACE FUNCTION end_apps_of(account uuid) RETURNS SETOF uuid
LANGUAGE sql VOLATILE SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE authorization_codes SET used_at = now()
    WHERE user_id = account AND used_at IS NULL;
    UPDATE api_tokens SET revoked_at = now()
    WHERE user_id = account AND app_id IS NOT NULL
        AND revoked_at IS NULL AND expires_at > now()
    RETURNING id;
END;

-- An account that may not act any more, or that belongs to another record by now.
CREATE OR REPLACE FUNCTION end_apps_of_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM end_apps_of(NEW.id);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER users_end_apps
AFTER UPDATE OF deactivated_at, patient_id ON users FOR EACH ROW
WHEN (
    OLD.deactivated_at IS NULL AND NEW.deactivated_at IS NOT NULL
    OR NEW.patient_id IS DISTINCT FROM OLD.patient_id
)
EXECUTE FUNCTION end_apps_of_account();

CREATE OR REPLACE FUNCTION end_apps_of_record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM end_apps_of(id) FROM users WHERE patient_id = NEW.id;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER patients_end_apps
AFTER UPDATE OF deleted_at ON patients FOR EACH ROW
WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
EXECUTE FUNCTION end_apps_of_record();

-- A token takes the code that it is given for, so that no second one finds it.
CREATE OR REPLACE FUNCTION take_code() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE authorization_codes SET token_id = NEW.id
    WHERE code_hash = (
        SELECT code_hash FROM authorization_codes
        WHERE app_id = NEW.app_id AND user_id = NEW.user_id
            AND used_at = now() AND token_id IS NULL AND NEW.scopes <@ scopes
        LIMIT 1
    );
    IF NOT FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = 'a token without a code';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER api_tokens_take_code
AFTER INSERT ON api_tokens FOR EACH ROW
WHEN (NEW.app_id IS NOT NULL AND current_user = 'chartroom_door')
EXECUTE FUNCTION take_code();

REVOKE ALL ON FUNCTION end_apps_of(uuid), end_apps_of_account(), end_apps_of_record(),
    take_code() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_apps_of(uuid)
TO chartroom_patient, chartroom_admin, chartroom_system;
