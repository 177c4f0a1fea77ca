"""Other systems ask for tokens of their own, with a signature (SMART backend services).

The version before knows no such scopes: a token of a connected system opens nothing
there.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0051"
down_revision = "0050"

_TABLES: Final = """
CREATE TABLE connected_systems (
    id uuid PRIMARY KEY REFERENCES users (id),
    jwks_url text,
    jwks jsonb,
    resource_types text[] NOT NULL,
    registered_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    token_issued_at timestamptz,
    called_at timestamptz,
    refused_at timestamptz,
    refusal text,
    CONSTRAINT connected_systems_have_keys CHECK (num_nonnulls(jwks_url, jwks) = 1),
    CONSTRAINT connected_systems_jwks_url_length CHECK (char_length(jwks_url) <= 500),
    CONSTRAINT connected_systems_refusal_length CHECK (char_length(refusal) <= 200),
    CONSTRAINT connected_systems_read_something CHECK (
        cardinality(resource_types) BETWEEN 1 AND 50
    )
);
CREATE TABLE client_assertions (
    system_id uuid NOT NULL REFERENCES connected_systems (id),
    jti_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (system_id, jti_hash)
);
CREATE INDEX client_assertions_expires_at_idx ON client_assertions (expires_at);
"""
_SHORT: Final = (
    "expires_at <= now() + interval '6 minutes' AND EXISTS ("
    "SELECT FROM connected_systems WHERE connected_systems.id = user_id)"
)
_SEEN: Final = "token_issued_at, called_at, refused_at, refusal"
_RULES: Final[Rules] = {
    "connected_systems": (
        ("admin", "SELECT, INSERT, UPDATE (jwks_url, jwks, resource_types)", "true"),
        ("door", f"SELECT, UPDATE ({_SEEN})", "true"),
        ("system", ALL, "true"),
    ),
    # Written before anybody is known by it, and never changed.
    "client_assertions": (
        ("door", "INSERT", "true"),
        ("system", "SELECT, DELETE", "true"),
    ),
    # Before anybody is signed in, only connected systems get tokens, and short ones.
    "api_tokens": (("door", "INSERT", _SHORT),),
}


def upgrade() -> None:
    run(_TABLES)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("Connected systems would be lost.")
