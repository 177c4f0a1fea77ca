"""The part of a report on the state of backups, and on what is not proven."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from services.backups.reports.gathering import BackupReport
from services.backups.reports.report_words import ReportWords
from services.backups.reports.sections import ReportSection
from services.backups.state import ALL_KEPT_FOR
from services.core.sentences import Sentence

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def window(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return from when to when one can go back."""
    log, title = report.sources.state.log, _(Sentence("How far one can go back"))
    paragraphs = []
    if log.window is None:
        paragraphs.append(
            _(Sentence("To no second between two backups: no log leads on from any."))
        )
    for each in log.windows:
        if each.has_log:
            any_second = Sentence(
                "To any second from {since} to {until}.",
                since=_.time(each.since),
                until=_.time(each.until),
            )
            paragraphs.append(_(any_second))
    if log.failure:
        paragraphs.append(_.explain(log.failure))
    return ReportSection(title, tuple(paragraphs))


def kept_backups(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return how often backups are made, how long they are kept, and which exist."""
    state, plan = report.sources.state, report.sources.plan
    facts = [(_(Sentence("By plan")), _plan(report, _))]
    full = sum(each.is_full for each in state.sets)
    there = Sentence(
        "{full} full, {incremental} incremental",
        full=_.count(full),
        incremental=_.count(len(state.sets) - full),
    )
    facts += [
        (_(Sentence("Kept")), _retention(plan.kept, _, thins=plan.every is not None)),
        (_(Sentence("There are")), _(there)),
    ]
    if (newest := state.newest) is not None:
        size = Sentence(
            "{time}: {rows} of rows, {files} files ({size}), {entries} entries of the "
            "audit log",
            time=_.time(newest.as_of),
            rows=_.size(newest.database_bytes),
            files=_.count(newest.files),
            size=_.size(newest.file_bytes),
            entries=_.count(newest.audit_entries),
        )
        facts.append((_(Sentence("The newest")), _(size)))
    if state.free_bytes is not None:
        facts.append((_(Sentence("Free on their disk")), _.size(state.free_bytes)))
    sealed = _(
        "Each backup is sealed with a key of its own (AES-256-GCM), and so is the log."
    )
    return ReportSection(_(Sentence("Backups")), (sealed,), tuple(facts))


def elsewhere(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return where the backups are copied to."""
    sources, title = report.sources, _(Sentence("Copy elsewhere"))
    note = sources.state.copy
    if not sources.plan.is_copied:
        return ReportSection(title, (_(Sentence("None is kept.")),))
    if note is None or note.whole_until is None:
        return ReportSection(title, (_(Sentence("It is not whole yet.")),))
    whole = Sentence(
        "The copy in {place} is whole up to {time}: {sets} backups, {size} in "
        "{objects} objects, sealed.",
        place=note.place,
        time=_.time(note.whole_until),
        sets=_.count(note.sets),
        size=_.size(note.bytes),
        objects=_.count(note.objects),
    )
    paragraphs = [_(whole)]
    if note.failure:
        paragraphs.append(_.explain(note.failure))
    return ReportSection(title, tuple(paragraphs))


def keys(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return the state of the recovery kit."""
    kit, title = report.sources.kit, _(Sentence("Recovery kit"))
    if kit.made_at is None:
        return ReportSection(title, (_(Sentence("None was ever made.")),))
    made = Sentence("The last one was made on {time}.", time=_.time(kit.made_at))
    paragraphs = [_(made)]
    opened = Sentence("Nobody has shown yet that it opens.")
    if kit.proven_at is not None:
        opened = Sentence(
            "It was last shown to open, and the newest backup with it, on {time}.",
            time=_.time(kit.proven_at),
        )
    paragraphs.append(_(opened))
    if kit.is_old:
        paragraphs.append(_(Sentence("It is out of date: keys have changed since.")))
    return ReportSection(title, tuple(paragraphs))


def unproven(report: BackupReport, _: ReportWords) -> ReportSection:
    """Return in plain terms what this report does not show."""
    paragraphs = (*_always_unproven(report), *_unproven_now(report, _))
    return ReportSection(_(Sentence("What is not proven")), tuple(map(_, paragraphs)))


def _always_unproven(report: BackupReport) -> Iterator[str]:
    if any(each.from_copy for each in report.proofs):
        yield Sentence(
            "That another machine brings the clinic back: a drill restores on the "
            "machine of the clinic, from the folder of its backups or, fetched anew, "
            "from their copy."
        )
    else:
        yield Sentence(
            "That another machine brings the clinic back, or the copy elsewhere: a "
            "drill restored on the machine of the clinic, from the folder of its "
            "backups."
        )
    yield Sentence(
        "How long people would be without the clinic: “Back after” is until "
        "PostgreSQL answered with the restored rows. Machines, the network and the "
        "pages are not in it, and that pages open on a restored clinic was not tried."
    )
    yield Sentence(
        "That the rows of any second are those of then: each was read, and those of "
        "the newest second alone were compared with a replica."
    )


def _unproven_now(report: BackupReport, _: ReportWords) -> Iterator[str]:
    state = report.sources.state
    if not report.proofs:
        yield Sentence("Any restore: none was proven in this period.")
    if uncompared := sum(not each.is_compared for each in report.proofs):
        yield Sentence(
            "Restores whose rows were not compared with anything: {count}.",
            count=_.count(uncompared),
        )
    for since, until in _gaps(report):
        yield Sentence(
            "Seconds between {since} and {until}: the log has a gap there, and nobody "
            "can go back to them.",
            since=_.time(since),
            until=_.time(until),
        )
    if state.newest is not None and (lost := len(state.newest.unreadable_files)):
        yield Sentence(
            "Files that could not be read and are not in the newest backup: {count}.",
            count=_.count(lost),
        )
    if unusable := state.unusable_sets:
        yield Sentence(
            "Backups that cannot be restored: {count}.", count=_.count(unusable)
        )
    if missing := state.faults.missing_files:
        yield Sentence(
            "Files that backups name but that are gone: {count}.",
            count=_.count(missing),
        )
    if state.is_beside:
        yield Sentence(
            "That the backups outlast the clinic's disk: they are on the same one."
        )
    if not report.sources.plan.is_copied:
        yield Sentence("That the backups outlast this site: no copy is kept elsewhere.")
    yield from _unproven_keys(report)


def _unproven_keys(report: BackupReport) -> Iterator[str]:
    kit = report.sources.kit
    if kit.is_old:
        yield Sentence(
            "That the backups open without this machine: no recovery kit has all keys."
        )
    elif kit.is_due:
        yield Sentence(
            "That somebody has the recovery kit's pages and its passphrase at hand: "
            "nobody has shown it for a quarter."
        )
    elif kit.proven_at is None:
        yield Sentence(
            "That somebody has the recovery kit's pages and its passphrase at hand: "
            "nobody has shown it since it was made."
        )


def _gaps(report: BackupReport) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans between two windows."""
    for before, after in pairwise(report.sources.state.log.windows):
        if before.until < after.since:
            yield before.until, after.since


def _plan(report: BackupReport, _: ReportWords) -> str:
    plan = report.sources.plan
    if plan.every is None:
        return _(Sentence("None is made automatically."))
    words = [
        _(Sentence("Every {hours} h", hours=_number(plan.every / _HOUR, _))),
    ]
    if plan.full_every is not None:
        full = Sentence(
            "a full one every {days} days", days=_number(plan.full_every / _DAY, _)
        )
        words.append(_(full))
    drills = Sentence("no restore drill automatically")
    if plan.drill_every is not None:
        drills = Sentence(
            "a restore drill every {days} days",
            days=_number(plan.drill_every / _DAY, _),
        )
    return "; ".join((*words, _(drills)))


def _number(value: float, _: ReportWords) -> str:
    return _.wording.number(value, 0 if value.is_integer() else 1)


def _retention(kept: timedelta, _: ReportWords, *, thins: bool) -> str:
    """Return how long each backup is kept, in the words of the page."""
    if thins and kept > ALL_KEPT_FOR:
        sentence = Sentence(
            "Each is kept for {recent} days, and one of each day for {days} days: the "
            "log leads on from it to every second.",
            recent=ALL_KEPT_FOR.days,
            days=kept.days,
        )
    else:
        sentence = Sentence("Each is kept for this many days: {days}.", days=kept.days)
    longer = Sentence(
        "The newest, the last that was proven, and any that another is based on are "
        "kept longer."
    )
    return f"{_(sentence)} {_(longer)}"
