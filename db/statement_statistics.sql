-- What statements cost, by their shape: PostgreSQL's own pg_stat_statements, as the page
-- "Slow queries" reads it. The embedded cluster and the containers run this by themselves.
-- On servers of your own set, on each of them,
--
--     shared_preload_libraries = 'pg_stat_statements'
--     pg_stat_statements.track_utility = off
--
-- restart it, and let an administrator run on the primary
--
--     psql --dbname chartroom --file db/statement_statistics.sql
--
-- Where the extension is there already it stays where it is.
DO $$
DECLARE
    place text;
BEGIN
    -- In the background: nothing that anybody waits for depends on it.
    SET LOCAL synchronous_commit = local;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') THEN
        CREATE SCHEMA IF NOT EXISTS statement_statistics;
        CREATE EXTENSION pg_stat_statements SCHEMA statement_statistics;
    END IF;
    SELECT extnamespace::regnamespace::text INTO place
    FROM pg_extension WHERE extname = 'pg_stat_statements';
    -- The login of Chartroom's processes itself, not the roles that its people take on.
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO chartroom_app', place);
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION %s.pg_stat_statements_reset TO chartroom_app', place
    );
END
$$;
