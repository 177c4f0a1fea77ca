-- What comes of a visit: medical records and prescriptions.

CREATE TABLE medical_records (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    appointment_id uuid NOT NULL REFERENCES appointments,
    patient_id uuid NOT NULL REFERENCES patients,
    doctor_id uuid NOT NULL REFERENCES doctors,
    number integer NOT NULL DEFAULT 1,
    content jsonb NOT NULL,
    words tsvector NOT NULL
        GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, fold(
            coalesce(content ->> 'complaint', '') || ' ' ||
            coalesce(content ->> 'findings', '') || ' ' ||
            coalesce(content ->> 'plan', '') || ' ' ||
            jsonb_path_query_array(content, '$.diagnoses[*].*')::text
        ))) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT medical_records_content_size CHECK (
        jsonb_typeof(content) = 'object' AND octet_length(content::text) <= 131072
    ),
    CONSTRAINT medical_records_number_positive CHECK (number > 0),
    CONSTRAINT medical_records_appointment_once UNIQUE (appointment_id)
);
CREATE INDEX medical_records_by_content ON medical_records
    USING gin (content jsonb_path_ops);
CREATE INDEX medical_records_by_words ON medical_records USING gin (words);
CREATE INDEX medical_records_of_patient ON medical_records (patient_id, created_at);

CREATE TABLE medical_record_versions (
    record_id uuid NOT NULL REFERENCES medical_records,
    number integer NOT NULL,
    content jsonb NOT NULL,
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (record_id, number),
    CONSTRAINT medical_record_versions_number_positive CHECK (number > 0)
);

CREATE TABLE prescriptions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    appointment_id uuid NOT NULL REFERENCES appointments,
    patient_id uuid NOT NULL REFERENCES patients,
    doctor_id uuid NOT NULL REFERENCES doctors,
    status text NOT NULL DEFAULT 'issued',
    latest integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT prescriptions_status_known CHECK (status IN ('issued', 'withdrawn')),
    CONSTRAINT prescriptions_latest_positive CHECK (latest > 0),
    CONSTRAINT prescriptions_appointment_once UNIQUE (appointment_id)
);
CREATE INDEX prescriptions_of_patient ON prescriptions (patient_id, created_at);

CREATE TABLE prescription_versions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    prescription_id uuid NOT NULL REFERENCES prescriptions,
    number integer NOT NULL,
    lines jsonb NOT NULL,
    note text NOT NULL DEFAULT '',
    file_id text NOT NULL,
    filename text NOT NULL,
    filesize bigint NOT NULL,
    sha256 bytea NOT NULL,
    signer bytea NOT NULL,
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT prescription_versions_lines_given CHECK (
        jsonb_typeof(lines) = 'array' AND jsonb_array_length(lines) BETWEEN 1 AND 50
    ),
    CONSTRAINT prescription_versions_sha256_length CHECK (length(sha256) = 32),
    CONSTRAINT prescription_versions_signer_length CHECK (length(signer) = 32),
    CONSTRAINT prescription_versions_number_positive CHECK (number > 0),
    CONSTRAINT prescription_versions_number_once UNIQUE (prescription_id, number)
);
CREATE INDEX prescription_versions_by_content ON prescription_versions (sha256);
CREATE INDEX prescription_versions_by_file ON prescription_versions (file_id);
