"""The age of the newest backup, as rules of alerts judge it."""

from datetime import timedelta
from types import SimpleNamespace

from db.backups.repository import Repository
from jobs.backups.ageing import BackupWatch
from jobs.backups.scheduling import BackupPlan, BackupScheduler
from jobs.cluster import sampling
from jobs.cluster.monitor_ledger import Ledger
from jobs.cluster.sampling import Sampler
from tests.db.cluster.observing.snapshots import primary, snapshot
from tests.kit import backup_sets


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
    # The next worker knows of them.
    scheduler = scheduler_of(tmp_path)
    watch = BackupWatch(scheduler)

    condition = watch.at(scheduler.started_at)
    assert (condition.failed_tries, condition.failure) == (2, "The disk is still full.")

    scheduler.failure = None
    backup_sets.add_set(repository)
    assert watch.at(scheduler.started_at + timedelta(minutes=1)).failed_tries == 0


def scheduler_of(tmp_path, every=timedelta(days=1)):
    """A scheduler that nobody lets run."""
    plan = BackupPlan(every, kept=timedelta(days=35))
    repository = Repository(tmp_path / "backups")
    return BackupScheduler(None, repository, None, None, plan)
