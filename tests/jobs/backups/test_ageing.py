"""The age of the newest backup, as alert rules judge it."""

import errno
import threading
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

from db.backups.copies.copy_notes import CopyNote, write_copy_note
from db.backups.log.archive import LogPiece
from db.backups.notes import LogPosition
from db.backups.recovery_kit import (
    FILE_KEYS,
    KeyFiles,
    KitNote,
    digests_of,
    write_note,
)
from db.backups.repository import Repository
from db.backups.strays import FileSweep, note_sweep
from db.files.file_keys import FileKeys
from jobs.backups import ageing
from jobs.backups.ageing import BackupWatch
from jobs.backups.copying.copy_keeping import CopyKeeper
from jobs.backups.log_keeping import LogKeeper
from jobs.backups.retention.removing import remove_expired
from jobs.backups.scheduling import BackupPlan, BackupScheduler
from jobs.cluster import sampling
from jobs.cluster.monitor_ledger import Ledger
from jobs.cluster.sampling import Sampler
from services.backups.kits import PROVEN_EVERY
from tests.db.cluster.observing.snapshots import primary, snapshot
from tests.kit import backup_logs, backup_sets
from tests.kit.hanging_files import hanging


def test_without_a_backup_there_is_no_age(tmp_path):
    watch = BackupWatch(scheduler_of(tmp_path, every=None))

    assert watch.at(backup_sets.AS_OF).age is None


def test_the_newest_backup_has_the_age_of_what_it_holds(tmp_path):
    repository, hour = Repository(tmp_path / "backups"), timedelta(hours=1)
    backup_sets.add_set(repository)
    age = BackupWatch(scheduler_of(tmp_path))

    assert age.at(backup_sets.AS_OF + hour).age == hour
    newer = backup_sets.AS_OF + hour
    backup_sets.add_set(repository, set_id="20261125T030000Z-0001", as_of=newer)
    # The folder is not listed every second.
    assert age.at(newer + timedelta(seconds=1)).age == hour + timedelta(seconds=1)
    assert age.at(newer + timedelta(seconds=40)).age == timedelta(seconds=40)


def test_what_a_clock_that_was_ahead_has_dated_hides_no_age(tmp_path):
    repository, hour = Repository(tmp_path / "backups"), timedelta(hours=1)
    now, later = backup_sets.AS_OF, backup_sets.AS_OF + timedelta(days=365)
    backup_sets.add_set(repository, as_of=now - 30 * hour)
    set_id = f"{later:%Y%m%dT%H%M%SZ}-0001"
    backup_sets.add_set(repository, set_id=set_id, as_of=later)
    repository.add_proof(replace(backup_sets.PROOF, proved_at=now - 200 * hour))
    repository.add_proof(replace(backup_sets.PROOF, proved_at=later))

    condition = BackupWatch(scheduler_of(tmp_path)).at(now)

    assert (condition.age, condition.unproven) == (30 * hour, 200 * hour)
    keys = FileKeys(tmp_path / "other.keys", may_be_made=True)
    gauges = backup_sets.metrics_of(repository, keys, now)
    assert "chartroom_backup_age_seconds 108000.0" in gauges
    assert "chartroom_backup_proof_age_seconds 720000.0" in gauges


def test_a_disk_that_is_ill_is_looked_at_in_vain_and_the_age_goes_on(
    tmp_path, monkeypatch
):
    """Otherwise the watch on the servers would judge nothing at all any longer."""
    scheduler, hour = scheduler_of(tmp_path), timedelta(hours=1)
    backup_sets.add_set(scheduler.repository)
    watch = BackupWatch(scheduler)
    assert watch.at(backup_sets.AS_OF).age == timedelta()

    def fail():
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(scheduler.repository, "survey", fail)

    assert watch.at(backup_sets.AS_OF + hour).age == hour


def test_a_disk_that_does_not_answer_keeps_nobody_waiting(tmp_path, monkeypatch):
    scheduler, hour = scheduler_of(tmp_path), timedelta(hours=1)
    backup_sets.add_set(scheduler.repository)
    watch, answers, looks = BackupWatch(scheduler), threading.Event(), []
    watch.at(backup_sets.AS_OF)
    survey = scheduler.repository.survey

    def hang():
        looks.append(1)
        answers.wait(30)
        return survey()

    monkeypatch.setattr(scheduler.repository, "survey", hang)
    monkeypatch.setattr(ageing, "_PATIENCE_SECONDS", 0.05)
    try:
        for hours in (1, 2):
            age = watch.at(backup_sets.AS_OF + hours * hour).age
            assert age == hours * hour
        # One look at a time, however long it takes.
        assert looks == [1]
    finally:
        answers.set()
        watch._looking.join()


def test_for_how_long_the_folder_has_been_silent_is_told(tmp_path, monkeypatch):
    scheduler, minute = scheduler_of(tmp_path), timedelta(minutes=1)
    manifest = backup_sets.add_set(scheduler.repository)
    watch, now = BackupWatch(scheduler), manifest.as_of
    assert watch.at(now).folder_silent == timedelta()
    monkeypatch.setattr(ageing, "_PATIENCE_SECONDS", 0.05)

    with hanging(scheduler.repository.folder / "files-swept.json"):
        assert watch.at(now + minute).folder_silent == timedelta()
        condition = watch.at(now + 3 * minute)

    assert condition.folder_silent == 2 * minute
    assert condition.age == 3 * minute
    watch._looking.join(5)
    assert watch.at(now + 4 * minute).folder_silent == timedelta()


def test_who_watches_the_servers_judges_the_age(tmp_path, monkeypatch):
    repository, ledger, ages = Repository(tmp_path / "backups"), Ledger(), []
    manifest = backup_sets.add_set(repository)
    look = snapshot(primary())
    ledger.is_leader = True

    def measure(*_, backups, **__):
        ages.append(backups.age)
        return ()

    monkeypatch.setattr(sampling.alerts, "measure", measure)
    observer = SimpleNamespace(look=lambda: look)

    Sampler(observer, ledger, backups=BackupWatch(scheduler_of(tmp_path))).watch()

    assert ages == [max(timedelta(), look.taken_at - manifest.as_of)]


def test_keys_that_no_recovery_kit_has_are_counted_from_when_that_began(tmp_path):
    repository, hour = Repository(tmp_path / "backups"), timedelta(hours=1)
    key = tmp_path / "file.keys"
    key.write_text("one")
    files = KeyFiles({FILE_KEYS: key})

    def condition(at):
        return BackupWatch(scheduler_of(tmp_path), files).at(at)

    assert condition(backup_sets.AS_OF).kit_wanting is None
    backup_sets.add_set(repository)
    none = condition(backup_sets.AS_OF + hour)
    assert (none.has_kit, none.kit_wanting) == (False, hour)
    made_at = backup_sets.AS_OF + hour
    write_note(repository.folder, KitNote(made_at, digests_of(files.read())))
    made = condition(made_at + hour)
    assert (made.has_kit, made.kit_wanting) == (True, timedelta())

    key.write_text("one, and another")
    changed = files.changed_at()
    assert condition(changed + hour).kit_wanting == hour


def test_a_kit_that_nobody_opened_for_a_quarter_is_counted_from_when_it_was_due(
    tmp_path,
):
    repository, hour = Repository(tmp_path / "backups"), timedelta(hours=1)
    key = tmp_path / "file.keys"
    key.write_text("one")
    files = KeyFiles({FILE_KEYS: key})
    backup_sets.add_set(repository)
    note = KitNote(backup_sets.AS_OF, digests_of(files.read()))
    write_note(repository.folder, note)
    due = backup_sets.AS_OF + PROVEN_EVERY

    def condition(at):
        return BackupWatch(scheduler_of(tmp_path), files).at(at)

    before, after = condition(due - hour), condition(due + hour)
    assert (before.kit_wanting, before.is_kit_unproven) == (timedelta(), False)
    assert (after.kit_wanting, after.is_kit_unproven) == (hour, True)
    write_note(repository.folder, replace(note, proven_at=due))
    assert condition(due + hour).kit_wanting == timedelta()


def test_since_when_no_restore_is_proven(tmp_path):
    repository, day = Repository(tmp_path / "backups"), timedelta(days=1)

    def condition(at):
        return BackupWatch(scheduler_of(tmp_path)).at(at)

    assert condition(backup_sets.AS_OF).unproven is None
    backup_sets.add_set(repository)
    newer = backup_sets.AS_OF + day
    backup_sets.add_set(repository, set_id="20261126T020000Z-0001", as_of=newer)
    never = condition(newer)
    assert (never.has_proof, never.unproven) == (False, day)

    repository.add_proof(backup_sets.PROOF)
    proven = condition(backup_sets.PROOF.proved_at + day)
    assert (proven.has_proof, proven.unproven) == (True, day)


def test_log_that_somebody_deleted_is_counted(tmp_path):
    repository, scheduler = Repository(tmp_path / "backups"), scheduler_of(tmp_path)
    archive = backup_logs.archive_of(repository, scheduler.keys)
    as_of = backup_sets.AS_OF
    backup_sets.add_set(repository, objects=())
    backup_logs.add_piece(archive, backup_logs.FIRST, as_of + timedelta(hours=1))
    now = as_of + timedelta(hours=2)
    remove_expired(repository, scheduler.keys, as_of, is_sweeping=False, now=now)

    def count():
        return BackupWatch(scheduler).at(now).lost_times

    assert count() == 0
    [piece] = [name for name in archive.names() if LogPiece.parse(name)]
    archive.remove(piece)
    assert count() == 1


def test_what_is_damaged_and_what_belongs_to_none_is_counted(tmp_path):
    repository, scheduler = Repository(tmp_path / "backups"), scheduler_of(tmp_path)
    scheduler.copy = CopyKeeper(None)

    def counts():
        at = BackupWatch(scheduler).at(backup_sets.AS_OF)
        return at.unusable_sets, at.missing_files, at.strays

    assert counts() == (0, 0, 0)
    manifest = backup_sets.add_set(repository)
    assert counts() == (0, 0, 0)

    (repository.set_folder(manifest.set_id) / "base").unlink()
    (repository.folder / "sets" / "by hand").mkdir()
    (repository.folder / "sets" / "notes.txt").touch()
    note_sweep(repository.folder, FileSweep(backup_sets.AS_OF, 2))
    strays = ("sets/20261124T020000Z-0001/base",)
    copied = CopyNote("s3://clinic/chartroom", backup_sets.AS_OF, strays=strays)
    write_copy_note(repository.folder, copied)

    assert counts() == (2, 2, 2)
    # The record of a copy that is no longer kept concerns nobody.
    scheduler.copy = None
    assert counts() == (2, 2, 1)


def test_how_full_the_disk_of_the_backups_is_is_known_where_it_is_another(
    tmp_path,
):
    scheduler = scheduler_of(tmp_path)
    repository = Repository(tmp_path / "backups", room=lambda _: (9, 100))
    repository.folder.mkdir()
    scheduler.repository = repository

    assert BackupWatch(scheduler).at(backup_sets.AS_OF).disk_used == 0.91
    metrics = backup_sets.metrics_of(repository, scheduler.keys, backup_sets.AS_OF)
    assert "chartroom_backup_disk_free_bytes 9.0" in metrics.splitlines()
    assert "chartroom_backup_disk_bytes 100.0" in metrics.splitlines()

    # The servers' own disk is watched with the servers.
    scheduler.log = LogKeeper(
        tmp_path, None, repository, scheduler.keys, audit=None, is_wanted=False
    )
    assert BackupWatch(scheduler).at(backup_sets.AS_OF).disk_used is None


def test_before_the_first_backup_the_age_is_that_of_the_worker(tmp_path):
    scheduler = scheduler_of(tmp_path)
    condition = BackupWatch(scheduler).at(scheduler.started_at + timedelta(hours=27))

    assert (condition.age, condition.has_any) == (timedelta(hours=27), False)
    assert condition.failed_tries is None


def test_without_a_plan_nothing_is_expected(tmp_path):
    scheduler = scheduler_of(tmp_path, every=None)
    watch = BackupWatch(scheduler)

    assert watch.at(scheduler.started_at + timedelta(days=9)).age is None


def test_failures_are_counted_and_said_until_a_backup_is_there(tmp_path):
    repository = Repository(tmp_path / "backups")
    repository.claim(backup_sets.SYSTEM_ID)
    repository.note_failure("The disk is full.")
    repository.note_failure("The disk is still full.")
    # The next worker knows of the failures.
    scheduler = scheduler_of(tmp_path)
    watch = BackupWatch(scheduler)

    condition = watch.at(scheduler.started_at)
    assert (condition.failed_tries, condition.failure) == (2, "The disk is still full.")

    scheduler.failure = None
    backup_sets.add_set(repository, as_of=scheduler.started_at)
    assert watch.at(scheduler.started_at + timedelta(minutes=1)).failed_tries == 0


def test_how_far_the_log_is_behind_is_known_once_it_is_kept(tmp_path):
    scheduler, second = scheduler_of(tmp_path), timedelta(seconds=1)
    now = scheduler.started_at
    keeper = LogKeeper(
        tmp_path, None, scheduler.repository, None, audit=None, clock=lambda: now
    )
    scheduler.log = keeper

    def behind():
        return BackupWatch(scheduler).at(now).log_behind

    assert behind() is None
    keeper.began_at = now - 90 * second
    assert behind() == 90 * second
    earlier, later = now - 20 * second, now - 3 * second
    keeper.position = LogPosition(1, "0/0", later, earlier, now)
    assert behind() == 20 * second
    # With a gap, one cannot go back to anything after the newest backup.
    keeper._cut_off = replace(backup_sets.MANIFEST, as_of=now - 300 * second)
    assert behind() == 300 * second


def scheduler_of(tmp_path, every=timedelta(days=1)):
    """Return a scheduler that is not run."""
    plan = BackupPlan(every, kept=timedelta(days=35))
    repository = Repository(tmp_path / "backups")
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    return BackupScheduler(None, repository, keys, None, plan)
