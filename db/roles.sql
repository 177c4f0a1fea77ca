-- The logins and roles of Chartroom in PostgreSQL. The embedded cluster and the containers
-- run this by themselves. On servers of your own an administrator runs it once, and again
-- with every new version:
--
--     psql --dbname postgres --file db/roles.sql
--
-- and then gives the two logins passwords (\password chartroom, \password chartroom_app).
-- Existing roles stay as they are. docs/decisions/0009 says why there are so many.
DO $$
DECLARE
    wanted text;
BEGIN
    -- Owns the database: brings its schema up to date and does nothing else.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chartroom') THEN
        CREATE ROLE chartroom LOGIN;
        GRANT pg_monitor TO chartroom;
    END IF;

    -- What every process signs in as. By itself it may next to nothing: each transaction
    -- takes on one of the roles below, until it ends. It may see the state of replication.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chartroom_app') THEN
        CREATE ROLE chartroom_app LOGIN NOINHERIT;
        GRANT pg_monitor TO chartroom_app WITH INHERIT TRUE;
    END IF;

    FOREACH wanted IN ARRAY ARRAY[
        'patient', 'staff', 'clinician', 'analyst', 'admin', 'door', 'system'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chartroom_' || wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', 'chartroom_' || wanted);
            EXECUTE format(
                'GRANT %I TO chartroom_app WITH INHERIT FALSE, SET TRUE',
                'chartroom_' || wanted
            );
        END IF;
    END LOOP;

    -- An error's sentence may quote a value of a patient. Whoever sent it is told; the
    -- server's log is not the place for it.
    FOREACH wanted IN ARRAY ARRAY['chartroom', 'chartroom_app'] LOOP
        IF NOT EXISTS (
            SELECT FROM pg_db_role_setting
            WHERE setrole = wanted::regrole AND setdatabase = 0
        ) THEN
            EXECUTE format('ALTER ROLE %I SET log_min_messages = ''log''', wanted);
        END IF;
    END LOOP;
END
$$;
