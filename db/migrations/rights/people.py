"""Who may do what with people, how they sign in, and what is recorded of them."""

from typing import Final

from db.migrations.rights.patients import OPEN, TREATED
from db.migrations.rules import ALL, Rules

_OWN: Final = "user_id = acting_user()"
_PEOPLE: Final = "patient staff clinician analyst admin"
# Without the hash of the link.
_INVITATION: Final = "id, user_id, created_by, created_at, expires_at, used_at"
_A_PATIENTS: Final = "user_id IN (SELECT id FROM users WHERE role = 'patient')"
_A_TREATED: Final = f"user_id IN (SELECT id FROM users WHERE patient_id {TREATED})"
# Time and order are not set by the writer of an event.
_EVENT: Final = (
    "id, action, outcome, actor_id, actor_role, session_id, request_id, network, "
    "patient_id, subject_kind, subject_id, reason, details"
)

RULES: Final[Rules] = {
    "users": (
        ("patient analyst", "SELECT", "id = acting_user()"),
        ("staff", "SELECT", "id = acting_user() OR role IN ('patient', 'clinician')"),
        ("staff", "INSERT, UPDATE (name, email)", "role = 'patient'"),
        (
            "clinician",
            "SELECT",
            f"id = acting_user() OR role = 'clinician' OR patient_id {OPEN}",
        ),
        (
            "clinician",
            "INSERT, UPDATE (name, email)",
            f"role = 'patient' AND patient_id {TREATED}",
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
    # Nobody but the owner, not even the background, changes an audit event.
    "audit_events": (
        # Nobody who is signed in records somebody else's actions.
        (_PEOPLE, f"INSERT ({_EVENT})", "actor_id = acting_user()"),
        ("door", f"INSERT ({_EVENT})", "true"),
        ("system", "SELECT, INSERT, DELETE", "true"),
    ),
    "audit_head": (("system", "SELECT, UPDATE", "true"),),
    "audit_seals": (("system", "SELECT, INSERT", "true"),),
}
