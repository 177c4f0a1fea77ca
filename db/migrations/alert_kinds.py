"""Kinds of alerts: each one that came after the first revision has its own revision.

Past migrations rely on this module: a new kind is appended, and none is changed.
"""

from typing import Final

from db.migrations import run

# In the order in which the revisions added them; the first eight are the first one's.
_KINDS: Final = (
    "lag",
    "replica-gone",
    "slot-retains",
    "no-quorum",
    "disk",
    "clock-skew",
    "conflict",
    "backup-too-old",
    "error-budget",
    "backup-failed",
    "archive-behind",
    "key-kit-old",
    "restore-unproven",
    "backup-copy-behind",
    "backup-damaged",
    "backup-folder-silent",
)


def add_alert_kind(
    kind: str, *, raised: tuple[float, int], cleared: tuple[float, int]
) -> None:
    """Let alerts be of this kind too, and add its rule, which is active.

    An alert is raised and cleared at a threshold, after so many seconds.
    """
    known = ", ".join(f"'{each}'" for each in _KINDS[: _KINDS.index(kind) + 1])
    for table in ("alert_rules", "alerts"):
        run(
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_kind_known, "
            f"ADD CONSTRAINT {table}_kind_known CHECK (kind IN ({known}))"
        )
    run(
        "INSERT INTO alert_rules (kind, is_active, threshold, for_seconds, "
        "clear_threshold, clear_seconds) "
        f"VALUES ('{kind}', true, {raised[0]}, {raised[1]}, {cleared[0]}, {cleared[1]})"
    )
