"""Alerts, and the rules by which they begin and end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID


class AlertKind(StrEnum):
    """What can be wrong with the servers."""

    LAG = "lag"
    REPLICA_GONE = "replica-gone"
    SLOT_RETAINS = "slot-retains"
    NO_QUORUM = "no-quorum"
    DISK = "disk"
    CLOCK_SKEW = "clock-skew"
    CONFLICT = "conflict"
    BACKUP_TOO_OLD = "backup-too-old"
    ERROR_BUDGET = "error-budget"
    BACKUP_FAILED = "backup-failed"
    ARCHIVE_BEHIND = "archive-behind"
    KEY_KIT_OLD = "key-kit-old"
    RESTORE_UNPROVEN = "restore-unproven"
    BACKUP_COPY_BEHIND = "backup-copy-behind"
    BACKUP_DAMAGED = "backup-damaged"
    BACKUP_FOLDER_SILENT = "backup-folder-silent"


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """The part of a rule that an administrator can change.

    An alert begins once the measure has been over `threshold` for `for_seconds`, and
    ends once it has been at or under `clear_threshold` for `clear_seconds`. Thresholds
    are seconds, bytes, a share of 1 or a count, depending on the kind.
    """

    is_active: bool
    threshold: float
    for_seconds: float
    clear_threshold: float
    clear_seconds: float
    mail_to: tuple[str, ...] = ()
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class RuleRevision(RuleDraft):
    """A rule as it is kept; `revision` counts its changes."""

    kind: AlertKind = AlertKind.LAG
    updated_at: datetime | None = None
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that was wrong, until it ended; `node` is set if it is one server's."""

    id: UUID
    kind: AlertKind
    node: str | None
    began_at: datetime
    ended_at: datetime | None
    value: float | None
    worst: float | None
    sentence: str
    acknowledged_at: datetime | None
    acknowledged_by_name: str | None

    @property
    def is_open(self) -> bool:
        """Whether the alert has not ended."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Measure:
    """The value that a rule judges, of one server or of all; None if it is unknown."""

    kind: AlertKind
    node: str | None
    value: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class BackupCondition:
    """The state of backups: the age of the newest, and how many attempts failed since.

    While there is no backup, the age is that of the first attempt at one. `log_behind`
    is how long ago the newest second was to which one can go back, and `log_failure`
    says why. `kit_wanting` is for how long no recovery kit has had all keys, or has
    been due to be proven (`is_kit_unproven`). `unproven` is how long ago a restore was
    last proven or, if none ever was, the oldest backup was made. `copy_behind` is how
    long ago the newest second was that the copy elsewhere has. `unusable_sets` are
    backups that cannot be restored, `missing_files` stored files that are named but
    gone, `strays` what is among the backups or in their copy and belongs to none, and
    `lost_times` the spans to which one could go back and no longer can. `folder_silent`
    is for how long the folder has not answered what is in it, and `disk_used` the used
    share of its disk, if that is a disk of its own. `tool` is what makes the backups,
    if that is not Chartroom, and `is_practised` whether their restores are practised.
    What is None is not known.
    """

    age: timedelta | None = None
    has_any: bool = True
    failed_tries: int | None = None
    failure: str = ""
    log_behind: timedelta | None = None
    log_failure: str = ""
    has_kit: bool = True
    kit_wanting: timedelta | None = None
    is_kit_unproven: bool = False
    has_proof: bool = True
    is_practised: bool = True
    unproven: timedelta | None = None
    copy_behind: timedelta | None = None
    copy_failure: str = ""
    unusable_sets: int | None = None
    missing_files: int = 0
    strays: int = 0
    lost_times: int = 0
    folder_silent: timedelta | None = None
    disk_used: float | None = None
    tool: str = ""


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert has begun or ended."""

    alert_id: UUID
    kind: AlertKind
    node: str | None
    what: Literal["began", "ended"]
    at: datetime
    value: float | None
    worst: float | None
    sentence: str
