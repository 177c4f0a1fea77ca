-- Whom clinicians treat, and whose records they broke the glass of.

CREATE TABLE care_relationships (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    clinician_id uuid NOT NULL REFERENCES users,
    patient_id uuid NOT NULL REFERENCES patients,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX care_relationships_of_clinician ON care_relationships
    (clinician_id, patient_id);
CREATE INDEX care_relationships_patient_id_idx ON care_relationships (patient_id);

CREATE TABLE break_glass_accesses (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    clinician_id uuid NOT NULL REFERENCES users,
    patient_id uuid NOT NULL REFERENCES patients,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    told_at timestamptz,
    reviewed_at timestamptz,
    reviewed_by uuid,
    review text,
    CONSTRAINT break_glass_accesses_reviewed_by_somebody
        CHECK ((reviewed_at IS NULL) = (reviewed_by IS NULL)),
    CONSTRAINT break_glass_accesses_reason_given
        CHECK (char_length(btrim(reason)) BETWEEN 10 AND 500)
);
CREATE INDEX break_glass_accesses_of_clinician ON break_glass_accesses
    (clinician_id, patient_id);
CREATE INDEX break_glass_accesses_patient_id_idx ON break_glass_accesses (patient_id);
