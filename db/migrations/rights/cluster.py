"""Who may do what with the servers, the upkeep of files, and the queue."""

from typing import Final

from db.migrations.rules import ALL, Rules

_APP: Final = "chartroom_app"

RULES: Final[Rules] = {
    "doomed_files": (("admin", "SELECT", "true"), ("system", ALL, "true")),
    "keeping_runs": (("admin", "SELECT", "true"), ("system", ALL, "true")),
    "replication_samples": (("admin", "SELECT", "true"), ("system", ALL, "true")),
    "cluster_operations": (
        ("admin", "SELECT, INSERT, UPDATE", "true"),
        ("system", ALL, "true"),
    ),
    "drills": (("admin", "SELECT, INSERT", "true"), ("system", ALL, "true")),
    "drill_plans": (
        ("admin", "SELECT, INSERT, UPDATE, DELETE", "true"),
        ("system", ALL, "true"),
    ),
    "alert_rules": (("admin", "SELECT, UPDATE", "true"), ("system", ALL, "true")),
    "alerts": (
        (
            "admin",
            "SELECT, UPDATE (acknowledged_at, acknowledged_by, acknowledged_by_name)",
            "true",
        ),
        ("system", ALL, "true"),
    ),
    "alert_letters": (("admin", "SELECT", "true"), ("system", ALL, "true")),
    "write_probes": (("system", ALL, "true"),),
}
# What the login does without an identity: receipts, the queue, the schema's version.
GRANTS: Final = (
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
)
