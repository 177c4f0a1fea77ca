-- Short numbers of patients' records, to be said on the phone and typed from paper.

-- The number at a place in a series that does not count up, with its check character.
-- Crockford's base 32 (https://www.crockford.com/base32.html): five characters, the
-- first of them a digit so that no number is a name, and the remainder of their value
-- by 37. Values whose remainder would be one of the symbols * ~ $ = U are left out, so
-- of every 37 there are 32. 5605141 shares no divisor with the 9068736 that remain, so
-- each place has a number of its own.
CREATE OR REPLACE FUNCTION record_number(place bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(
        substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (digits >> shift & 31)::integer + 1, 1),
        '' ORDER BY shift DESC
    )
    FROM (
        SELECT (mixed / 32 * 37 + mixed % 32) * 32 + mixed % 32 AS digits
        FROM (SELECT place * 5605141 % 9068736 AS mixed) AS shuffled
    ) AS numbered, unnest(ARRAY[25, 20, 15, 10, 5, 0]) AS shift;
END;

-- Whoever writes a patient down need not be allowed to draw numbers otherwise.
CREATE OR REPLACE FUNCTION next_record_number() RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT record_number(nextval('patient_record_numbers'));
END;

REVOKE ALL ON FUNCTION next_record_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION next_record_number() 
TO chartroom_staff, chartroom_clinician, chartroom_system;
