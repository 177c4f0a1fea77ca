"""What each kind of alert is called, and in which unit its bars are typed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dashboard.ui.measures import seconds
from services.cluster.alerts import Alert, AlertKind, RuleRevision


@dataclass(frozen=True, slots=True)
class Words:
    """`unit` is what a bar is typed in, and `size` how much of it that is.

    `runbook` says what to do.

    Without a unit it either is or is not, so there is no bar to type.
    """

    title: str
    over: str
    icon: str
    unit: str = ""
    size: float = 1.0
    runbook: str = ""

    def typed(self, value: float) -> str:
        """Return a bar as it is typed."""
        return f"{value / self.size:g} {self.unit}"


_BACKUPS: Final = "docs/runbooks/backups.md"
WORDS: Final = {
    AlertKind.LAG: Words("Lag", "A replica is behind by over", "hourglass", "s"),
    AlertKind.REPLICA_GONE: Words(
        "Replica gone", "A replica does not stream", "cloud_off"
    ),
    AlertKind.SLOT_RETAINS: Words(
        "WAL retained by slot", "A slot keeps over", "inventory_2", "GB", 1e9
    ),
    AlertKind.NO_QUORUM: Words(
        "No quorum", "Nobody leads, or too few acknowledge", "groups_2"
    ),
    AlertKind.DISK: Words("Disk", "A disk is full to over", "hard_drive", "%", 0.01),
    AlertKind.CLOCK_SKEW: Words(
        "Clock", "A server's clock is off by over", "schedule", "s"
    ),
    AlertKind.CONFLICT: Words(
        "Replication conflict",
        "Replay cancels over",
        "call_merge",
        "queries a second",
    ),
    AlertKind.BACKUP_TOO_OLD: Words(
        "Backup too old",
        "The newest backup is older than",
        "backup",
        "hours",
        3600,
        _BACKUPS,
    ),
    AlertKind.BACKUP_FAILED: Words(
        "Backup failed",
        "A backup comes to nothing",
        "sync_problem",
        runbook=_BACKUPS,
    ),
    AlertKind.ARCHIVE_BEHIND: Words(
        "Archive behind",
        "The sealed log is behind by over",
        "history",
        "s",
        runbook="docs/runbooks/archive.md",
    ),
    AlertKind.KEY_KIT_OLD: Words(
        "Recovery kit old",
        "No recovery kit has had all keys for over",
        "key_off",
        "hours",
        3600,
        "docs/runbooks/kit.md",
    ),
    AlertKind.RESTORE_UNPROVEN: Words(
        "Restore unproven",
        "No restore was proven for over",
        "history_toggle_off",
        "days",
        86_400,
        "docs/runbooks/restore-drill.md",
    ),
    AlertKind.BACKUP_COPY_BEHIND: Words(
        "Backup copy behind",
        "The copy of the backups elsewhere is behind by over",
        "cloud_off",
        "minutes",
        60,
        "docs/runbooks/backup-copy.md",
    ),
    AlertKind.ERROR_BUDGET: Words(
        "Error budget",
        "The error budget burns over",
        "local_fire_department",
        "times as fast as it lasts",
    ),
}


def describe_rule(rule: RuleRevision) -> str:
    """Return a rule as a sentence: when its alert begins, and when it ends."""
    words = WORDS[rule.kind]
    begins, ends = words.over, "once it is over"
    if words.unit:
        begins = f"{begins} {words.typed(rule.threshold)}"
        ends = f"at {words.typed(rule.clear_threshold)} or less"
    return f"{begins}{_lasting(rule.for_seconds)}; ends {ends}" + _lasting(
        rule.clear_seconds
    )


def receivers(rule: RuleRevision) -> str:
    """Say who is told."""
    return ", ".join(_receivers(rule)) or "None"


def value_of(alert: Alert, value: float | None) -> str:
    """Return what was measured, in the kind's unit."""
    words = WORDS[alert.kind]
    if value is None or not words.unit:
        return "–"
    return f"{value / words.size:,.1f} {words.unit}"


def _lasting(span: float) -> str:
    return f" for {seconds(span)}" if span else ""


def _receivers(rule: RuleRevision) -> Iterator[str]:
    if rule.mail_to:
        count = len(rule.mail_to)
        yield f"{count} by mail" if count > 1 else rule.mail_to[0]
    if rule.webhook_url:
        yield "a webhook"
