"""The name of each kind of alert, and the unit in which its bars are typed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dashboard.ui.language import decimal, gettext as _, marked, percent, pgettext
from dashboard.ui.measures import seconds
from services.cluster.alerts import Alert, AlertKind, RuleRevision


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of a kind: `unit` is what a bar is typed in, and `size` its factor.

    `runbook` is the advice on what to do.

    Without a unit the alert's cause holds or does not, so there is no bar to type.
    """

    title: str
    over: str
    icon: str
    unit: str = ""
    size: float = 1.0
    runbook: str = ""

    def typed(self, value: float) -> str:
        """Return a bar as it is typed."""
        number = value / self.size
        return self._with_unit(value, 0 if number == int(number) else 1)

    def measured(self, value: float) -> str:
        """Return a measured value in the unit."""
        return self._with_unit(value, 1)

    def _with_unit(self, value: float, places: int) -> str:
        if self.unit == "%":
            return percent(value, places)
        return f"{decimal(value / self.size, places)} {_(self.unit)}"


_BACKUPS: Final = "docs/runbooks/backups.md"
WORDS: Final = {
    AlertKind.LAG: Words(
        marked("Lag"), marked("A replica is behind by over {bar}"), "hourglass", "s"
    ),
    AlertKind.REPLICA_GONE: Words(
        marked("Replica gone"), marked("A replica does not stream"), "cloud_off"
    ),
    AlertKind.SLOT_RETAINS: Words(
        marked("WAL retained by slot"),
        marked("A slot retains over {bar}"),
        "inventory_2",
        "GB",
        1e9,
    ),
    AlertKind.NO_QUORUM: Words(
        marked("No quorum"),
        marked("No server leads, or too few replicas acknowledge"),
        "groups_2",
    ),
    AlertKind.DISK: Words(
        marked("Disk"), marked("A disk is over {bar} full"), "hard_drive", "%", 0.01
    ),
    AlertKind.CLOCK_SKEW: Words(
        marked("Clock"),
        marked("A server's clock is off by over {bar}"),
        "schedule",
        "s",
    ),
    AlertKind.CONFLICT: Words(
        marked("Replication conflict"),
        marked("Replay cancels more than {bar}"),
        "call_merge",
        marked("queries a second"),
    ),
    AlertKind.BACKUP_TOO_OLD: Words(
        marked("Backup too old"),
        marked("The newest backup is older than {bar}"),
        "backup",
        marked("hours"),
        3600,
        _BACKUPS,
    ),
    AlertKind.BACKUP_FAILED: Words(
        marked("Backup failed"),
        marked("A backup fails"),
        "sync_problem",
        runbook=_BACKUPS,
    ),
    AlertKind.ARCHIVE_BEHIND: Words(
        marked("Archive behind"),
        marked("The sealed log is behind by over {bar}"),
        "history",
        "s",
        runbook="docs/runbooks/archive.md",
    ),
    AlertKind.KEY_KIT_OLD: Words(
        marked("Recovery kit old"),
        marked("No recovery kit with all keys has been proven to open for over {bar}"),
        "key_off",
        marked("hours"),
        3600,
        "docs/runbooks/kit.md",
    ),
    AlertKind.RESTORE_UNPROVEN: Words(
        marked("Restore unproven"),
        marked("No restore has been proven for over {bar}"),
        "history_toggle_off",
        marked("days"),
        86_400,
        "docs/runbooks/restore-drill.md",
    ),
    AlertKind.BACKUP_COPY_BEHIND: Words(
        marked("Backup copy behind"),
        marked("The copy of the backups elsewhere is behind by over {bar}"),
        "cloud_off",
        marked("minutes"),
        60,
        "docs/runbooks/backup-copy.md",
    ),
    AlertKind.BACKUP_DAMAGED: Words(
        marked("Backups damaged"),
        marked("A backup cannot be restored, or files belong to no backup"),
        "broken_image",
        runbook=_BACKUPS,
    ),
    AlertKind.BACKUP_FOLDER_SILENT: Words(
        marked("Backup folder silent"),
        marked("The backup folder has not responded for over {bar}"),
        "cloud_off",
        "s",
        runbook=_BACKUPS,
    ),
    AlertKind.ERROR_BUDGET: Words(
        marked("Error budget"),
        marked("The burn rate of the error budget is over {bar}"),
        "local_fire_department",
        "×",
    ),
}


def describe_rule(rule: RuleRevision) -> str:
    """Return a rule as a sentence: when its alert begins, and when it ends."""
    words = WORDS[rule.kind]
    begins, ends = _(words.over), _("ends once that is resolved")
    if words.unit:
        begins = begins.format(bar=words.typed(rule.threshold))
        bar = words.typed(rule.clear_threshold)
        ends = _("ends at {bar} or less").format(bar=bar)
    begins = _lasting(begins, rule.for_seconds)
    return f"{begins}; {_lasting(ends, rule.clear_seconds)}"


def receivers(rule: RuleRevision) -> str:
    """Return who is notified."""
    return ", ".join(_receivers(rule)) or pgettext("receivers", "None")


def value_of(alert: Alert, value: float | None) -> str:
    """Return the measured value, in the kind's unit."""
    words = WORDS[alert.kind]
    if value is None or not words.unit:
        return "–"
    return words.measured(value)


def _lasting(what: str, span: float) -> str:
    if not span:
        return what
    return _("{what} for {span}").format(what=what, span=seconds(span))


def _receivers(rule: RuleRevision) -> Iterator[str]:
    if rule.mail_to:
        count = len(rule.mail_to)
        several = _("{count} by e-mail").format(count=count)
        yield several if count > 1 else rule.mail_to[0]
    if rule.webhook_url:
        yield _("a webhook")
