-- Criteria of lists, kept behind opaque keys; views and exports of them.

CREATE TABLE stored_criteria (
    key text PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    subject text NOT NULL,
    criteria jsonb NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE saved_views (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    owner_id uuid NOT NULL REFERENCES users,
    subject text NOT NULL,
    name text NOT NULL,
    criteria_key text NOT NULL REFERENCES stored_criteria,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT saved_views_name CHECK (char_length(name) BETWEEN 1 AND 60)
);
CREATE INDEX saved_views_criteria_key_idx ON saved_views (criteria_key);
CREATE UNIQUE INDEX saved_views_name_once ON saved_views
    (owner_id, subject, lower(name));

CREATE TABLE export_grants (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users,
    criteria_key text REFERENCES stored_criteria,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT export_grants_reason_given
        CHECK (char_length(btrim(reason)) BETWEEN 10 AND 500)
);
CREATE INDEX export_grants_user_id_idx ON export_grants (user_id);
