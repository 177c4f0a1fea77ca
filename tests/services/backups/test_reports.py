"""Reports on backups: what they say of a period, what is not proven, and no patient."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pikepdf
import pypdfium2
import pytest
from sqlalchemy import select

from dashboard.ui.language.papers import wording_in
from db.backups.copies.copy_notes import CopyNote
from db.backups.notes import PROOFS, TimeLeft
from db.backups.repository import Repository
from db.backups.strays import IncompleteSet, RepositoryFaults
from db.models.integrity import RestoreDrill
from db.models.replication import Alert
from services.backups import BackupWindow, LogState
from services.backups.kits import KitState
from services.backups.reports import (
    NotAPeriod,
    ReportPeriod,
    gather_report,
    report_pdf,
    sections,
    standing,
)
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import NotAllowed
from services.documents.forms import ENGLISH, Clinic
from tests.kit import backup_sets
from tests.kit.audit_events import events_of
from tests.kit.backup_reports import KIT, NOW, PERIOD, PLAN, sources_of
from tests.services.people.people_samples import desk

CLINIC = Clinic("Praxis Łódź", "Street 1\nTown", "")
BACKUPS = [date(2026, 11, 1), date(2026, 11, 30)]


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "backups")
    backup_sets.add_set(made)
    return made


def paper_of(report, wording=ENGLISH, explain=str):
    return report_pdf(report, clinic=CLINIC, now=NOW, wording=wording, explain=explain)


def read(paper):
    """Return the text of a paper, without its line breaks."""
    with pypdfium2.PdfDocument(paper) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    return " ".join(" ".join(pages).split())


def text_of(session, admin, repository, wording=ENGLISH, **stands):
    report = gather_report(session, admin, PERIOD, sources_of(repository, **stands))
    return read(paper_of(report, wording))


def drill(session, at, *, proof=None, failure=None, by=None, ended_at=None):
    result = None if proof is None else PROOFS.dump_python(proof, mode="json")
    session.add(
        RestoreDrill(
            requested_at=at,
            requested_by_name=by,
            begun_at=at,
            ended_at=ended_at or at + timedelta(minutes=1),
            result=result,
            failure=failure,
        )
    )
    session.flush()


def test_a_restore_that_was_proven_is_told_with_all_that_it_measured(
    session, admin, repository
):
    drilled = backup_sets.DRILLED
    drill(session, drilled.proved_at, proof=drilled, by="Adam")
    # The note next to the backups is of the same restore, and is not shown twice.
    repository.add_proof(drilled)

    text = text_of(session, admin, repository)

    assert "Restores that were proven in this period: 1. The last one, of 25 " in text
    assert "brought back 59,189 rows of 71 tables, 60 files and 985 entries" in text
    assert text.count("Drill, asked for by Adam") == 1
    second, newest = "25 November 2026, 02:03:07", "25 November 2026, 02:30:07"
    assert f"{second} and {newest} 2.5 s 0.4 s 36 MB/s" in text
    assert "59,189 71 60 985 Every table" in text
    assert "What failed or was skipped Nothing did." in text
    assert "Any restore: none was proven" not in text


def test_without_a_proven_restore_the_report_says_so_first(session, admin, repository):
    text = text_of(session, admin, repository)

    said = "No restore was proven in this period: nothing in this report shows that"
    assert said in text
    assert text.index(said) < text.index("Restores that were tried")
    assert "Any restore: none was proven in this period." in text
    assert "Restores that were tried None was." in text


def test_what_failed_is_told_with_its_reason(session, admin, repository):
    at = backup_sets.AS_OF
    drill(session, at, failure="base of backup 7 was changed.")
    damaged = replace(backup_sets.PROOF, passed_over=("base of backup 8 is missing.",))
    repository.add_proof(damaged)

    text = text_of(session, admin, repository)

    assert "Restores that were tried and proved nothing: 1." in text
    assert "25 November 2026, 02:00:07 base of backup 7 was changed." in text
    assert "25 November 2026, 03:00:07 base of backup 8 is missing." in text
    assert "Drill Nothing was proven – – –" in text


def test_a_restore_by_hand_is_told_and_that_it_was_compared_with_nothing(
    session, admin, repository
):
    by_hand = replace(backup_sets.PROOF, is_compared=False, purged_files=3)
    repository.add_proof(by_hand)

    text = text_of(session, admin, repository)

    assert "By hand 25 November 2026, 02:00:07 3.1 s – –" in text
    assert "60; 3 more were purged since 985 No table" in text
    assert "Restores whose rows were not compared with anything: 1." in text


def test_what_was_proven_stays_in_the_report_when_the_rows_went_back(
    session, admin, repository
):
    """A drill's row goes back in time with the clinic; the repository has its proof."""
    repository.add_proof(backup_sets.DRILLED)
    back = TimeLeft(backup_sets.AS_OF, backup_sets.AS_OF + timedelta(hours=2))
    log = LogState(times_left=(back,))

    text = text_of(session, admin, repository, log=log)

    assert "Restores that were proven in this period: 1." in text
    assert "2.5 s 0.4 s 36 MB/s" in text
    to = "25 November 2026, 04:00:07, to 25 November 2026, 02:00:07."
    assert f"The clinic itself was taken back in time at {to}" in text


def test_only_the_period_is_told_its_last_day_whole(session, admin, repository):
    before, within, after = (
        datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    )
    for at in (before, within, after):
        drill(session, at, failure=f"Of {at:%d}.", ended_at=at)
        repository.add_proof(replace(backup_sets.PROOF, proved_at=at))

    text = text_of(session, admin, repository)

    assert "Of 30." in text
    assert "Of 31." not in text
    assert "Of 01." not in text
    assert "Restores that were proven in this period: 1." in text


MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("proved_at", "months"),
    [
        (MIDNIGHT + MINUTE, [0, 1]),
        (MIDNIGHT - MINUTE, [1, 0]),
        (None, [0, 1]),
    ],
    ids=["proven in the next", "ended in the next", "failed in the next"],
)
def test_a_restore_around_the_end_of_a_month_is_in_one_report(
    session, admin, repository, proved_at, months
):
    requested_at, ended_at = MIDNIGHT - 2 * MINUTE, MIDNIGHT + 2 * MINUTE
    if proved_at is None:
        drill(session, requested_at, failure="?", by="Adam", ended_at=ended_at)
    else:
        proof = replace(backup_sets.DRILLED, proved_at=proved_at)
        drill(session, requested_at, proof=proof, by="Adam", ended_at=ended_at)
        repository.add_proof(proof)

    october = ReportPeriod(date(2026, 10, 1), date(2026, 10, 31), UTC)
    reported = [
        gather_report(session, admin, period, sources_of(repository)).restores
        for period in (october, PERIOD)
    ]

    assert [len(restores) for restores in reported] == months
    (restore,) = (*reported[0], *reported[1])
    assert (restore.at, restore.by_name) == (requested_at, "Adam")


def test_days_begin_in_the_clinics_zone():
    berlin = ZoneInfo("Europe/Berlin")

    period = ReportPeriod.of(*BACKUPS, now=NOW.astimezone(berlin))

    assert period.since == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert period.until == datetime(2026, 11, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "field", "words"),
    [
        (BACKUPS[1], BACKUPS[0], "until", "before the first"),
        (BACKUPS[0], date(2026, 12, 3), "until", "has not come yet"),
        (None, BACKUPS[1], "since", "choose both"),
        (BACKUPS[0], None, "until", "choose both"),
    ],
)
def test_what_is_no_period_is_refused(first, last, field, words):
    with pytest.raises(NotAPeriod, match=words) as refusal:
        ReportPeriod.of(first, last, now=NOW)

    assert refusal.value.property_name == field
    assert ReportPeriod.of(BACKUPS[0], NOW.date(), now=NOW).last == NOW.date()


def test_alerts_about_backups_are_told_that_were_open_in_the_period(
    session, admin, repository
):
    def alert(kind, began, ended, by=None):
        row = Alert(kind=kind, sentence="?", began_at=began, acknowledged_by_name=by)
        row.ended_at = ended
        session.add(row)

    early, late = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    within = datetime(2026, 11, 5, 7, 0, 3, tzinfo=UTC)
    alert("archive-behind", early, within, by="Adam")
    alert("restore-unproven", within, None)
    alert("backup-failed", early, early + timedelta(days=1))
    alert("backup-copy-behind", late, None)
    alert("lag", within, within)
    session.flush()

    text = text_of(session, admin, repository)

    first = "Archive behind 1 October 2026, 00:00:00 5 November 2026, 07:00:03 Adam"
    assert f"{first} Restore unproven 5 November 2026, 07:00:03 Still open –" in text
    for left_out in ("Backup failed", "Backup copy behind", "Lag"):
        assert left_out not in text


def test_who_may_restore_is_told_and_who_has_no_passkey_yet(session, admin, repository):
    boss, clerk = desk(session, Role.ADMIN), desk(session, Role.STAFF)

    text = text_of(session, admin, repository)

    restorers = text[text.index("Who may restore") :]
    assert f"{boss.actor.name} Has none yet, and may not without" in restorers
    assert clerk.actor.name not in restorers


def test_how_long_something_counts_is_told_as_it_is_ruled(
    session, admin, repository, monkeypatch
):
    ruled = text_of(session, admin, repository)
    monkeypatch.setattr(sections, "COMPARED_WITHIN", timedelta(minutes=17))
    monkeypatch.setattr(sections, "FRESH", timedelta(minutes=3))
    monkeypatch.setattr(standing, "ALL_KEPT_FOR", timedelta(days=4))

    otherwise = text_of(session, admin, repository)

    assert "of at most 15 minutes ago, a passkey used within 5 minutes," in ruled
    assert "of at most 17 minutes ago, a passkey used within 3 minutes," in otherwise
    assert "Each is kept for 4 days, and one of each day for 35 days" in otherwise


def test_how_backups_stand_is_told(session, admin, repository):
    hour = timedelta(hours=1)
    since, until = backup_sets.AS_OF, backup_sets.AS_OF + 3 * hour
    windows = (
        BackupWindow(since, since + hour),
        BackupWindow(since + 2 * hour, until),
    )
    place = "s3://clinic-backups/of-us"
    copied = CopyNote(place, until, until, 3, 412, 5_000_000)

    text = text_of(
        session,
        admin,
        repository,
        log=LogState(windows),
        copy=copied,
        plan=replace(PLAN, is_copied=True),
        free_bytes=7_000_000_000,
    )

    assert "To any second from 25 November 2026, 04:00:07 to 25 November 2026" in text
    gap = "25 November 2026, 03:00:07 and 25 November 2026, 04:00:07"
    assert f"Seconds between {gap}: the log has a gap there" in text
    plan = "Every 1 h; a full one every 7 days; a restore drill every 7 days"
    assert f"By plan {plan} Kept Each is kept for 2 days, and one of each" in text
    assert "There are 1 full, 0 incremental" in text
    assert "56.0 MB of rows, 60 files (1.5 MB), 985 entries of the audit log" in text
    assert "Free on their disk 7.0 GB" in text
    assert f"The copy in {place} is whole up to 25 November 2026, 05:00:07" in text
    assert "The last one was made on 2 November 2026, 08:00:00." in text
    assert "no copy is kept elsewhere" not in text


@pytest.mark.parametrize(
    ("stands", "words"),
    [
        ({}, "That the backups outlast this site: no copy is kept elsewhere."),
        ({"is_beside": True}, "That the backups outlast the clinic's disk"),
        ({"unreadable": ("7",)}, "Backups that cannot be restored: 1."),
        ({"orphans": (backup_sets.MANIFEST,)}, "Backups that cannot be restored: 1."),
        (
            {"sets": (replace(backup_sets.MANIFEST, unreadable_files=("a", "b")),)},
            "are not in the newest backup: 2.",
        ),
        ({"kit": KitState(None, is_old=True)}, "no recovery kit has all keys."),
        (
            {"kit": replace(KIT, is_old=True)},
            "It is out of date: keys have changed since.",
        ),
        ({"kit": KIT}, "somebody has the recovery kit's pages"),
        (
            {"plan": replace(PLAN, every=None, drill_every=None)},
            "None is made automatically.",
        ),
        ({"plan": replace(PLAN, drill_every=None)}, "no restore drill automatically"),
        ({"plan": replace(PLAN, is_copied=True)}, "It is not whole yet."),
        ({"log": LogState((), None, "Its disk is full.")}, "Its disk is full."),
    ],
)
def test_what_is_not_proven_or_not_well_is_said_plainly(
    session, admin, repository, stands, words
):
    assert words in text_of(session, admin, repository, **stands)


def test_it_speaks_german_whole(session, admin, repository):
    drill(session, backup_sets.AS_OF, failure="Nichts geht.")
    drill(
        session,
        backup_sets.DRILLED.proved_at,
        proof=backup_sets.DRILLED,
        by="Adam",
    )

    text = text_of(session, admin, repository, wording_in("de", "en"))

    assert "Sicherungen und Wiederherstellungen" in text
    assert "brachte 59.189 Zeilen aus 71 Tabellen, 60 Dateien und 985" in text
    assert "Übung, angefordert von Adam" in text
    assert "2,5 s 0,4 s 36 MB/s" in text
    assert "Was nicht nachgewiesen ist" in text
    assert "DSGVO, Artikel 32" in text
    for english in ("restore", "backup", "proven", " the ", "Drill"):
        assert english not in text


def test_it_is_a_tagged_paper_with_title_language_and_numbered_pages(
    session, admin, repository
):
    report = gather_report(session, admin, PERIOD, sources_of(repository))

    paper = paper_of(report)

    with pikepdf.open(BytesIO(paper)) as opened:
        assert opened.Root.MarkInfo.Marked
        assert str(opened.Root.Lang) == "en"
        assert opened.Root.ViewerPreferences.DisplayDocTitle
        with opened.open_metadata() as metadata:
            assert metadata["dc:title"] == "Backups and restores"
        pages = len(opened.pages)
    text = read(paper)
    assert "Praxis Łódź" in text
    assert "1 November 2026 to 30 November 2026" in text
    assert "2 December 2026, 09:30:00, times in UTC" in text
    assert f"Page 1 of {pages}" in text
    assert f"Page {pages} of {pages}" in text
    assert "45 CFR 164.308(a)(7)" in text


def test_that_somebody_took_it_is_written_down(session, admin, repository):
    gather_report(session, admin, PERIOD, sources_of(repository))

    (event,) = events_of(session, Action.BACKUP_REPORT)
    assert event.actor_id == admin.id
    assert event.details == {"first": "2026-11-01", "last": "2026-11-30"}


def test_others_get_none(session, clerk, repository):
    with pytest.raises(NotAllowed):
        gather_report(session, clerk, PERIOD, sources_of(repository))


def test_a_drill_from_the_copy_is_told_as_one_and_unproves_the_copy_no_more(
    session, admin, repository
):
    unproven = "or the copy elsewhere: a drill restored on the machine of the clinic"
    assert unproven in text_of(session, admin, repository)
    drilled = replace(backup_sets.DRILLED, from_copy="s3://clinic/chartroom")
    drill(session, drilled.proved_at, proof=drilled)
    session.scalars(select(RestoreDrill)).one().of_copy = True
    session.flush()

    text = text_of(session, admin, repository)

    assert "Drill from the copy" in text
    assert unproven not in text
    assert "That another machine brings the clinic back: a drill restores on" in text


def test_backups_that_lack_something_are_what_is_not_proven(session, admin, repository):
    faults = RepositoryFaults(
        (IncompleteSet(backup_sets.MANIFEST.set_id, ("base",)),), (), 3
    )

    text = text_of(session, admin, repository, faults=faults)

    assert "Backups that cannot be restored: 1." in text
    assert "Files that backups name but that are gone: 3." in text
