"""Documents: rows, versions, links, retention; and whose they are.

Only adds, so the previous version runs on.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.rules import ALL, Rules, statements

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OPEN: Final = "= ANY ((SELECT open_patients())::uuid[])"
_REACHED: Final = (
    f"patient_id {_OPEN} OR (patient_id IS NULL AND created_by = acting_user())"
)
_FILED_BY_CLINICIAN: Final = (
    f"created_by = acting_user() AND (patient_id IS NULL OR patient_id {_OPEN})"
)
# Patients find what they filed among the deleted, too: they may restore it.
_OF_PATIENT: Final = (
    "patient_id = acting_patient() AND purged_at IS NULL "
    "AND (deleted_at IS NULL OR created_by = acting_user())"
)
_FILED_BY_PATIENT: Final = (
    "patient_id = acting_patient() AND created_by = acting_user()"
)
# Whoever sees a document sees what belongs to it: the rules of the one decide for both.
_WITH_DOCUMENT: Final = (
    "EXISTS (SELECT FROM documents WHERE documents.id = document_id)"
)
_WITH_VERSION: Final = (
    "EXISTS (SELECT FROM document_versions WHERE document_versions.id = version_id)"
)
_NOT_IN_QUARANTINE: Final = "(scan IN ('off', 'clean') OR author_id = acting_user())"
_INTO_OWN_DOCUMENT: Final = (
    "author_id = acting_user() AND EXISTS (SELECT FROM documents "
    "WHERE documents.id = document_id AND created_by = acting_user())"
)
_INTO_OWN_VERSION: Final = (
    "EXISTS (SELECT FROM document_versions "
    "WHERE document_versions.id = version_id AND author_id = acting_user())"
)
_LINKED_BY_ONESELF: Final = (
    "created_by = acting_user() AND expires_at <= now() + interval '7 days'"
)
_LINKED: Final = (
    "scan IN ('off', 'clean') AND id IN (SELECT version_id FROM document_shares "
    "WHERE revoked_at IS NULL AND expires_at > now())"
)
# When, in which state and held by whom is not for whoever files a document to say.
_FACTS: Final = (
    "id, patient_id, title, document_type, classification, description, metadata, "
    "created_by, created_by_name"
)
_FILE: Final = (
    "id, document_id, number, file_id, filename, filesize, sha256, pages, findings, "
    "origin, template, form, scan, reading, author_id, author_name"
)
_CHANGED: Final = (
    "patient_id, title, document_type, classification, description, metadata, latest, "
    "revision, updated_at, deleted_at, deleted_by"
)
_BY_PATIENT: Final = (
    "title, description, latest, revision, updated_at, deleted_at, deleted_by"
)
_HOLD: Final = "held_at, held_by, held_because"
# What an administrator sees of documents: how long they are kept, not what they are.
_BARE: Final = (
    "id, document_type, classification, latest, revision, created_at, updated_at, "
    "deleted_at, held_at, held_by, held_because, purged_at"
)
_BARE_VERSION: Final = (
    "id, document_id, number, file_id, filesize, scan, reading, created_at, "
    "checked_at, damaged_at"
)

_RULES: Final[Rules] = {
    "documents": (
        ("patient", "SELECT", _OF_PATIENT),
        # How long it is kept is not for them to say, either.
        (
            "patient",
            f"INSERT ({_FACTS})",
            f"{_FILED_BY_PATIENT} AND classification = 'clinical'",
        ),
        ("patient", f"UPDATE ({_BY_PATIENT})", _FILED_BY_PATIENT),
        ("staff", f"SELECT, INSERT ({_FACTS}), UPDATE ({_CHANGED}, {_HOLD})", "true"),
        ("clinician", f"SELECT, UPDATE ({_CHANGED}, {_HOLD})", _REACHED),
        ("clinician", f"INSERT ({_FACTS})", _FILED_BY_CLINICIAN),
        ("admin", f"SELECT ({_BARE}), UPDATE ({_HOLD}, revision)", "true"),
        (
            "door",
            "SELECT (id, patient_id, deleted_at, purged_at)",
            "deleted_at IS NULL AND id IN (SELECT document_id FROM document_versions)",
        ),
        ("system", ALL, "true"),
    ),
    # A version is never changed; what was found out about it later is.
    "document_versions": (
        (
            "patient",
            "SELECT",
            f"{_NOT_IN_QUARANTINE} AND {_WITH_DOCUMENT}",
        ),
        ("patient", f"INSERT ({_FILE})", _INTO_OWN_DOCUMENT),
        ("staff", f"SELECT, INSERT ({_FILE})", "true"),
        ("clinician", "SELECT", _WITH_DOCUMENT),
        (
            "clinician",
            f"INSERT ({_FILE})",
            f"author_id = acting_user() AND {_WITH_DOCUMENT}",
        ),
        ("admin", f"SELECT ({_BARE_VERSION})", "true"),
        ("door", "SELECT", _LINKED),
        ("system", ALL, "true"),
    ),
    "document_texts": (
        ("patient clinician", "SELECT", _WITH_VERSION),
        ("patient clinician", "INSERT", _INTO_OWN_VERSION),
        ("staff", "SELECT, INSERT", "true"),
        ("system", ALL, "true"),
    ),
    "document_shares": (
        ("patient", "SELECT, UPDATE (revoked_at)", "created_by = acting_user()"),
        ("staff", "SELECT, UPDATE (revoked_at)", "true"),
        ("clinician", "SELECT, UPDATE (revoked_at)", _WITH_VERSION),
        (
            "patient staff clinician",
            "INSERT",
            f"{_LINKED_BY_ONESELF} AND {_WITH_VERSION}",
        ),
        ("door", "SELECT, UPDATE (opened, last_opened_at)", "true"),
        ("system", ALL, "true"),
    ),
    "retention_rules": (
        ("patient staff clinician", "SELECT", "true"),
        (
            "admin",
            "SELECT, UPDATE (keep_days, restore_days, updated_by, updated_at)",
            "true",
        ),
        ("system", ALL, "true"),
    ),
}
# See migration 0003: who may see every row reads past the rules, and the planner may
# look at its statistics. A migration that adds a column makes the view anew.
_SHORT_CUT: Final = tuple(
    statement
    for table, rights in (
        ("documents", f"SELECT, INSERT ({_FACTS}), UPDATE ({_CHANGED}, {_HOLD})"),
        ("document_versions", f"SELECT, INSERT ({_FILE})"),
        ("document_texts", "SELECT, INSERT"),
    )
    for statement in (
        f"CREATE VIEW everyone.{table} AS SELECT * FROM public.{table}",  # nosec B608
        f"GRANT {rights} ON everyone.{table} TO chartroom_staff",
    )
)
# A check sees one row at one time, and not that it has just been deleted.
_HELD_STAY: Final = (
    """
CREATE FUNCTION refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A document on legal hold cannot be deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'documents_held_stay';
END
$$
""",
    """
CREATE TRIGGER documents_held_stay BEFORE UPDATE OF deleted_at ON documents
FOR EACH ROW
WHEN (NEW.held_at IS NOT NULL AND OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
EXECUTE FUNCTION refuse_deletion()
""",
    """
CREATE TRIGGER documents_held_are_never_dropped BEFORE DELETE ON documents
FOR EACH ROW WHEN (OLD.held_at IS NOT NULL) EXECUTE FUNCTION refuse_deletion()
""",
)
_KEPT: Final = """
INSERT INTO retention_rules (classification, keep_days)
VALUES ('clinical', 3653), ('administrative', 2192), ('temporary', 30)
"""


def upgrade() -> None:
    _create_tables()
    op.execute(_KEPT)
    for statement in (*_HELD_STAY, *statements(_RULES), *_SHORT_CUT):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Documents are not thrown away.")


def _create_tables() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("classification", sa.Text(), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=False),
        sa.Column(
            "restore_days", sa.Integer(), server_default=sa.text("30"), nullable=False
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "classification IN ('clinical', 'administrative', 'temporary')",
            name="retention_rules_classification_known",
        ),
        sa.CheckConstraint(
            "keep_days BETWEEN 1 AND 36525", name="retention_rules_keep_days_range"
        ),
        sa.CheckConstraint(
            "restore_days BETWEEN 1 AND 3650", name="retention_rules_restore_days_range"
        ),
        sa.PrimaryKeyConstraint("classification", name=op.f("retention_rules_pkey")),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "title_key",
            sa.Text(collation="C"),
            sa.Computed("fold(title)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "document_type",
            sa.Text(),
            server_default=sa.text("'other'"),
            nullable=False,
        ),
        sa.Column(
            "classification",
            sa.Text(),
            server_default=sa.text("'clinical'"),
            nullable=False,
        ),
        sa.Column(
            "description", sa.Text(), server_default=sa.text("''"), nullable=False
        ),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("latest", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "revision", sa.Integer(), server_default=sa.text("1"), nullable=False
        ),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.Uuid(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("held_because", sa.Text(), nullable=True),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("btrim(title) <> ''", name="documents_title_given"),
        sa.CheckConstraint(
            "classification IN ('clinical', 'administrative', 'temporary')",
            name="documents_classification_known",
        ),
        sa.CheckConstraint(
            "jsonb_typeof(metadata) = 'object' "
            "AND octet_length(metadata::text) <= 16384",
            name="documents_metadata_size",
        ),
        sa.CheckConstraint(
            "(deleted_at IS NULL) = (deleted_by IS NULL)",
            name="documents_deleted_by_somebody",
        ),
        sa.CheckConstraint(
            "char_length(description) <= 2000", name="documents_description_length"
        ),
        sa.CheckConstraint("char_length(title) <= 200", name="documents_title_length"),
        sa.CheckConstraint("latest > 0", name="documents_latest_positive"),
        sa.CheckConstraint(
            "num_nonnulls(held_at, held_by, held_because) IN (0, 3)",
            name="documents_held_for_a_reason",
        ),
        sa.CheckConstraint(
            "purged_at IS NULL OR (deleted_at IS NOT NULL AND held_at IS NULL)",
            name="documents_purged_were_deleted",
        ),
        sa.CheckConstraint("revision > 0", name="documents_revision_positive"),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("documents_patient_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("documents_pkey")),
    )
    op.create_index(
        "documents_by_class",
        "documents",
        ["classification", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "documents_deleted",
        "documents",
        ["deleted_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL AND purged_at IS NULL"),
    )
    op.create_index(
        "documents_newest",
        "documents",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "documents_of_author",
        "documents",
        ["created_by", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "documents_of_patient",
        "documents",
        ["patient_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        op.f("documents_patient_id_idx"), "documents", ["patient_id"], unique=False
    )
    op.create_table(
        "document_versions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("filesize", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column(
            "findings",
            postgresql.ARRAY(sa.TEXT()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("form", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("scan", sa.Text(), server_default=sa.text("'off'"), nullable=False),
        sa.Column(
            "reading", sa.Text(), server_default=sa.text("'embedded'"), nullable=False
        ),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("damaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "origin IN ('upload', 'form', 'restored')",
            name="document_versions_origin_known",
        ),
        sa.CheckConstraint(
            "reading IN ('waiting', 'embedded', 'recognised', 'none')",
            name="document_versions_reading_known",
        ),
        sa.CheckConstraint(
            "scan IN ('off', 'waiting', 'clean', 'infected')",
            name="document_versions_scan_known",
        ),
        sa.CheckConstraint(
            "char_length(filename) BETWEEN 1 AND 255",
            name="document_versions_filename_length",
        ),
        sa.CheckConstraint("filesize > 0", name="document_versions_filesize_positive"),
        sa.CheckConstraint(
            "length(sha256) = 32", name="document_versions_sha256_length"
        ),
        sa.CheckConstraint("number > 0", name="document_versions_number_positive"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("document_versions_document_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("document_versions_pkey")),
        sa.UniqueConstraint(
            "document_id", "number", name="document_versions_number_once"
        ),
    )
    # Whatever a transaction does, at its end no document is without its latest version.
    op.create_foreign_key(
        "documents_latest_there",
        "documents",
        "document_versions",
        ["id", "latest"],
        ["document_id", "number"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.create_index(
        "document_versions_by_content", "document_versions", ["sha256"], unique=False
    )
    op.create_index(
        "document_versions_by_file", "document_versions", ["file_id"], unique=False
    )
    op.create_index(
        "document_versions_to_check",
        "document_versions",
        [sa.literal_column("checked_at NULLS FIRST")],
        unique=False,
        postgresql_where=sa.text("file_id IS NOT NULL"),
    )
    op.create_index(
        "document_versions_to_read",
        "document_versions",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("reading = 'waiting'"),
    )
    op.create_index(
        "document_versions_to_scan",
        "document_versions",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("scan = 'waiting'"),
    )
    op.create_table(
        "document_shares",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "expires_at > created_at AND expires_at <= created_at + interval '7 days'",
            name="document_shares_expire",
        ),
        sa.CheckConstraint(
            "length(token_hash) = 32", name="document_shares_token_hash_length"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_versions.id"],
            name=op.f("document_shares_version_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("document_shares_pkey")),
        sa.UniqueConstraint("token_hash", name="document_shares_token_once"),
    )
    op.create_index(
        "document_shares_of_version", "document_shares", ["version_id"], unique=False
    )
    op.create_table(
        "document_texts",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column(
            "pages",
            postgresql.ARRAY(sa.TEXT()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["document_versions.id"],
            name=op.f("document_texts_version_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("document_texts_pkey")),
    )
