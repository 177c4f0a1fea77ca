-- Says that a list was imported or chosen, not what is in it.
CREATE OR REPLACE FUNCTION tell_of_code_lists() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('code-lists', '');
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER code_lists_told
AFTER UPDATE ON code_lists
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_code_lists();
