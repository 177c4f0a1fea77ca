-- How words are compared; computed columns, and so the tables themselves, rest on this.

-- unaccent() is only STABLE because its dictionary could be exchanged; Chartroom never
-- does that, so columns computed from it stay true and may be indexed. The collation
-- makes lower() the same on every server: in Turkish the small form of I is another.
CREATE OR REPLACE FUNCTION fold(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(unaccent('unaccent'::regdictionary, $1) COLLATE pg_c_utf8);
