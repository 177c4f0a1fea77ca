"""Rights on people, how they come in, their lists, and what is recorded about them."""

from tests.db.rules.rights import AT_WORK, EVERYTHING, SIGNED_IN, Rights

_EVENT = (
    "id, action, outcome, actor_id, actor_role, session_id, request_id, network, "
    "patient_id, subject_kind, subject_id, reason, details"
)
_RECORD_OWN = f"INSERT({_EVENT}) own"

PEOPLE: dict[str, Rights] = {
    "export_grants": dict.fromkeys(
        AT_WORK, "SELECT own; INSERT own; UPDATE(used_at) own"
    )
    | {"system": EVERYTHING},
    "bulk_exports": dict.fromkeys(
        AT_WORK,
        "SELECT own; INSERT(owner_id, owner_name, owner_role, scopes, request, types, "
        "of_patients, changed_since, group_subject, group_key, passed_over, reason) "
        "own; UPDATE(expires_at) own; DELETE own",
    )
    | {
        "admin": (
            "SELECT(id, owner_id, group_key, expires_at) all; UPDATE(expires_at) all"
        ),
        "system": EVERYTHING,
    },
    "bulk_export_files": dict.fromkeys(AT_WORK, "SELECT own") | {"system": EVERYTHING},
    "stored_criteria": {
        "patient": "SELECT mine; INSERT mine; UPDATE(used_at) mine",
        "staff": "SELECT all; INSERT own; UPDATE(used_at) all",
        "clinician": "SELECT all; INSERT own; UPDATE(used_at) all",
        "analyst": (
            "SELECT patient staff clinician analyst admin colleague; INSERT own; "
            "UPDATE(used_at) patient staff clinician analyst admin colleague"
        ),
        "system": EVERYTHING,
    },
    "saved_views": dict.fromkeys(
        ("staff", "clinician"), "SELECT own; INSERT own; UPDATE own; DELETE own"
    )
    | {"analyst": "SELECT own shared given; INSERT own; UPDATE own; DELETE own"}
    # What connected systems may be granted, by its name, and without its criteria.
    | {
        "admin": "SELECT(id, owner_id, subject, name, criteria_key) all",
        "system": EVERYTHING,
    },
    "list_columns": dict.fromkeys(
        ("staff", "clinician", "analyst"),
        "SELECT own; INSERT own; UPDATE own; DELETE own",
    )
    | {"system": EVERYTHING},
    "dashboards": {
        "analyst": "SELECT own shared given; INSERT own; UPDATE own; DELETE own",
        "system": EVERYTHING,
    },
    "dashboard_subscriptions": {
        "analyst": "SELECT own given; INSERT own; UPDATE own; DELETE own",
        "system": EVERYTHING,
    },
    "count_alerts": {
        "analyst": "SELECT own; INSERT own; DELETE own",
        "system": EVERYTHING,
    },
    "analyst_mails": {"system": EVERYTHING},
    "users": {
        "patient": "SELECT own; UPDATE(language) own",
        "staff": (
            "SELECT patient staff clinician colleague; INSERT patient; "
            "UPDATE(name, email) patient"
        ),
        "clinician": (
            "SELECT patient clinician colleague; INSERT patient; "
            "UPDATE(name, email) patient"
        ),
        "analyst": "SELECT own",
        "admin": "SELECT all; INSERT all; UPDATE all",
        "door": "SELECT all",
        "system": EVERYTHING,
    },
    "sessions": dict.fromkeys(SIGNED_IN, "SELECT own; UPDATE(ended_at, ended_by) own")
    | {
        "admin": "SELECT all; UPDATE(ended_at, ended_by) all",
        "door": "SELECT all; INSERT all; UPDATE all",
        "system": EVERYTHING,
    },
    "user_notifications": dict.fromkeys(
        (*SIGNED_IN, "admin"), "SELECT own; UPDATE(read_at) own"
    )
    | {"door": "SELECT(id, user_id, read_at) all", "system": EVERYTHING},
    "login_codes": {
        "door": "SELECT all; INSERT all; UPDATE all",
        "system": EVERYTHING,
    },
    "ceremonies": {"door": EVERYTHING, "system": EVERYTHING},
    "passkeys": dict.fromkeys(SIGNED_IN, "SELECT own")
    | {
        "admin": "SELECT all; DELETE all",
        "door": EVERYTHING,
        "system": EVERYTHING,
    },
    "user_identities": dict.fromkeys(SIGNED_IN, "SELECT own")
    | {"admin": "SELECT all", "door": "SELECT all", "system": EVERYTHING},
    "invitations": dict.fromkeys(
        ("staff", "clinician"),
        "SELECT(id, user_id, created_by, created_at, expires_at, used_at) patient; "
        "INSERT patient; UPDATE(expires_at) patient",
    )
    | {
        "admin": "SELECT all; INSERT all; UPDATE(expires_at, used_at) all",
        "door": "SELECT all; UPDATE(used_at) all",
        "system": EVERYTHING,
    },
    "api_tokens": dict.fromkeys(
        ("staff", "clinician", "analyst"),
        "SELECT own; INSERT own; UPDATE(revoked_at) own",
    )
    | {
        "admin": "SELECT all; INSERT all; UPDATE(revoked_at) all",
        # A token of an app that the patient has allowed.
        "patient": "SELECT own; UPDATE(revoked_at) own",
        # A short-lived token of a connected system.
        "door": "SELECT all; INSERT colleague; UPDATE(last_used_at) all",
        "system": EVERYTHING,
    },
    "patient_apps": {
        "patient": "SELECT all",
        "admin": "SELECT all; INSERT all; UPDATE(removed_at) all",
        "door": "SELECT all; UPDATE(token_issued_at) all",
        "system": EVERYTHING,
    },
    "authorization_codes": {
        # An unused code can be marked as used now, and nothing else.
        "patient": "SELECT(code_hash, app_id, user_id, used_at) own; INSERT own; "
        "UPDATE(used_at)",
        "admin": "SELECT(code_hash, user_id, used_at) all; UPDATE(used_at)",
        "door": "SELECT all; UPDATE(used_at, token_id)",
        "system": "SELECT all; UPDATE(used_at); DELETE all",
    },
    "connected_systems": {
        "admin": (
            "SELECT all; INSERT all; "
            "UPDATE(jwks_url, jwks, resource_types, export_purpose, exports) all"
        ),
        "door": (
            "SELECT all; UPDATE(token_issued_at, called_at, refused_at, refusal) all"
        ),
        "system": EVERYTHING,
    },
    # Each system sees its own.
    "system_groups": dict.fromkeys(("staff", "clinician", "analyst"), "SELECT own")
    | {
        "admin": (
            "SELECT all; INSERT(system_id, group_id, subject, criteria_key, name, "
            "saved_by, granted_by) all; DELETE all"
        ),
        "system": EVERYTHING,
    },
    "client_assertions": {"door": "INSERT all", "system": "SELECT all; DELETE all"},
    "audit_events": dict.fromkeys((*SIGNED_IN, "admin"), _RECORD_OWN)
    | {
        "door": f"INSERT({_EVENT}) all",
        "system": "SELECT all; INSERT all; DELETE all",
    },
    "audit_head": {"system": "SELECT all; UPDATE all"},
    "audit_seals": {"system": "SELECT all; INSERT all"},
}
