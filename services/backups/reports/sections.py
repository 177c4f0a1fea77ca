"""The part of a report on restores: tried, proven, failed, and who may make them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from db.backups.notes import Proof
from services.backups.going_back import COMPARED_WITHIN
from services.backups.reports.gathering import (
    BackupReport,
    PractisedRestore,
    Restorer,
)
from services.backups.reports.report_words import ReportWords
from services.cluster.alerts import AlertKind
from services.core.sentences import Sentence
from services.people.sessions import FRESH

_NONE: Final = "–"
_MINUTE: Final = timedelta(minutes=1)
_ALERTS: Final = {
    AlertKind.BACKUP_TOO_OLD: Sentence("Backup too old"),
    AlertKind.BACKUP_FAILED: Sentence("Backup failed"),
    AlertKind.ARCHIVE_BEHIND: Sentence("Archive behind"),
    AlertKind.KEY_KIT_OLD: Sentence("Recovery kit old"),
    AlertKind.RESTORE_UNPROVEN: Sentence("Restore unproven"),
    AlertKind.BACKUP_COPY_BEHIND: Sentence("Backup copy behind"),
    AlertKind.BACKUP_DAMAGED: Sentence("Backups damaged"),
    AlertKind.BACKUP_FOLDER_SILENT: Sentence("Backup folder silent"),
}


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A part of the paper: sentences, facts and a table, as far as there are any."""

    title: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def texts(self) -> Iterator[str]:
        """All texts that are to be set."""
        yield from (self.title, *self.paragraphs, *self.columns)
        for row in (*self.facts, *self.rows):
            yield from row


def summary(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return a summary, in a few sentences, of whether anything was proven."""
    proofs = report.proofs
    if not proofs:
        paragraphs = [
            _(
                "No restore was proven in this period: nothing in this report shows "
                "that a backup brings the clinic back."
            )
        ]
    else:
        last = max(proofs, key=lambda each: each.proved_at)
        paragraphs = [
            _(
                Sentence(
                    "Restores that were proven in this period: {count}. The last one, "
                    "of {time}, brought back {rows} rows of {tables} tables, {files} "
                    "files and {entries} entries of the audit log.",
                    count=_.count(len(proofs)),
                    time=_.time(last.proved_at),
                    rows=_.count(last.rows),
                    tables=_.count(last.tables),
                    files=_.count(last.files),
                    entries=_.count(last.audit_entries),
                )
            )
        ]
    if failed := len(report.failures):
        failed_ones = Sentence(
            "Restores that were tried and proved nothing: {count}.",
            count=_.count(failed),
        )
        paragraphs.append(_(failed_ones))
    paragraphs += [
        _(
            Sentence(
                "The clinic itself was taken back in time at {time}, to {to}.",
                time=_.time(left.at),
                to=_.time(left.to),
            )
        )
        for left in report.went_back
    ]
    return ReportSection(_(Sentence("Summary")), tuple(paragraphs))


def restores(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return every restore that was tried, with what it took."""
    title = _(Sentence("Restores that were tried"))
    if not report.restores:
        return ReportSection(title, (_(Sentence("None was.")),))
    columns = (
        Sentence("When"),
        Sentence("How"),
        Sentence("Restored to"),
        Sentence("Back after (RTO)"),
        Sentence("Would have lost (RPO)"),
        Sentence("Throughput"),
    )
    rows = tuple(
        (_.time(each.at), _kind(each, _), *_figures(each, _))
        for each in report.restores
    )
    return ReportSection(title, columns=tuple(map(_, columns)), rows=rows)


def checks(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return what was checked of each restore that was proven."""
    drill = _(
        "A drill restores an arbitrary second and the newest one into a sandbox and "
        "checks all of both: every row is read, every file compared with its SHA-256, "
        "the audit log link by link with its seals. Of the newest second every table "
        "is also compared with a replica, and every index with its table. A drill that "
        "skips a check counts as broken, and proves nothing."
    )
    title = _(Sentence("What was checked"))
    if not report.proofs:
        return ReportSection(title, (drill,))
    columns = (
        Sentence("When"),
        Sentence("Rows"),
        Sentence("Tables"),
        Sentence("Files"),
        Sentence("Log entries"),
        Sentence("Compared with a replica"),
    )
    rows = tuple(_checked(proof, _) for proof in report.proofs)
    return ReportSection(title, (drill,), (), tuple(map(_, columns)), rows)


def failures(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return the failures, and what was wrong with backups that were skipped."""
    faults = [(each.at, each.failure) for each in report.failures]
    faults += [
        (proof.proved_at, damage)
        for proof in report.proofs
        for damage in proof.passed_over
    ]
    title = _(Sentence("What failed or was skipped"))
    if not faults:
        return ReportSection(title, (_(Sentence("Nothing did.")),))
    columns = (_(Sentence("When")), _(Sentence("Why")))
    rows = tuple((_.time(at), _.explain(why)) for at, why in sorted(faults))
    return ReportSection(title, columns=columns, rows=rows)


def alerts(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return the alerts about backups that were open in the period."""
    title = _(Sentence("Alerts about backups"))
    if not report.alerts:
        return ReportSection(title, (_(Sentence("There were none.")),))
    columns = (
        Sentence("Alert"),
        Sentence("From"),
        Sentence("Until"),
        Sentence("Acknowledged by"),
    )
    rows = tuple(
        (
            _(_ALERTS[alert.kind]),
            _.time(alert.began_at),
            _.time(alert.ended_at) if alert.ended_at else _(Sentence("Still open")),
            alert.acknowledged_by_name or _NONE,
        )
        for alert in report.alerts
    )
    return ReportSection(title, columns=tuple(map(_, columns)), rows=rows)


def restorers(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return who may take the clinic back, and what that requires."""
    how = Sentence(
        "Going back from the page needs a comparison with the clinic of at most "
        "{compared} minutes ago, a passkey used within {confirmed} minutes, the "
        "clinic's name typed, and a reason. Anyone with an account on the machine "
        "itself that reads the data folder can go back as well, and so can anyone "
        "with the backups, the recovery kit and its passphrase. All but the last is "
        "recorded in the audit log.",
        compared=_.count(COMPARED_WITHIN // _MINUTE),
        confirmed=_.count(FRESH // _MINUTE),
    )
    columns = (_(Sentence("Name")), _(Sentence("Passkey")))
    rows = tuple((each.name, _(_passkey(each))) for each in report.restorers)
    title = _(Sentence("Who may restore"))
    return ReportSection(title, (_(how),), (), columns if rows else (), rows)


def _passkey(restorer: Restorer) -> Sentence:
    if restorer.has_passkey:
        return Sentence("Has one")
    return Sentence("Has none yet, and may not without")


def _kind(restore: PractisedRestore, _: ReportWords) -> str:
    if not restore.is_drill:
        return _(Sentence("By hand"))
    if restore.by_name is None:
        by_plan = Sentence("Drill from the copy") if restore.of_copy else None
        return _(by_plan or Sentence("Drill"))
    if restore.of_copy:
        name = restore.by_name
        return _(Sentence("Drill from the copy, asked for by {name}", name=name))
    return _(Sentence("Drill, asked for by {name}", name=restore.by_name))


def _figures(restore: PractisedRestore, _: ReportWords) -> tuple[str, ...]:
    """Return the time restored to, RTO, RPO and speed, as far as they were measured."""
    proof = restore.proof
    if proof is None:
        words = (
            Sentence("Nothing was proven")
            if restore.failure
            else Sentence("Has not ended")
        )
        return _(words), _NONE, _NONE, _NONE
    if (measured := proof.drill) is None:
        return _.time(proof.as_of), _.span(proof.seconds), _NONE, _NONE
    both = Sentence(
        "{any_second} and {newest}",
        any_second=_.time(measured.any_second),
        newest=_.time(proof.as_of),
    )
    return (
        _(both),
        _.span(measured.rto_seconds),
        _.span(measured.rpo_seconds),
        _.speed(measured.megabytes_per_second),
    )


def _checked(proof: Proof, _: ReportWords) -> tuple[str, ...]:
    files = _.count(proof.files)
    if proof.purged_files:
        purged = Sentence(
            "{files}; {purged} more were purged since",
            files=files,
            purged=_.count(proof.purged_files),
        )
        files = _(purged)
    compared = Sentence("Every table") if proof.is_compared else Sentence("No table")
    return (
        _.time(proof.proved_at),
        _.count(proof.rows),
        _.count(proof.tables),
        files,
        _.count(proof.audit_entries),
        _(compared),
    )
