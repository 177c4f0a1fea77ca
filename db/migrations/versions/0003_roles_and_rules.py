"""Roles and rules: whose rows the database itself shows to whom.

Rules bind every login but the owner's, so the previous version, which signs in as the
owner, runs on. Whatever is not said here is refused: a new table is closed to everybody
until its own migration opens it.
"""

from typing import Final

from alembic import op

from db.migrations.rules import ALL, Rules, statements

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What Acting tells the transaction; an unset name is null, which equals nothing.
# The lists are looked up once for a statement, however many rows it looks at. They are
# the owner's to read: a rule on a table cannot ask the same table under the same rule.
_FUNCTIONS: Final = (
    """
CREATE FUNCTION acting_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('chartroom.user_id', true), '')::uuid
""",
    """
CREATE FUNCTION acting_patient() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('chartroom.patient_id', true), '')::uuid
""",
    """
CREATE FUNCTION treated_patients() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(
        SELECT patient_id FROM care_relationships
        WHERE clinician_id = acting_user() AND ended_at IS NULL
    );
END
""",
    """
CREATE FUNCTION open_patients() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT treated_patients() || ARRAY(
        SELECT patient_id FROM break_glass_accesses
        WHERE clinician_id = acting_user() AND expires_at > now()
    );
END
""",
    # Only an index's owner may bring in what GIN has put off.
    """
CREATE FUNCTION settle_patients() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT gin_clean_pending_list(indexrelid::regclass)
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_am ON pg_am.oid = relam
    WHERE indrelid = 'patients'::regclass AND amname = 'gin';
END
""",
)
_TREATED: Final = "= ANY ((SELECT treated_patients())::uuid[])"
_OPEN: Final = "= ANY ((SELECT open_patients())::uuid[])"
_OWN: Final = "user_id = acting_user()"

_WITHOUT_NAMES: Final = (
    "id, initials, birth_year, sex, allergies, no_known_allergies, medical_history, "
    "current_medications, version, created_at, updated_at, deleted_at, merged_into_id"
)
# When and in which order is not for whoever writes an event to say.
_EVENT: Final = (
    "id, action, outcome, actor_id, actor_role, session_id, request_id, network, "
    "patient_id, subject_kind, subject_id, reason, details"
)
# What colleagues typed into a filter may be a name.
_NAMES_NOBODY: Final = """subject = 'patients' AND criteria ->> 'search' = ''
    AND NOT jsonb_path_exists(criteria, '$.**.field ? (
        @ == "first_name" || @ == "last_name" || @ == "date_of_birth" || @ == "email" ||
        @ == "phone_number" || @ == "address" || @ == "emergency_contact")')"""
# Without the hash of the link.
_INVITATION: Final = "id, user_id, created_by, created_at, expires_at, used_at"
_A_PATIENTS: Final = "user_id IN (SELECT id FROM users WHERE role = 'patient')"
_A_TREATED: Final = f"user_id IN (SELECT id FROM users WHERE patient_id {_TREATED})"  # nosec B608
_PEOPLE: Final = "patient staff clinician analyst admin"

# Nobody but the owner, not even the background, changes an audit event.
_RULES: Final[Rules] = {
    "patients": (
        ("patient", "SELECT", "id = acting_patient()"),
        ("staff", "SELECT, INSERT, UPDATE", "true"),
        ("clinician", "SELECT, UPDATE", f"id {_OPEN}"),
        ("analyst", f"SELECT ({_WITHOUT_NAMES})", "true"),
        ("system", ALL, "true"),
    ),
    "patient_merges": (
        ("staff", "SELECT", "true"),
        ("clinician", "SELECT", f"kept_id {_OPEN}"),
        ("staff", "INSERT", "merged_by = acting_user()"),
        ("clinician", "INSERT", f"merged_by = acting_user() AND kept_id {_TREATED}"),
        ("system", ALL, "true"),
    ),
    "clinical_terms": (
        ("staff clinician analyst", "SELECT", "true"),
        ("system", ALL, "true"),
    ),
    "doctors": (
        ("patient staff clinician analyst", "SELECT", "true"),
        ("system", ALL, "true"),
    ),
    "care_relationships": (
        ("staff", "SELECT, INSERT, UPDATE (ended_at)", "true"),
        ("clinician", "SELECT", f"clinician_id = acting_user() OR patient_id {_OPEN}"),
        # Nothing of what is broken open lasts: neither this way, nor by a merge, nor
        # by an invitation.
        ("clinician", "INSERT, UPDATE (ended_at)", f"patient_id {_TREATED}"),
        ("system", ALL, "true"),
    ),
    "break_glass_accesses": (
        ("staff", "SELECT", "true"),
        ("clinician", "SELECT", "clinician_id = acting_user()"),
        (
            "clinician",
            "INSERT (id, clinician_id, patient_id, reason, expires_at)",
            "clinician_id = acting_user() AND expires_at <= now() + interval '8 hours'",
        ),
        ("admin", "SELECT, UPDATE (reviewed_at, reviewed_by, review)", "true"),
        ("system", ALL, "true"),
    ),
    "export_grants": (
        ("staff clinician analyst", "SELECT, INSERT, UPDATE (used_at)", _OWN),
        ("system", ALL, "true"),
    ),
    "stored_criteria": (
        ("staff clinician", "SELECT, UPDATE (used_at)", "true"),
        ("staff clinician", "INSERT", "created_by = acting_user()"),
        ("analyst", "SELECT, UPDATE (used_at)", _NAMES_NOBODY),
        ("analyst", "INSERT", f"created_by = acting_user() AND {_NAMES_NOBODY}"),
        ("system", ALL, "true"),
    ),
    "saved_views": (
        ("staff clinician analyst", ALL, "owner_id = acting_user()"),
        ("system", ALL, "true"),
    ),
    "users": (
        ("patient analyst", "SELECT", "id = acting_user()"),
        ("staff", "SELECT", "id = acting_user() OR role IN ('patient', 'clinician')"),
        ("staff", "INSERT, UPDATE (name, email)", "role = 'patient'"),
        (
            "clinician",
            "SELECT",
            f"id = acting_user() OR role = 'clinician' OR patient_id {_OPEN}",
        ),
        (
            "clinician",
            "INSERT, UPDATE (name, email)",
            f"role = 'patient' AND patient_id {_TREATED}",
        ),
        ("admin", "SELECT, INSERT, UPDATE", "true"),
        ("door", "SELECT", "true"),
        ("system", ALL, "true"),
    ),
    "sessions": (
        (
            "patient staff clinician analyst",
            "SELECT, UPDATE (ended_at, ended_by)",
            _OWN,
        ),
        ("admin", "SELECT, UPDATE (ended_at, ended_by)", "true"),
        ("door", "SELECT, INSERT, UPDATE", "true"),
        ("system", ALL, "true"),
    ),
    "login_codes": (
        ("door", "SELECT, INSERT, UPDATE", "true"),
        ("system", ALL, "true"),
    ),
    "ceremonies": (("door system", ALL, "true"),),
    "passkeys": (
        ("patient staff clinician analyst", "SELECT", _OWN),
        ("admin", "SELECT, DELETE", "true"),
        ("door system", ALL, "true"),
    ),
    "user_identities": (
        ("patient staff clinician analyst", "SELECT", _OWN),
        ("admin door", "SELECT", "true"),
        ("system", ALL, "true"),
    ),
    "invitations": (
        ("staff clinician", f"SELECT ({_INVITATION})", _A_PATIENTS),
        ("staff", "INSERT, UPDATE (expires_at)", _A_PATIENTS),
        ("clinician", "INSERT, UPDATE (expires_at)", _A_TREATED),
        ("admin", "SELECT, INSERT, UPDATE (expires_at, used_at)", "true"),
        ("door", "SELECT, UPDATE (used_at)", "true"),
        ("system", ALL, "true"),
    ),
    "api_tokens": (
        ("staff clinician analyst", "SELECT, INSERT, UPDATE (revoked_at)", _OWN),
        ("admin", "SELECT, INSERT, UPDATE (revoked_at)", "true"),
        ("door", "SELECT, UPDATE (last_used_at)", "true"),
        ("system", ALL, "true"),
    ),
    "audit_events": (
        # Nobody who is signed in writes down somebody else's deeds.
        (_PEOPLE, f"INSERT ({_EVENT})", "actor_id = acting_user()"),
        ("door", f"INSERT ({_EVENT})", "true"),
        ("system", "SELECT, INSERT, DELETE", "true"),
    ),
    "audit_head": (("system", "SELECT, UPDATE", "true"),),
    "audit_seals": (("system", "SELECT, INSERT", "true"),),
}
_APP: Final = "chartroom_app"
# What the login does in nobody's name: receipts, the queue, the schema's version.
_GRANTS: Final = (
    f"GRANT SELECT, INSERT, UPDATE (created_at), DELETE ON write_receipts TO {_APP}",
    f"GRANT SELECT ON alembic_version TO {_APP}",
    (
        f"GRANT {ALL} ON procrastinate_jobs, procrastinate_events, "
        f"procrastinate_periodic_defers, procrastinate_workers TO {_APP}"
    ),
    f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {_APP}",
    "GRANT SELECT, DELETE ON write_receipts TO chartroom_system",
    (
        "GRANT SELECT ON alembic_version, procrastinate_jobs, procrastinate_workers "
        "TO chartroom_system"
    ),
    "GRANT MAINTAIN ON patients, doctors, clinical_terms TO chartroom_system",
    (
        "REVOKE ALL ON FUNCTION treated_patients(), open_patients(), "
        "settle_patients(), collect_clinical_terms() FROM PUBLIC"
    ),
    (
        "GRANT EXECUTE ON FUNCTION treated_patients(), open_patients() "
        "TO chartroom_clinician"
    ),
    "GRANT EXECUTE ON FUNCTION settle_patients() TO chartroom_system",
    # Whoever changes a patient need not be allowed to write new terms down.
    (
        "ALTER FUNCTION collect_clinical_terms() SECURITY DEFINER "
        "SET search_path = public, pg_temp"
    ),
)
# For rows under rules, even under one that is always true, the planner may not look at
# its statistics, and finds slow ways. Who may see every patient has the same rights
# on this view, which is read as its owner, whom no rule binds. It shows the columns
# that there are today: a migration that adds one makes it anew.
_SHORT_CUT: Final = (
    "CREATE SCHEMA everyone",
    "CREATE VIEW everyone.patients AS SELECT * FROM public.patients",
    "GRANT USAGE ON SCHEMA everyone TO chartroom_staff, chartroom_analyst",
    "GRANT SELECT, INSERT, UPDATE ON everyone.patients TO chartroom_staff",
    f"GRANT SELECT ({_WITHOUT_NAMES}) ON everyone.patients TO chartroom_analyst",
)


def upgrade() -> None:
    for function in _FUNCTIONS:
        op.execute(function)
    for statement in (*statements(_RULES), *_GRANTS, *_SHORT_CUT):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Records do not become open again.")
