-- Documents: rows, versions, texts, links, retention, and what finds them.

CREATE TABLE retention_rules (
    classification text PRIMARY KEY,
    keep_days integer NOT NULL,
    restore_days integer NOT NULL DEFAULT 30,
    updated_by uuid,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT retention_rules_classification_known
        CHECK (classification IN ('clinical', 'administrative', 'temporary')),
    CONSTRAINT retention_rules_keep_days_range CHECK (keep_days BETWEEN 1 AND 36525),
    CONSTRAINT retention_rules_restore_days_range
        CHECK (restore_days BETWEEN 1 AND 3650)
);
INSERT INTO retention_rules (classification, keep_days)
VALUES ('clinical', 3653), ('administrative', 2192), ('temporary', 30);

CREATE TABLE documents (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    patient_id uuid REFERENCES patients,
    title text NOT NULL,
    title_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (fold(title)) STORED,
    document_type text NOT NULL DEFAULT 'other',
    classification text NOT NULL DEFAULT 'clinical',
    description text NOT NULL DEFAULT '',
    metadata jsonb NOT NULL DEFAULT '{}',
    latest integer NOT NULL DEFAULT 1,
    revision integer NOT NULL DEFAULT 1,
    created_by uuid NOT NULL,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted_by uuid,
    held_at timestamptz,
    held_by uuid,
    held_because text,
    purged_at timestamptz,
    CONSTRAINT documents_title_given CHECK (btrim(title) <> ''),
    CONSTRAINT documents_classification_known
        CHECK (classification IN ('clinical', 'administrative', 'temporary')),
    CONSTRAINT documents_metadata_size CHECK (
        jsonb_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 16384
    ),
    CONSTRAINT documents_deleted_by_somebody
        CHECK ((deleted_at IS NULL) = (deleted_by IS NULL)),
    CONSTRAINT documents_description_length CHECK (char_length(description) <= 2000),
    CONSTRAINT documents_title_length CHECK (char_length(title) <= 200),
    CONSTRAINT documents_latest_positive CHECK (latest > 0),
    CONSTRAINT documents_held_for_a_reason
        CHECK (num_nonnulls(held_at, held_by, held_because) IN (0, 3)),
    CONSTRAINT documents_purged_were_deleted
        CHECK (purged_at IS NULL OR (deleted_at IS NOT NULL AND held_at IS NULL)),
    CONSTRAINT documents_revision_positive CHECK (revision > 0)
);
CREATE INDEX documents_by_class ON documents (classification, created_at, id);
CREATE INDEX documents_deleted ON documents (deleted_at, id)
    WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX documents_newest ON documents (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX documents_of_author ON documents (created_by, created_at, id);
CREATE INDEX documents_of_patient ON documents (patient_id, created_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX documents_patient_id_idx ON documents (patient_id);

CREATE TABLE document_versions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    document_id uuid NOT NULL REFERENCES documents,
    number integer NOT NULL,
    file_id text,
    filename text NOT NULL,
    filesize bigint NOT NULL,
    sha256 bytea NOT NULL,
    pages integer,
    findings text[] NOT NULL DEFAULT '{}',
    origin text NOT NULL,
    template text,
    form jsonb,
    scan text NOT NULL DEFAULT 'off',
    reading text NOT NULL DEFAULT 'embedded',
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    checked_at timestamptz,
    damaged_at timestamptz,
    CONSTRAINT document_versions_origin_known
        CHECK (origin IN ('upload', 'form', 'restored')),
    CONSTRAINT document_versions_reading_known
        CHECK (reading IN ('waiting', 'embedded', 'recognised', 'none')),
    CONSTRAINT document_versions_scan_known
        CHECK (scan IN ('off', 'waiting', 'clean', 'infected')),
    CONSTRAINT document_versions_filename_length
        CHECK (char_length(filename) BETWEEN 1 AND 255),
    CONSTRAINT document_versions_filesize_positive CHECK (filesize > 0),
    CONSTRAINT document_versions_sha256_length CHECK (length(sha256) = 32),
    CONSTRAINT document_versions_number_positive CHECK (number > 0),
    CONSTRAINT document_versions_number_once UNIQUE (document_id, number)
);
CREATE INDEX document_versions_by_content ON document_versions (sha256);
CREATE INDEX document_versions_by_file ON document_versions (file_id);
CREATE INDEX document_versions_to_check ON document_versions (checked_at NULLS FIRST)
    WHERE file_id IS NOT NULL;
CREATE INDEX document_versions_to_read ON document_versions (created_at)
    WHERE reading = 'waiting';
CREATE INDEX document_versions_to_scan ON document_versions (created_at)
    WHERE scan = 'waiting';
CREATE INDEX document_versions_never_scanned ON document_versions (created_at)
    WHERE scan = 'off';
-- Whatever a transaction does, at its end no document is without its latest version.
ALTER TABLE documents ADD CONSTRAINT documents_latest_there
    FOREIGN KEY (id, latest) REFERENCES document_versions (document_id, number)
    DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE document_texts (
    version_id uuid PRIMARY KEY REFERENCES document_versions ON DELETE CASCADE,
    pages text[] NOT NULL DEFAULT '{}'
);

CREATE TABLE document_shares (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    version_id uuid NOT NULL REFERENCES document_versions,
    token_hash bytea NOT NULL,
    created_by uuid NOT NULL,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    opened integer NOT NULL DEFAULT 0,
    last_opened_at timestamptz,
    CONSTRAINT document_shares_expire CHECK (
        expires_at > created_at AND expires_at <= created_at + interval '7 days'
    ),
    CONSTRAINT document_shares_token_hash_length CHECK (length(token_hash) = 32),
    CONSTRAINT document_shares_token_once UNIQUE (token_hash)
);
CREATE INDEX document_shares_of_version ON document_shares (version_id);

CREATE TABLE document_search (
    document_id uuid PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
    patient_id uuid,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    head tsvector NOT NULL,
    words tsvector NOT NULL,
    pairs integer[] NOT NULL
);
-- Words are dense already; compressed, each rank would have to unpack them.
ALTER TABLE document_search ALTER words SET STORAGE EXTERNAL;
CREATE INDEX document_search_by_word ON document_search USING gin (words)
    WITH (gin_pending_list_limit = 512);
CREATE INDEX document_search_by_pair ON document_search USING gin (pairs)
    WITH (gin_pending_list_limit = 512);
CREATE INDEX document_search_of_patient ON document_search (patient_id);
CREATE INDEX document_search_unfiled ON document_search (created_by)
    WHERE patient_id IS NULL;

CREATE TABLE document_words (
    word text COLLATE "C" PRIMARY KEY
);
CREATE INDEX document_words_by_trigram ON document_words USING gin (word gin_trgm_ops);
