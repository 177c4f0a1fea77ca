-- Patients, and the clinical terms that their records speak of.

CREATE TABLE clinical_terms (
    kind text NOT NULL,
    term text NOT NULL,
    term_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (fold(term)) STORED,
    PRIMARY KEY (kind, term),
    CONSTRAINT clinical_terms_kind_known
        CHECK (kind IN ('allergies', 'medical_history', 'current_medications')),
    CONSTRAINT clinical_terms_length CHECK (char_length(btrim(term)) BETWEEN 1 AND 200)
);
CREATE INDEX clinical_terms_by_key ON clinical_terms USING gin (term_key gin_trgm_ops);

CREATE TABLE patients (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    first_name text NOT NULL,
    last_name text NOT NULL,
    date_of_birth date NOT NULL,
    sex text NOT NULL DEFAULT 'unknown',
    email text,
    phone_number text,
    address text,
    emergency_contact text,
    allergies text[] NOT NULL DEFAULT '{}',
    no_known_allergies boolean NOT NULL DEFAULT false,
    medical_history text[] NOT NULL DEFAULT '{}',
    current_medications text[] NOT NULL DEFAULT '{}',
    photo_file_id text,
    source text,
    source_id text,
    source_version integer,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted_by uuid,
    merged_into_id uuid REFERENCES patients,
    first_name_key text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (fold(first_name)) STORED,
    last_name_key text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (fold(last_name)) STORED,
    name_key text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (fold(first_name || ' ' || last_name)) STORED,
    email_key text COLLATE "C" GENERATED ALWAYS AS (lower(email)) STORED,
    phone_key text COLLATE "C" GENERATED ALWAYS AS (ltrim(phone_number, '+')) STORED,
    initials text NOT NULL
        GENERATED ALWAYS AS (upper(left(first_name, 1) || left(last_name, 1)))
        VIRTUAL,
    birth_year integer NOT NULL
        GENERATED ALWAYS AS (EXTRACT(year FROM date_of_birth)::integer) VIRTUAL,
    CONSTRAINT patients_first_name_given CHECK (btrim(first_name) <> ''),
    CONSTRAINT patients_last_name_given CHECK (btrim(last_name) <> ''),
    CONSTRAINT patients_first_name_length CHECK (char_length(first_name) <= 50),
    CONSTRAINT patients_last_name_length CHECK (char_length(last_name) <= 50),
    CONSTRAINT patients_email_length CHECK (char_length(email) <= 254),
    CONSTRAINT patients_address_length CHECK (char_length(address) <= 100),
    CONSTRAINT patients_emergency_contact_length
        CHECK (char_length(emergency_contact) <= 50),
    CONSTRAINT patients_allergies_length CHECK (cardinality(allergies) <= 100),
    CONSTRAINT patients_medical_history_length
        CHECK (cardinality(medical_history) <= 100),
    CONSTRAINT patients_current_medications_length
        CHECK (cardinality(current_medications) <= 100),
    CONSTRAINT patients_date_of_birth_plausible CHECK (
        date_of_birth >= DATE '1900-01-01' AND date_of_birth <= current_date + 1
    ),
    CONSTRAINT patients_email_valid CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT patients_phone_number_valid CHECK (phone_number ~ '^\+?[0-9]{10,15}$'),
    CONSTRAINT patients_sex_known CHECK (sex IN ('female', 'male', 'other', 'unknown')),
    CONSTRAINT patients_no_known_allergies_consistent
        CHECK (NOT no_known_allergies OR cardinality(allergies) = 0),
    CONSTRAINT patients_not_merged_into_self CHECK (merged_into_id <> id),
    CONSTRAINT patients_merged_are_archived
        CHECK (merged_into_id IS NULL OR deleted_at IS NOT NULL),
    CONSTRAINT patients_version_positive CHECK (version > 0),
    CONSTRAINT patients_source_once UNIQUE (source, source_id)
);
CREATE INDEX patients_archived ON patients (deleted_at, id)
    WHERE deleted_at IS NOT NULL;
CREATE INDEX patients_archived_by_birth ON patients (date_of_birth)
    WHERE deleted_at IS NOT NULL AND merged_into_id IS NULL;
CREATE INDEX patients_with_photo ON patients (photo_file_id)
    WHERE photo_file_id IS NOT NULL;
CREATE INDEX patients_by_allergy ON patients USING gin (allergies);
CREATE INDEX patients_by_birth ON patients (date_of_birth, id) WHERE deleted_at IS NULL;
CREATE INDEX patients_by_change ON patients (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX patients_by_creation ON patients (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX patients_by_email ON patients (email_key);
CREATE INDEX patients_by_history ON patients USING gin (medical_history);
CREATE INDEX patients_by_medication ON patients USING gin (current_medications);
CREATE INDEX patients_by_name ON patients (last_name_key, first_name_key, id)
    WHERE deleted_at IS NULL;
CREATE INDEX patients_by_name_parts ON patients USING gin (name_key gin_trgm_ops);
CREATE INDEX patients_by_phone ON patients (phone_key);
CREATE INDEX patients_by_birth_year ON patients
    ((EXTRACT(year FROM date_of_birth)::integer), id) WHERE deleted_at IS NULL;

CREATE TABLE patient_merges (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kept_id uuid NOT NULL REFERENCES patients,
    merged_id uuid NOT NULL REFERENCES patients,
    merged_by uuid NOT NULL,
    merged_at timestamptz NOT NULL DEFAULT now(),
    before jsonb NOT NULL
);
CREATE INDEX patient_merges_kept_id_idx ON patient_merges (kept_id);
CREATE INDEX patient_merges_merged_id_idx ON patient_merges (merged_id);
