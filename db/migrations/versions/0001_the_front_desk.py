"""The front desk: patients, doctors, people, tokens, criteria, and the job queue."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# unaccent() is only STABLE because its dictionary could be exchanged; Chartroom never
# does that, so columns computed from it stay true and may be indexed. The collation
# makes lower() the same on every server: in Turkish the small form of I is another.
FOLD = """
CREATE FUNCTION fold(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(unaccent('unaccent'::regdictionary, $1) COLLATE pg_c_utf8)
"""

# The order keeps two writers of the same new terms from waiting for each other.
COLLECT_TERMS = """
CREATE FUNCTION collect_clinical_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO clinical_terms (kind, term)
    SELECT DISTINCT kind, term FROM (
        SELECT 'allergies' AS kind, unnest(allergies) AS term FROM changed
        UNION ALL
        SELECT 'medical_history', unnest(medical_history) FROM changed
        UNION ALL
        SELECT 'current_medications', unnest(current_medications) FROM changed
    ) AS mentioned
    WHERE NOT EXISTS (
        SELECT FROM clinical_terms AS known
        WHERE known.kind = mentioned.kind AND known.term = mentioned.term
    )
    ORDER BY kind, term
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    for extension in ("unaccent", "pg_trgm", "btree_gin"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.execute(FOLD)
    op.create_table(
        "clinical_terms",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column(
            "term_key",
            sa.Text(collation="C"),
            sa.Computed("fold(term)", persisted=True),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('allergies', 'medical_history', 'current_medications')",
            name="clinical_terms_kind_known",
        ),
        sa.CheckConstraint(
            "char_length(btrim(term)) BETWEEN 1 AND 200", name="clinical_terms_length"
        ),
        sa.PrimaryKeyConstraint("kind", "term", name=op.f("clinical_terms_pkey")),
    )
    op.create_index(
        "clinical_terms_by_key",
        "clinical_terms",
        ["term_key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"term_key": "gin_trgm_ops"},
    )
    op.create_table(
        "doctors",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("speciality", sa.String(length=100), nullable=False),
        sa.Column("sex", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True),
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
        sa.CheckConstraint("btrim(name) <> ''", name="doctors_name_given"),
        sa.PrimaryKeyConstraint("id", name=op.f("doctors_pkey")),
        sa.UniqueConstraint("source", "source_id", name="doctors_source_once"),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=False),
        sa.Column("sex", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone_number", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("emergency_contact", sa.Text(), nullable=True),
        sa.Column(
            "allergies",
            postgresql.ARRAY(sa.TEXT()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "no_known_allergies",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column(
            "medical_history",
            postgresql.ARRAY(sa.TEXT()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "current_medications",
            postgresql.ARRAY(sa.TEXT()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("photo_file_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("source_version", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
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
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column(
            "first_name_key",
            sa.Text(collation="C"),
            sa.Computed("fold(first_name)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "last_name_key",
            sa.Text(collation="C"),
            sa.Computed("fold(last_name)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "name_key",
            sa.Text(collation="C"),
            sa.Computed("fold(first_name || ' ' || last_name)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "email_key",
            sa.Text(collation="C"),
            sa.Computed("lower(email)", persisted=True),
            nullable=True,
        ),
        sa.Column(
            "phone_key",
            sa.Text(collation="C"),
            sa.Computed("ltrim(phone_number, '+')", persisted=True),
            nullable=True,
        ),
        sa.CheckConstraint("btrim(first_name) <> ''", name="patients_first_name_given"),
        sa.CheckConstraint("btrim(last_name) <> ''", name="patients_last_name_given"),
        sa.CheckConstraint(
            "char_length(first_name) <= 50", name="patients_first_name_length"
        ),
        sa.CheckConstraint(
            "char_length(last_name) <= 50", name="patients_last_name_length"
        ),
        sa.CheckConstraint("char_length(email) <= 254", name="patients_email_length"),
        sa.CheckConstraint(
            "char_length(address) <= 100", name="patients_address_length"
        ),
        sa.CheckConstraint(
            "char_length(emergency_contact) <= 50",
            name="patients_emergency_contact_length",
        ),
        sa.CheckConstraint(
            "cardinality(allergies) <= 100", name="patients_allergies_length"
        ),
        sa.CheckConstraint(
            "cardinality(medical_history) <= 100",
            name="patients_medical_history_length",
        ),
        sa.CheckConstraint(
            "cardinality(current_medications) <= 100",
            name="patients_current_medications_length",
        ),
        sa.CheckConstraint(
            "date_of_birth >= DATE '1900-01-01' AND date_of_birth <= current_date + 1",
            name="patients_date_of_birth_plausible",
        ),
        sa.CheckConstraint(
            "email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="patients_email_valid"
        ),
        sa.CheckConstraint(
            "phone_number ~ '^\\+?[0-9]{10,15}$'", name="patients_phone_number_valid"
        ),
        sa.CheckConstraint(
            "sex IN ('female', 'male', 'other', 'unknown')", name="patients_sex_known"
        ),
        sa.CheckConstraint(
            "NOT no_known_allergies OR cardinality(allergies) = 0",
            name="patients_no_known_allergies_consistent",
        ),
        sa.CheckConstraint(
            "merged_into_id <> id", name="patients_not_merged_into_self"
        ),
        sa.CheckConstraint(
            "merged_into_id IS NULL OR deleted_at IS NOT NULL",
            name="patients_merged_are_archived",
        ),
        sa.CheckConstraint("version > 0", name="patients_version_positive"),
        sa.ForeignKeyConstraint(
            ["merged_into_id"],
            ["patients.id"],
            name=op.f("patients_merged_into_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("patients_pkey")),
        sa.UniqueConstraint("source", "source_id", name="patients_source_once"),
    )
    op.create_index(
        "patients_archived",
        "patients",
        ["deleted_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "patients_archived_by_birth",
        "patients",
        ["date_of_birth"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL AND merged_into_id IS NULL"),
    )
    op.create_index(
        "patients_with_photo",
        "patients",
        ["photo_file_id"],
        unique=False,
        postgresql_where=sa.text("photo_file_id IS NOT NULL"),
    )
    op.create_index(
        "patients_by_allergy",
        "patients",
        ["allergies"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "patients_by_birth",
        "patients",
        ["date_of_birth", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "patients_by_change",
        "patients",
        ["updated_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "patients_by_creation",
        "patients",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("patients_by_email", "patients", ["email_key"], unique=False)
    op.create_index(
        "patients_by_history",
        "patients",
        ["medical_history"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "patients_by_medication",
        "patients",
        ["current_medications"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "patients_by_name",
        "patients",
        ["last_name_key", "first_name_key", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "patients_by_name_parts",
        "patients",
        ["name_key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name_key": "gin_trgm_ops"},
    )
    op.create_index("patients_by_phone", "patients", ["phone_key"], unique=False)
    op.create_table(
        "stored_criteria",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "used_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("stored_criteria_pkey")),
        sa.UniqueConstraint("digest", name=op.f("stored_criteria_digest_key")),
    )
    op.create_table(
        "write_receipts",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("write_receipts_pkey")),
    )
    op.create_index(
        op.f("write_receipts_created_at_idx"),
        "write_receipts",
        ["created_at"],
        unique=False,
    )
    op.create_table(
        "patient_merges",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=False),
        sa.Column(
            "merged_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["kept_id"], ["patients.id"], name=op.f("patient_merges_kept_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["patients.id"], name=op.f("patient_merges_merged_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("patient_merges_pkey")),
    )
    op.create_index(
        op.f("patient_merges_kept_id_idx"), "patient_merges", ["kept_id"], unique=False
    )
    op.create_index(
        op.f("patient_merges_merged_id_idx"),
        "patient_merges",
        ["merged_id"],
        unique=False,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column(
            "is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role = 'patient') = (patient_id IS NOT NULL)",
            name="users_patients_have_a_record",
        ),
        sa.CheckConstraint(
            "role IN ('patient', 'staff', 'clinician', 'analyst', 'admin')",
            name="users_role_known",
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("users_patient_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("name", name=op.f("users_name_key")),
    )
    op.create_index(op.f("users_patient_id_idx"), "users", ["patient_id"], unique=False)
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("api_tokens_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("api_tokens_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("api_tokens_token_hash_key")),
    )
    op.create_index(
        op.f("api_tokens_user_id_idx"), "api_tokens", ["user_id"], unique=False
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("criteria_key", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 60", name="saved_views_name"
        ),
        sa.ForeignKeyConstraint(
            ["criteria_key"],
            ["stored_criteria.key"],
            name=op.f("saved_views_criteria_key_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("saved_views_owner_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("saved_views_pkey")),
    )
    op.create_index(
        op.f("saved_views_criteria_key_idx"),
        "saved_views",
        ["criteria_key"],
        unique=False,
    )
    op.create_index(
        "saved_views_name_once",
        "saved_views",
        ["owner_id", "subject", sa.literal_column("lower(name)")],
        unique=True,
    )
    op.execute(COLLECT_TERMS)
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER patients_terms_on_{event.lower()} AFTER {event} "
            "ON patients REFERENCING NEW TABLE AS changed "
            "FOR EACH STATEMENT EXECUTE FUNCTION collect_clinical_terms()"
        )
    # The driver reads "%" as a placeholder.
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def downgrade() -> None:
    raise NotImplementedError("There is nothing before the first migration.")
