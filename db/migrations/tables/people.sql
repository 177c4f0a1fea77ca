-- Who may sign in, and how: users, tokens, sessions, codes, passkeys, invitations.

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL,
    role text NOT NULL,
    patient_id uuid REFERENCES patients,
    is_demo boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    deactivated_at timestamptz,
    email text,
    phone_number text,
    CONSTRAINT users_patients_have_a_record
        CHECK ((role = 'patient') = (patient_id IS NOT NULL)),
    CONSTRAINT users_role_known
        CHECK (role IN ('patient', 'staff', 'clinician', 'analyst', 'admin')),
    CONSTRAINT users_email_length CHECK (char_length(email) <= 254),
    CONSTRAINT users_email_valid CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT users_phone_number_valid CHECK (phone_number ~ '^\+?[0-9]{10,15}$')
);
CREATE INDEX users_patient_id_idx ON users (patient_id);
CREATE UNIQUE INDEX users_email_once ON users (lower(email));

CREATE TABLE api_tokens (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    name text NOT NULL DEFAULT '',
    scopes text[],
    issued_by uuid,
    last_used_at timestamptz
);
CREATE INDEX api_tokens_user_id_idx ON api_tokens (user_id);

CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users,
    token_hash bytea NOT NULL UNIQUE,
    method text NOT NULL,
    network text,
    browser text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    ended_at timestamptz,
    ended_by uuid
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE TABLE login_codes (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid REFERENCES users,
    browser_hash bytea NOT NULL,
    salt bytea NOT NULL,
    code_hash bytea NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX login_codes_browser_hash_idx ON login_codes (browser_hash);
CREATE INDEX login_codes_user_id_idx ON login_codes (user_id);

CREATE TABLE ceremonies (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    purpose text NOT NULL,
    browser_hash bytea NOT NULL,
    user_id uuid REFERENCES users,
    secret bytea NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX ceremonies_browser_hash_idx ON ceremonies (browser_hash);
CREATE INDEX ceremonies_user_id_idx ON ceremonies (user_id);

CREATE TABLE passkeys (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users,
    credential_id bytea NOT NULL UNIQUE,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] NOT NULL DEFAULT '{}',
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
CREATE INDEX passkeys_user_id_idx ON passkeys (user_id);

CREATE TABLE user_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    decides_role boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX user_identities_user_id_idx ON user_identities (user_id);

CREATE TABLE invitations (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users,
    token_hash bytea NOT NULL UNIQUE,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX invitations_user_id_idx ON invitations (user_id);
