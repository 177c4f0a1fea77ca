-- The outbox of audit events, and the head and the seals of their chain.

CREATE TABLE audit_events (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    position bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    action text NOT NULL,
    outcome text NOT NULL DEFAULT 'done',
    actor_id uuid,
    actor_role text,
    session_id uuid,
    request_id text,
    network text,
    patient_id uuid,
    subject_kind text,
    subject_id text,
    reason text,
    details jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT audit_events_outcome_known
        CHECK (outcome IN ('done', 'refused', 'failed')),
    CONSTRAINT audit_events_size CHECK (
        octet_length(details::text) + octet_length(coalesce(reason, '')) <= 262144
    )
);
CREATE INDEX audit_events_in_order ON audit_events (position);

CREATE TABLE audit_head (
    id integer PRIMARY KEY DEFAULT 1,
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT audit_head_single CHECK (id = 1)
);
-- The chain begins before its first entry, with a hash of nothing but zeros.
INSERT INTO audit_head (sequence, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE TABLE audit_seals (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT now()
);
