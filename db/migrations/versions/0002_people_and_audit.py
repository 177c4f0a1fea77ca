"""People and audit: sign-in, tokens with scopes, care and break-glass, the outbox.

Only adds, so the previous version runs on: it signs in as the schema's owner and knows
none of this. Names of users need not be unique any more; it never relied on that.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "position", sa.BigInteger(), sa.Identity(always=True), nullable=False
        ),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column(
            "outcome", sa.Text(), server_default=sa.text("'done'"), nullable=False
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "outcome IN ('done', 'refused', 'failed')",
            name="audit_events_outcome_known",
        ),
        sa.CheckConstraint(
            "octet_length(details::text) + octet_length(coalesce(reason, '')) "
            "<= 262144",
            name="audit_events_size",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_events_pkey")),
    )
    op.create_index("audit_events_in_order", "audit_events", ["position"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("id = 1", name="audit_head_single"),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_head_pkey")),
    )
    # The chain begins before its first entry, with a hash of nothing but zeros.
    op.execute(
        "INSERT INTO audit_head (sequence, hash) "
        "VALUES (0, decode(repeat('00', 32), 'hex'))"
    )
    op.create_table(
        "audit_seals",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column(
            "sealed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_seals_pkey")),
    )
    op.create_table(
        "break_glass_accesses",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(reviewed_at IS NULL) = (reviewed_by IS NULL)",
            name="break_glass_accesses_reviewed_by_somebody",
        ),
        sa.CheckConstraint(
            "char_length(btrim(reason)) BETWEEN 10 AND 500",
            name="break_glass_accesses_reason_given",
        ),
        sa.ForeignKeyConstraint(
            ["clinician_id"],
            ["users.id"],
            name=op.f("break_glass_accesses_clinician_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patients.id"],
            name=op.f("break_glass_accesses_patient_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("break_glass_accesses_pkey")),
    )
    op.create_index(
        "break_glass_accesses_of_clinician",
        "break_glass_accesses",
        ["clinician_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("break_glass_accesses_patient_id_idx"),
        "break_glass_accesses",
        ["patient_id"],
        unique=False,
    )
    op.create_table(
        "care_relationships",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("clinician_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinician_id"],
            ["users.id"],
            name=op.f("care_relationships_clinician_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"],
            ["patients.id"],
            name=op.f("care_relationships_patient_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("care_relationships_pkey")),
    )
    op.create_index(
        "care_relationships_of_clinician",
        "care_relationships",
        ["clinician_id", "patient_id"],
        unique=False,
    )
    op.create_index(
        op.f("care_relationships_patient_id_idx"),
        "care_relationships",
        ["patient_id"],
        unique=False,
    )
    op.create_table(
        "ceremonies",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("ceremonies_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("ceremonies_pkey")),
    )
    op.create_index(
        op.f("ceremonies_browser_hash_idx"),
        "ceremonies",
        ["browser_hash"],
        unique=False,
    )
    op.create_index(
        op.f("ceremonies_user_id_idx"), "ceremonies", ["user_id"], unique=False
    )
    op.create_table(
        "export_grants",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("criteria_key", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "char_length(btrim(reason)) BETWEEN 10 AND 500",
            name="export_grants_reason_given",
        ),
        sa.ForeignKeyConstraint(
            ["criteria_key"],
            ["stored_criteria.key"],
            name=op.f("export_grants_criteria_key_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("export_grants_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("export_grants_pkey")),
    )
    op.create_index(
        op.f("export_grants_user_id_idx"), "export_grants", ["user_id"], unique=False
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("invitations_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("invitations_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("invitations_token_hash_key")),
    )
    op.create_index(
        op.f("invitations_user_id_idx"), "invitations", ["user_id"], unique=False
    )
    op.create_table(
        "login_codes",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("login_codes_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("login_codes_pkey")),
    )
    op.create_index(
        op.f("login_codes_browser_hash_idx"),
        "login_codes",
        ["browser_hash"],
        unique=False,
    )
    op.create_index(
        op.f("login_codes_user_id_idx"), "login_codes", ["user_id"], unique=False
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column(
            "transports",
            postgresql.ARRAY(sa.TEXT()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("passkeys_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("passkeys_pkey")),
        sa.UniqueConstraint("credential_id", name=op.f("passkeys_credential_id_key")),
    )
    op.create_index(op.f("passkeys_user_id_idx"), "passkeys", ["user_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("browser", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("sessions_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("sessions_token_hash_key")),
    )
    op.create_index(op.f("sessions_user_id_idx"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "user_identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "decides_role",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("user_identities_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("user_identities_pkey")),
    )
    op.create_index(
        op.f("user_identities_user_id_idx"),
        "user_identities",
        ["user_id"],
        unique=False,
    )
    op.add_column(
        "api_tokens",
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column(
        "api_tokens", sa.Column("scopes", postgresql.ARRAY(sa.TEXT()), nullable=True)
    )
    op.add_column("api_tokens", sa.Column("issued_by", sa.Uuid(), nullable=True))
    op.add_column(
        "api_tokens",
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column("users", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("phone_number", sa.Text(), nullable=True))
    op.drop_constraint(op.f("users_name_key"), "users", type_="unique")
    op.create_index(
        "users_email_once", "users", [sa.literal_column("lower(email)")], unique=True
    )
    for name, condition in (
        ("users_email_length", "char_length(email) <= 254"),
        ("users_email_valid", "email ~ '^[^@[:space:]]+@[^@[:space:]]+$'"),
        ("users_phone_number_valid", r"phone_number ~ '^\+?[0-9]{10,15}$'"),
    ):
        op.create_check_constraint(name, "users", condition)
    initials = 'upper("left"(first_name, 1) || "left"(last_name, 1))'
    birth_year = "EXTRACT(year FROM date_of_birth)::integer"
    for column in (
        sa.Column(
            "initials",
            sa.Text(),
            sa.Computed(initials, persisted=False),
            nullable=False,
        ),
        sa.Column(
            "birth_year",
            sa.Integer(),
            sa.Computed(birth_year, persisted=False),
            nullable=False,
        ),
    ):
        op.add_column("patients", column)
    op.create_index(
        "patients_by_birth_year",
        "patients",
        [sa.text(f"({birth_year})"), "id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    raise NotImplementedError("A signed-in clinic does not go back to the open demo.")
