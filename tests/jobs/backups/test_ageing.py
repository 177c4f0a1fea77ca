"""The age of the newest backup, as rules of alerts judge it."""

from datetime import timedelta
from types import SimpleNamespace

from db.backups.repository import Repository
from jobs.backups.ageing import BackupAge
from jobs.cluster import sampling
from jobs.cluster.monitor_ledger import Ledger
from jobs.cluster.sampling import Sampler
from tests.db.cluster.observing.snapshots import primary, snapshot
from tests.kit import backup_sets


def test_without_a_backup_there_is_no_age(tmp_path):
    assert BackupAge(Repository(tmp_path / "none")).at(backup_sets.AS_OF) is None


def test_the_newest_backup_has_the_age_of_what_it_holds(tmp_path):
    repository, hour = Repository(tmp_path / "backups"), timedelta(hours=1)
    backup_sets.add_set(repository)
    age = BackupAge(repository)

    assert age.at(backup_sets.AS_OF + hour) == hour
    newer = backup_sets.AS_OF + hour
    backup_sets.add_set(repository, set_id="20261125T030000Z-0001", as_of=newer)
    # The folder is not listed every second.
    assert age.at(newer + timedelta(seconds=1)) == hour + timedelta(seconds=1)
    assert age.at(newer + timedelta(seconds=40)) == timedelta(seconds=40)


def test_who_watches_the_servers_judges_the_age(tmp_path, monkeypatch):
    repository, ledger, ages = Repository(tmp_path / "backups"), Ledger(), []
    manifest = backup_sets.add_set(repository)
    look = snapshot(primary())
    ledger.is_leader = True

    def measure(*_, backup_age, **__):
        ages.append(backup_age)
        return ()

    monkeypatch.setattr(sampling.alerts, "measure", measure)
    observer = SimpleNamespace(look=lambda: look)

    Sampler(observer, ledger, backups=BackupAge(repository)).watch()

    assert ages == [max(timedelta(), look.taken_at - manifest.as_of)]
