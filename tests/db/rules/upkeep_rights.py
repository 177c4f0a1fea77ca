"""Rights on what keeps Chartroom and its servers running."""

from tests.db.rules.rights import EVERYTHING, Rights

UPKEEP: dict[str, Rights] = {
    "write_receipts": {
        "nobody": "SELECT all; INSERT all; UPDATE(created_at) all; DELETE all",
        "system": "SELECT all; DELETE all",
    },
    "doomed_files": {"admin": "SELECT all", "system": EVERYTHING},
    "replication_samples": {"admin": "SELECT all", "system": EVERYTHING},
    "availability_samples": {"admin": "SELECT all", "system": EVERYTHING},
    "cluster_operations": {
        "admin": "SELECT all; INSERT all; UPDATE all",
        "system": EVERYTHING,
    },
    "backup_requests": {"admin": "SELECT all; INSERT all", "system": EVERYTHING},
    "backup_tools": {"admin": "SELECT all", "system": EVERYTHING},
    "restore_drills": {"admin": "SELECT all; INSERT all", "system": EVERYTHING},
    "restore_previews": {"admin": "SELECT all; INSERT all", "system": EVERYTHING},
    "restore_preview_lists": {"admin": "SELECT all", "system": EVERYTHING},
    "restore_looks": {
        "admin": "SELECT all; INSERT all; UPDATE(ended_at) all",
        "system": EVERYTHING,
    }
    | dict.fromkeys(("staff", "clinician"), "SELECT all; UPDATE(used_at) all"),
    "drills": {"admin": "SELECT all; INSERT all", "system": EVERYTHING},
    "drill_plans": dict.fromkeys(("admin", "system"), EVERYTHING),
    "alert_rules": {"admin": "SELECT all; UPDATE all", "system": EVERYTHING},
    "alerts": {
        "admin": (
            "SELECT all; UPDATE(acknowledged_at, acknowledged_by, "
            "acknowledged_by_name) all"
        ),
        "system": EVERYTHING,
    },
    "alert_letters": {"admin": "SELECT all", "system": EVERYTHING},
    "write_probes": {"system": EVERYTHING},
    "told_groups": {"system": EVERYTHING},
    "told_answers": {"system": EVERYTHING},
    "prepared_facets": {"system": EVERYTHING},
    "pseudonym_keys": {"system": "SELECT all"},
    "keeping_runs": {"admin": "SELECT all", "system": EVERYTHING},
    "schema_changes": {"admin": "SELECT all", "system": "SELECT all"},
    "alembic_version": {"nobody": "SELECT all", "system": "SELECT all"},
    "procrastinate_jobs": {"nobody": EVERYTHING, "system": "SELECT all"},
    "procrastinate_workers": {"nobody": EVERYTHING, "system": "SELECT all"},
    "procrastinate_events": {"nobody": EVERYTHING},
    "procrastinate_periodic_defers": {"nobody": EVERYTHING},
}
