"""Searching documents: their words, kept by triggers, and news of every change.

Only adds, so the previous version runs on.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Each sign of scripts that put no spaces between words becomes a word of its own.
_UNSPACED: Final = (
    r"\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u2E80-\u2FDF\u3005-\u3007"
    r"\u3040-\u30FF\u31F0-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF"
    r"\U00020000-\U0003FFFF"
)
# PDFs break words at the end of a line with one of these.
_BROKEN: Final = r"[\u0002\u00AD\uFFFE]\s*"

# Texts and queries alike go through this: whoever changes it must index anew.
_SEARCH_WORDS: Final = rf"""
CREATE FUNCTION search_words(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim(regexp_replace(regexp_replace(
    fold(normalize(regexp_replace($1, '{_BROKEN}', '', 'g'), NFKC))
    COLLATE pg_c_utf8, '([{_UNSPACED}])', ' \1 ', 'g'), '[^[:alnum:]]+', ' ', 'g'))
"""
# PostgreSQL's own parser would find addresses, fractions and numbers like 5e14 among
# the words, and cut them elsewhere than somebody who searches for a part of them.
_TO_VECTOR: Final = """
CREATE FUNCTION to_search_vector(text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(string_agg(word || ':' || least(place, 16383), ' '), '')::tsvector
    FROM string_to_table(search_words($1), ' ') WITH ORDINALITY AS listed (word, place)
    WHERE octet_length(word) BETWEEN 1 AND 255
)
"""
# A vector has at most a megabyte. What a book has too much of is not found; that is
# better than not to file it.
_SEARCH_VECTOR: Final = """
CREATE FUNCTION search_vector(head tsvector, body text) RETURNS tsvector
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
$$
"""
_HEAD: Final = """
CREATE FUNCTION search_head(title text, patient text, description text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_search_vector(title), 'A') ||
    setweight(to_search_vector(patient) || to_search_vector(description), 'B')
"""
# The index knows which words a text has, not where; without these, every text that has
# both words of a phrase somewhere would have to be unpacked. Of 65,536 numbers a text
# has a few hundred, so hardly any has a phrase's by chance.
_PAIRS: Final = """
CREATE FUNCTION search_pairs(text) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(DISTINCT
        (crc32(convert_to(word || ' ' || following, 'UTF8')) & 65535)::integer), '{}')
    FROM (
        SELECT word, lead(word) OVER (ORDER BY place) AS following
        FROM string_to_table(search_words($1), ' ') WITH ORDINALITY
            AS listed (word, place)
    ) AS beside WHERE following IS NOT NULL
)
"""
_OWNED: Final = "SECURITY DEFINER SET search_path = public, pg_temp"
# The lock comes first, so that what is read after it is what is committed before it:
# of two who change a document and its version at once, the later indexes both.
_INDEX_DOCUMENT: Final = f"""
CREATE FUNCTION index_document(wanted uuid) RETURNS void
LANGUAGE plpgsql {_OWNED} AS $$
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
    WHERE entry ~ '^[[:alpha:]]{{4,40}}$'
        AND NOT EXISTS (SELECT FROM document_words WHERE word = entry)
    ORDER BY entry ON CONFLICT DO NOTHING;
END
$$
"""  # nosec B608
# Only what no other document has. The trash is not searched, and does not count.
_FORGET_WORDS: Final = f"""
CREATE FUNCTION forget_words(gone tsvector) RETURNS void
LANGUAGE sql {_OWNED}
BEGIN ATOMIC
    DELETE FROM document_words WHERE word = ANY(tsvector_to_array(gone))
    AND NOT EXISTS (
        SELECT FROM document_search
        WHERE words @@ quote_literal(document_words.word)::tsquery
    );
END
"""  # nosec B608
# A patient is locked by whoever files under them first, against a change of name that
# would not see the new document. Nobody else can wait for that document yet.
_OF_DOCUMENTS: Final = f"""
CREATE FUNCTION search_documents() RETURNS trigger LANGUAGE plpgsql {_OWNED} AS $$
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
$$
"""
_OF_VERSIONS: Final = f"""
CREATE FUNCTION search_versions() RETURNS trigger LANGUAGE plpgsql {_OWNED} AS $$
BEGIN
    PERFORM index_document(NEW.document_id);
    RETURN NULL;
END
$$
"""
_OF_TEXTS: Final = f"""
CREATE FUNCTION search_texts() RETURNS trigger LANGUAGE plpgsql {_OWNED} AS $$
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
$$
"""
_OF_PATIENTS: Final = f"""
CREATE FUNCTION search_patients() RETURNS trigger LANGUAGE plpgsql {_OWNED} AS $$
BEGIN
    PERFORM index_document(id) FROM (
        SELECT id FROM documents
        WHERE patient_id = NEW.id AND deleted_at IS NULL ORDER BY id
    ) AS theirs;
    PERFORM forget_words(search_head(OLD.first_name || ' ' || OLD.last_name, '', ''));
    RETURN NULL;
END
$$
"""  # nosec B608
# Says that something changed, not what: anybody who is let in can listen.
_TELL: Final = """
CREATE FUNCTION tell_of_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('documents', '');
    RETURN NULL;
END
$$
"""
_TRIGGERS: Final = (
    (
        "CREATE TRIGGER documents_searched AFTER INSERT ON documents "
        "FOR EACH ROW EXECUTE FUNCTION search_documents()"
    ),
    (
        "CREATE TRIGGER documents_searched_anew AFTER UPDATE ON documents "
        "FOR EACH ROW WHEN ((OLD.patient_id, OLD.created_at, OLD.title, "
        "OLD.description, OLD.latest, OLD.deleted_at, OLD.purged_at) "
        "IS DISTINCT FROM (NEW.patient_id, NEW.created_at, NEW.title, "
        "NEW.description, NEW.latest, NEW.deleted_at, NEW.purged_at)) "
        "EXECUTE FUNCTION search_documents()"
    ),
    (
        "CREATE TRIGGER document_versions_searched AFTER UPDATE OF scan "
        "ON document_versions FOR EACH ROW WHEN (OLD.scan <> NEW.scan) "
        "EXECUTE FUNCTION search_versions()"
    ),
    (
        "CREATE TRIGGER document_texts_searched AFTER INSERT OR UPDATE OR DELETE "
        "ON document_texts FOR EACH ROW EXECUTE FUNCTION search_texts()"
    ),
    (
        "CREATE TRIGGER patients_searched AFTER UPDATE OF first_name, last_name "
        "ON patients FOR EACH ROW WHEN ((OLD.first_name, OLD.last_name) "
        "IS DISTINCT FROM (NEW.first_name, NEW.last_name)) "
        "EXECUTE FUNCTION search_patients()"
    ),
    (
        "CREATE TRIGGER documents_told AFTER INSERT OR UPDATE OR DELETE ON documents "
        "FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents()"
    ),
    (
        "CREATE TRIGGER document_versions_told AFTER INSERT OR DELETE OR "
        "UPDATE OF file_id, pages, findings, scan, reading, damaged_at "
        "ON document_versions FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents()"
    ),
    (
        "CREATE TRIGGER patients_told AFTER UPDATE OF first_name, last_name "
        "ON patients FOR EACH ROW WHEN ((OLD.first_name, OLD.last_name) "
        "IS DISTINCT FROM (NEW.first_name, NEW.last_name)) "
        "EXECUTE FUNCTION tell_of_documents()"
    ),
)
_OPEN: Final = "patient_id = ANY ((SELECT open_patients())::uuid[])"
_RIGHTS: Final = (
    "ALTER TABLE document_search ENABLE ROW LEVEL SECURITY",
    (
        "GRANT SELECT ON document_search TO chartroom_patient, chartroom_staff, "
        "chartroom_clinician"
    ),
    (
        "GRANT SELECT, INSERT, UPDATE, DELETE ON document_search, document_words "
        "TO chartroom_system"
    ),
    (
        "CREATE POLICY patient_select ON document_search FOR SELECT "
        "TO chartroom_patient USING (patient_id = acting_patient())"
    ),
    (
        "CREATE POLICY staff_select ON document_search FOR SELECT "
        "TO chartroom_staff USING (true)"
    ),
    (
        "CREATE POLICY clinician_select ON document_search FOR SELECT "
        f"TO chartroom_clinician USING ({_OPEN} OR "
        "(patient_id IS NULL AND created_by = acting_user()))"
    ),
    (
        "CREATE POLICY system_all ON document_search TO chartroom_system "
        "USING (true) WITH CHECK (true)"
    ),
    # See migration 0003: who may see every row reads past the rules.
    "CREATE VIEW everyone.document_search AS SELECT * FROM public.document_search",
    "GRANT SELECT ON everyone.document_search TO chartroom_staff",
    (
        "REVOKE ALL ON FUNCTION index_document(uuid), forget_words(tsvector), "
        "search_documents(), search_versions(), search_texts(), search_patients() "
        "FROM PUBLIC"
    ),
    # Patients look for their own documents too, behind keys of their own.
    "GRANT SELECT, INSERT, UPDATE (used_at) ON stored_criteria TO chartroom_patient",
    *(
        f"CREATE POLICY patient_{verb.lower()} ON stored_criteria FOR {verb} "
        f"TO chartroom_patient {clause}"
        for verb, clause in (
            ("SELECT", "USING ({rows})"),
            ("INSERT", "WITH CHECK ({rows})"),
            ("UPDATE", "USING ({rows}) WITH CHECK ({rows})"),
        )
    ),
)
_OWN_CRITERIA: Final = "created_by = acting_user() AND subject = 'documents'"


def upgrade() -> None:
    for function in (_SEARCH_WORDS, _TO_VECTOR, _SEARCH_VECTOR, _HEAD, _PAIRS):
        op.execute(function)
    _create_tables()
    # Words are dense already; compressed, each rank would have to unpack them.
    op.execute("ALTER TABLE document_search ALTER words SET STORAGE EXTERNAL")
    for statement in (
        _INDEX_DOCUMENT,
        _FORGET_WORDS,
        _OF_DOCUMENTS,
        _OF_VERSIONS,
        _OF_TEXTS,
        _OF_PATIENTS,
        _TELL,
        *_TRIGGERS,
        *(right.format(rows=_OWN_CRITERIA) for right in _RIGHTS),
        "SELECT index_document(id) FROM documents WHERE deleted_at IS NULL",
    ):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Documents that are found are not hidden again.")


def _create_tables() -> None:
    op.create_table(
        "document_search",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("head", postgresql.TSVECTOR(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("pairs", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("document_search_document_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("document_search_pkey")),
    )
    op.create_index(
        "document_search_by_word",
        "document_search",
        ["words"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 512},
    )
    op.create_index(
        "document_search_by_pair",
        "document_search",
        ["pairs"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 512},
    )
    op.create_index(
        "document_search_of_patient", "document_search", ["patient_id"], unique=False
    )
    op.create_index(
        "document_search_unfiled",
        "document_search",
        ["created_by"],
        unique=False,
        postgresql_where=sa.text("patient_id IS NULL"),
    )
    op.create_table(
        "document_words",
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("document_words_pkey")),
    )
    op.create_index(
        "document_words_by_trigram",
        "document_words",
        ["word"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    )
