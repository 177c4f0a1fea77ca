-- Searching documents: their words, kept by triggers, and news of every change.

-- Texts and queries alike go through this: whoever changes it must index anew. PDFs
-- break words at the end of a line with one of the signs that are dropped first. Each
-- sign of scripts that put no spaces between words becomes a word of its own.
CREATE OR REPLACE FUNCTION search_words(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim(regexp_replace(regexp_replace(
    fold(normalize(regexp_replace($1, '[\u0002\u00AD\uFFFE]\s*', '', 'g'), NFKC))
    COLLATE pg_c_utf8,
    '([\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u2E80-\u2FDF\u3005-\u3007'
    '\u3040-\u30FF\u31F0-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF'
    '\U00020000-\U0003FFFF])',
    ' \1 ', 'g'), '[^[:alnum:]]+', ' ', 'g'));

-- PostgreSQL's own parser would find addresses, fractions and numbers like 5e14 among
-- the words, and cut them elsewhere than somebody who searches for a part of them.
CREATE OR REPLACE FUNCTION to_search_vector(text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(string_agg(word || ':' || least(place, 16383), ' '), '')::tsvector
    FROM string_to_table(search_words($1), ' ') WITH ORDINALITY AS listed (word, place)
    WHERE octet_length(word) BETWEEN 1 AND 255
);

-- A vector has at most a megabyte. What a book has too much of is not found; that is
-- better than not to file it.
CREATE OR REPLACE FUNCTION search_vector(head tsvector, body text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    part text := left(body, 1000000);
BEGIN
    LOOP
        BEGIN
            RETURN head || to_search_vector(part);
        EXCEPTION WHEN program_limit_exceeded THEN
            part := left(part, length(part) / 2);
        END;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION search_head(title text, patient text, description text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_search_vector(title), 'A') ||
    setweight(to_search_vector(patient) || to_search_vector(description), 'B');

-- The index knows which words a text has, not where; without these, every text that has
-- both words of a phrase somewhere would have to be unpacked. Of 65,536 numbers a text
-- has a few hundred, so hardly any has a phrase's by chance.
CREATE OR REPLACE FUNCTION search_pairs(text) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(DISTINCT
        (crc32(convert_to(word || ' ' || following, 'UTF8')) & 65535)::integer), '{}')
    FROM (
        SELECT word, lead(word) OVER (ORDER BY place) AS following
        FROM string_to_table(search_words($1), ' ') WITH ORDINALITY
            AS listed (word, place)
    ) AS beside WHERE following IS NOT NULL
);

-- The lock comes first, so that what is read after it is what is committed before it:
-- of two who change a document and its version at once, the later indexes both.
CREATE OR REPLACE FUNCTION index_document(wanted uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head tsvector;
    vector tsvector;
    document record;
BEGIN
    PERFORM FROM documents WHERE id = wanted FOR NO KEY UPDATE;
    SELECT INTO document
        documents.*,
        patients.first_name || ' ' || patients.last_name AS patient,
        coalesce(array_to_string(document_texts.pages, ' '), '') AS body
    FROM documents
    LEFT JOIN patients ON patients.id = documents.patient_id
    LEFT JOIN document_versions AS version
        ON version.document_id = documents.id AND version.number = documents.latest
        AND version.scan IN ('off', 'clean')
    LEFT JOIN document_texts ON document_texts.version_id = version.id
    WHERE documents.id = wanted AND documents.deleted_at IS NULL;
    IF NOT FOUND THEN
        DELETE FROM document_search WHERE document_id = wanted;
        RETURN;
    END IF;
    head := search_head(document.title, document.patient, document.description);
    vector := search_vector(head, document.body);
    INSERT INTO document_search
    VALUES (wanted, document.patient_id, document.created_by, document.created_at,
        head, vector, search_pairs(document.title) || search_pairs(document.patient) ||
        search_pairs(document.description) ||
        search_pairs(left(document.body, 1000000)))
    ON CONFLICT (document_id) DO UPDATE SET
        patient_id = excluded.patient_id, created_at = excluded.created_at,
        head = excluded.head, words = excluded.words, pairs = excluded.pairs;
    INSERT INTO document_words
    SELECT entry FROM unnest(tsvector_to_array(vector)) AS entry
    WHERE entry ~ '^[[:alpha:]]{4,40}$'
        AND NOT EXISTS (SELECT FROM document_words WHERE word = entry)
    ORDER BY entry ON CONFLICT DO NOTHING;
END
$$;

-- Only what no other document has. The trash is not searched, and does not count.
CREATE OR REPLACE FUNCTION forget_words(gone tsvector) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    DELETE FROM document_words WHERE word = ANY(tsvector_to_array(gone))
    AND NOT EXISTS (
        SELECT FROM document_search
        WHERE words @@ quote_literal(document_words.word)::tsquery
    );
END;

-- A patient is locked by whoever files under them first, against a change of name that
-- would not see the new document. Nobody else can wait for that document yet.
CREATE OR REPLACE FUNCTION search_documents() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.patient_id IS DISTINCT FROM OLD.patient_id THEN
        PERFORM FROM patients WHERE id = NEW.patient_id FOR SHARE;
    END IF;
    PERFORM index_document(NEW.id);
    IF NEW.purged_at IS NOT NULL THEN
        PERFORM forget_words(search_head(OLD.title, '', OLD.description));
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER documents_searched
AFTER INSERT ON documents FOR EACH ROW EXECUTE FUNCTION search_documents();

CREATE OR REPLACE TRIGGER documents_searched_anew
AFTER UPDATE ON documents FOR EACH ROW
WHEN (
    (OLD.patient_id, OLD.created_at, OLD.title, OLD.description, OLD.latest,
        OLD.deleted_at, OLD.purged_at)
    IS DISTINCT FROM
    (NEW.patient_id, NEW.created_at, NEW.title, NEW.description, NEW.latest,
        NEW.deleted_at, NEW.purged_at)
)
EXECUTE FUNCTION search_documents();

CREATE OR REPLACE FUNCTION search_versions() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM index_document(NEW.document_id);
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER document_versions_searched
AFTER UPDATE OF scan ON document_versions FOR EACH ROW
WHEN (OLD.scan <> NEW.scan) EXECUTE FUNCTION search_versions();

CREATE OR REPLACE FUNCTION search_texts() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM index_document(documents.id)
    FROM document_versions AS version
    JOIN documents ON documents.id = version.document_id
        AND documents.latest = version.number
    WHERE version.id = coalesce(NEW.version_id, OLD.version_id);
    IF TG_OP <> 'INSERT' THEN
        PERFORM forget_words(search_vector('', array_to_string(OLD.pages, ' ')));
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER document_texts_searched
AFTER INSERT OR UPDATE OR DELETE ON document_texts
FOR EACH ROW EXECUTE FUNCTION search_texts();

CREATE OR REPLACE FUNCTION search_patients() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM index_document(id) FROM (
        SELECT id FROM documents
        WHERE patient_id = NEW.id AND deleted_at IS NULL ORDER BY id
    ) AS theirs;
    PERFORM forget_words(search_head(OLD.first_name || ' ' || OLD.last_name, '', ''));
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER patients_searched
AFTER UPDATE OF first_name, last_name ON patients FOR EACH ROW
WHEN ((OLD.first_name, OLD.last_name) IS DISTINCT FROM (NEW.first_name, NEW.last_name))
EXECUTE FUNCTION search_patients();

REVOKE ALL ON FUNCTION
    index_document(uuid), forget_words(tsvector), search_documents(),
    search_versions(), search_texts(), search_patients()
FROM PUBLIC;

-- Says that something changed, not what: anybody who is let in can listen.
CREATE OR REPLACE FUNCTION tell_of_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('documents', '');
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER documents_told
AFTER INSERT OR UPDATE OR DELETE ON documents
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents();

CREATE OR REPLACE TRIGGER document_versions_told
AFTER INSERT OR DELETE OR UPDATE OF file_id, pages, findings, scan, reading, damaged_at
ON document_versions FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents();

CREATE OR REPLACE TRIGGER patients_told
AFTER UPDATE OF first_name, last_name ON patients FOR EACH ROW
WHEN ((OLD.first_name, OLD.last_name) IS DISTINCT FROM (NEW.first_name, NEW.last_name))
EXECUTE FUNCTION tell_of_documents();
