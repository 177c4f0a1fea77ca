"""Programs send files in parts, which wait here until they are whole and filed."""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0024"
down_revision = "0023"

_TABLES: Final = """
CREATE TABLE uploads (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    length bigint NOT NULL,
    received bigint NOT NULL DEFAULT 0,
    metadata text NOT NULL DEFAULT '',
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    CONSTRAINT uploads_length_range CHECK (length BETWEEN 0 AND 52428800),
    CONSTRAINT uploads_received_within_length CHECK (received BETWEEN 0 AND length),
    CONSTRAINT uploads_metadata_length CHECK (char_length(metadata) <= 4096)
);
CREATE INDEX uploads_of_person ON uploads (created_by);
CREATE INDEX uploads_to_expire ON uploads (expires_at);
CREATE TABLE upload_parts (
    upload_id uuid NOT NULL REFERENCES uploads ON DELETE CASCADE,
    first_byte bigint NOT NULL,
    size integer NOT NULL,
    file_id text NOT NULL,
    PRIMARY KEY (upload_id, first_byte),
    CONSTRAINT upload_parts_size_positive CHECK (size > 0)
);
"""
_OF_ONESELF: Final = "created_by = acting_user()"
# Whoever sees an upload sees its parts; they go with it.
_WITH_UPLOAD: Final = "EXISTS (SELECT FROM uploads WHERE uploads.id = upload_id)"
_RULES: Final[Rules] = {
    "uploads": (
        (
            "patient staff clinician",
            "SELECT, INSERT (length, metadata, created_by), UPDATE (received), DELETE",
            _OF_ONESELF,
        ),
        ("system", ALL, "true"),
    ),
    "upload_parts": (
        ("patient staff clinician", "SELECT, INSERT", _WITH_UPLOAD),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLES)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("What is being sent would be lost.")
