"""The database gives apps and systems what they were let have, once for each consent.

And what apps have ends with the account and the record of their patient, and with
their sign-ins. Administrators and owners end exports, and make none last longer.

The version before does all of that as these rules have it, except to end what it did
not end; its own note of which token a code was given for finds it noted.
"""

from typing import Final

from db.migrations import load_functions, run
from db.migrations.rules import Rules, statements

revision = "0057"
down_revision = "0056"

# As SMART writes the scopes of these types, in one context.
_OFFERED: Final = """ARRAY(
    SELECT '{context}/' || resource_type || '.' || letters
    FROM unnest({types}) AS resource_type, unnest(ARRAY['r', 's', 'rs']) AS letters
)"""
_OF_SYSTEMS: Final = _OFFERED.format(context="system", types="system.resource_types")
_OF_APPS: Final = _OFFERED.format(context="patient", types="app.resource_types")
_POLICIES: Final = f"""
ALTER POLICY door_insert ON api_tokens WITH CHECK (
    cardinality(scopes) > 0 AND (
        app_id IS NULL AND expires_at <= now() + interval '6 minutes' AND EXISTS (
            SELECT FROM connected_systems AS system
            WHERE system.id = api_tokens.user_id
                AND api_tokens.scopes <@ {_OF_SYSTEMS}
        )
        OR expires_at <= now() + interval '1 hour' AND EXISTS (
            SELECT FROM authorization_codes AS code
            WHERE code.app_id = api_tokens.app_id AND code.user_id = api_tokens.user_id
                AND code.used_at = now() AND code.expires_at > now()
                AND code.token_id IS NULL AND api_tokens.scopes <@ code.scopes
        )
    )
);
ALTER POLICY patient_insert ON authorization_codes WITH CHECK (
    user_id = acting_user() AND used_at IS NULL AND token_id IS NULL
    AND expires_at <= now() + interval '60 seconds' AND EXISTS (
        SELECT FROM patient_apps AS app
        WHERE app.id = authorization_codes.app_id AND app.removed_at IS NULL
            AND authorization_codes.redirect_uri = ANY (app.redirect_uris)
            AND authorization_codes.scopes <@ ({_OF_APPS} || 'launch/patient'::text)
    )
);
-- Used up is used up: what another transaction has used is not touched again.
ALTER POLICY door_update ON authorization_codes
    USING (used_at IS NULL OR used_at = now() AND token_id IS NULL)
    WITH CHECK (used_at = now());
ALTER POLICY admin_update ON bulk_exports WITH CHECK (expires_at <= now());
"""
_RULES: Final[Rules] = {
    "authorization_codes": (
        ("patient", "SELECT (code_hash, user_id, used_at)", "user_id = acting_user()"),
        ("admin", "SELECT (code_hash, user_id, used_at)", "true"),
    ),
}
_ENDING: Final = """
GRANT UPDATE (used_at) ON authorization_codes
    TO chartroom_patient, chartroom_admin, chartroom_system;
CREATE POLICY patient_update ON authorization_codes FOR UPDATE TO chartroom_patient
    USING (user_id = acting_user() AND used_at IS NULL)
    WITH CHECK (user_id = acting_user() AND used_at = now());
CREATE POLICY admin_update ON authorization_codes FOR UPDATE TO chartroom_admin
    USING (used_at IS NULL) WITH CHECK (used_at = now());
CREATE POLICY system_update ON authorization_codes FOR UPDATE TO chartroom_system
    USING (used_at IS NULL) WITH CHECK (used_at = now());
GRANT UPDATE (expires_at) ON bulk_exports
    TO chartroom_staff, chartroom_clinician, chartroom_analyst;
"""
_OWN: Final = """
CREATE POLICY {role}_update ON bulk_exports FOR UPDATE TO chartroom_{role}
    USING (owner_id = acting_user())
    WITH CHECK (owner_id = acting_user() AND expires_at <= now())
"""


def upgrade() -> None:
    load_functions("patient_apps")
    run(_POLICIES)
    run(*statements(_RULES))
    run(_ENDING)
    for role in ("staff", "clinician", "analyst"):
        run(_OWN.format(role=role))


def downgrade() -> None:
    raise NotImplementedError(
        "Tokens of apps would outlive what lets their patient in."
    )
