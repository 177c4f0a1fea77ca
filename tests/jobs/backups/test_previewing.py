"""The worker's previews of going back: of a real clinic, and of failures."""

from datetime import UTC, datetime, timedelta

import pytest

from db.backups.backup_errors import CannotRestore
from db.backups.repository import Repository
from db.embedded.processes import child_processes
from db.files.file_keys import FileKeys
from db.postgres import SYSTEM, NoPrimary
from jobs.backups.looking import look
from jobs.backups.previewing import RestorePreviewer, compare_live, preview
from jobs.backups.scheduling import BackupPlan, BackupScheduler, backing_up
from jobs.backups.taking import take
from services.backups import BackupWindow, LogState, previews
from services.backups.previews import ChangedKind, ChangeList, ChangeSince
from tests.jobs.backups import samples
from tests.jobs.backups.log_samples import await_kept, await_log, keeping
from tests.jobs.failing_writes import fail_second_write
from tests.kit import backup_sets, cast
from tests.kit.waiting import eventually

TO = backup_sets.AS_OF
LISTS = (
    ChangeList(
        ChangedKind.VISITS, (ChangeSince("booked", "visit", "ada", "", TO, ""),)
    ),
)


def ask(database, to=TO):
    log = LogState((BackupWindow(to, to),))
    return database.write(
        lambda session: previews.request_preview(
            session, cast.act_as(cast.ADAM), to, log
        ),
        identity=SYSTEM,
    ).value


def newest(database):
    boss = cast.act_as(cast.ADAM)
    return database.read_latest(
        lambda session: previews.newest_preview(session, boss), identity=SYSTEM
    ).value


def test_what_is_asked_for_is_answered_once(database):
    compared = []
    previewer = RestorePreviewer(database, lambda to: compared.append(to) or LISTS)
    previewer.look()
    assert compared == []

    request = ask(database)
    previewer.look()
    previewer.look()

    assert compared == [TO]
    ended = newest(database)
    assert (ended.id, ended.counts) == (request.id, {"visits": {"booked": 1}})
    assert ended.requested_at <= ended.begun_at <= ended.compared_at <= ended.ended_at


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (CannotRestore("There is no backup."), "There is no backup."),
        (NoPrimary(TO), "No server led the database while"),
        (OSError(5, "Input/output error"), "cannot be read (Input/output error)"),
        (RuntimeError("Ada Lovelace"), "an unexpected error"),
    ],
    ids=["refused", "nobody leads", "the disk", "unforeseen"],
)
def test_one_that_fails_says_why_and_nothing_of_anybody(database, error, sentence):
    def compare(_):
        raise error

    ask(database)
    RestorePreviewer(database, compare).look()

    ended = newest(database)
    assert ended.counts is None
    assert sentence in ended.failure
    assert "Ada" not in ended.failure


def test_an_answer_that_nobody_could_write_down_is_written_later(database, monkeypatch):
    compared = []
    previewer = RestorePreviewer(database, lambda to: compared.append(to) or LISTS)
    ask(database)
    fail_second_write(monkeypatch, database)
    with pytest.raises(NoPrimary):
        previewer.look()
    assert newest(database).is_open

    previewer.look()

    assert newest(database).counts == {"visits": {"booked": 1}}
    assert compared == [TO]


@pytest.mark.cluster
def test_a_real_clinic_at_a_second_of_its_log(breakable_cluster, tmp_path):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    repository = Repository(tmp_path / "backups")
    with samples.clinic(breakable_cluster.whole(), keys) as clinic:
        source, database = clinic.source, clinic.database

        def compare(to):
            return preview(source.folder.path, database, repository, keys, to)

        with keeping(clinic, repository) as keeper:
            await_log(keeper)
            take(source, repository)
            clinic.file(b"%PDF before")
            to = datetime.now(UTC)
            clinic.file(b"%PDF after")
            database.write(cast.add_demo, identity=SYSTEM)
            after = datetime.now(UTC)
            await_kept(keeper, after)

            later = compare(after)
            beside = []
            look(
                source.folder,
                repository,
                keys,
                to=to,
                beside=lambda session: beside.extend(
                    compare_live(session, database, cast.act_as(cast.ADAM))
                ),
            )
            with backing_up(
                BackupScheduler(
                    database,
                    repository,
                    keys,
                    lambda: take(source, repository),
                    BackupPlan(None, kept=timedelta(days=35)),
                    previewer=RestorePreviewer(database, compare),
                )
            ):
                ask(database, to)
                ended = eventually(
                    lambda: newest(database), lambda request: not request.is_open
                )

        assert not any(each.changes for each in later)
        assert ended.failure is None
        assert ended.counts == {each.kind.value: each.counts for each in beside}
        assert ended.counts["documents"] == {"filed": 1}
        assert set(ended.counts["people"]) == {"added"}
        assert ended.counts["visits"] == {}
        # Nothing is left of the sandbox.
        place = source.folder.path / "preview"
        assert not place.exists()
        assert not child_processes.find(place)
