"""Patients let apps read their own record (SMART App Launch, authorization code).

The version before knows no such scopes: a token of an app opens nothing there.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0056"
down_revision = "0055"

_SHORT: Final = (
    "user_id = acting_user() AND used_at IS NULL "
    "AND expires_at <= now() + interval '60 seconds'"
)
_TABLES: Final = """
CREATE TABLE patient_apps (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL,
    redirect_uris text[] NOT NULL,
    resource_types text[] NOT NULL,
    registered_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    token_issued_at timestamptz,
    removed_at timestamptz,
    CONSTRAINT patient_apps_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT patient_apps_lead_somewhere CHECK (
        cardinality(redirect_uris) BETWEEN 1 AND 10
    ),
    CONSTRAINT patient_apps_read_something CHECK (
        cardinality(resource_types) BETWEEN 1 AND 50
    )
);
CREATE TABLE authorization_codes (
    code_hash bytea PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES patient_apps (id),
    user_id uuid NOT NULL REFERENCES users (id),
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    code_challenge text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    token_id uuid
);
CREATE INDEX authorization_codes_expires_at_idx ON authorization_codes (expires_at);
ALTER TABLE api_tokens ADD COLUMN app_id uuid REFERENCES patient_apps (id);
CREATE INDEX api_tokens_app_id_idx ON api_tokens (app_id) WHERE app_id IS NOT NULL;
"""
_RULES: Final[Rules] = {
    "patient_apps": (
        ("admin", "SELECT, INSERT, UPDATE (removed_at)", "true"),
        # To be told who asks, and whom they have let in.
        ("patient", "SELECT", "true"),
        ("door", "SELECT, UPDATE (token_issued_at)", "true"),
        ("system", ALL, "true"),
    ),
    "authorization_codes": (
        ("patient", "INSERT", _SHORT),
        ("door", "SELECT, UPDATE (used_at, token_id)", "true"),
        ("system", "SELECT, DELETE", "true"),
    ),
    # Those of programs that act for a patient are not theirs to see: a service made
    # them on the server itself.
    "api_tokens": (
        (
            "patient",
            "SELECT, UPDATE (revoked_at)",
            "user_id = acting_user() AND app_id IS NOT NULL",
        ),
    ),
}
# Before anybody is signed in, connected systems get tokens, and an app for a code that
# this very transaction has used up; short ones both.
_DOOR: Final = """
ALTER POLICY door_insert ON api_tokens WITH CHECK (
    app_id IS NULL AND expires_at <= now() + interval '6 minutes' AND EXISTS (
        SELECT FROM connected_systems WHERE connected_systems.id = user_id
    )
    OR expires_at <= now() + interval '1 hour' AND EXISTS (
        SELECT FROM authorization_codes AS code
        WHERE code.app_id = api_tokens.app_id AND code.user_id = api_tokens.user_id
            AND code.used_at = now() AND code.expires_at > now()
    )
);
"""


def upgrade() -> None:
    run(_TABLES)
    run(*statements(_RULES))
    run(_DOOR)


def downgrade() -> None:
    raise NotImplementedError("Patients' apps would be lost.")
