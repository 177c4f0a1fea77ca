"""A drill of a real clinic: what it proves, and that it reports every difference."""

import itertools
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from sqlalchemy import select

from db.backups.backup_errors import (
    CannotRestore,
    CheckSkipped,
    SetBroken,
    TableLocked,
)
from db.backups.log.windows import BackupWindow
from db.backups.repository import Repository
from db.backups.sandbox import Sandbox
from db.embedded.processes import child_processes
from db.files.seal_keys import SealKeyFile
from db.models.document import Document
from db.postgres import SYSTEM
from jobs.backups.drills import practising
from jobs.backups.drills.practising import choose_second, practise
from jobs.backups.taking import take
from services.backups import ledger
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from services.documents import retention
from tests.jobs.backups import samples
from tests.jobs.backups.log_samples import back_up_twice, keeping
from tests.kit import backup_sets, cast
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def kept(clinic, repository, seal_keys):
    """A clinic whose log goes on after a backup, and is sealed."""
    with keeping(clinic, repository) as keeper:
        back_up_twice(clinic, repository, keeper, seal_keys)
        yield clinic


@pytest.fixture
def newest_alone(monkeypatch):
    """Skip the restore of any second in a drill; other tests are about that."""
    monkeypatch.setattr(
        practising.Practising, "restore_any", lambda _, window: window.since
    )


def drill(clinic, repository, seal_keys):
    return practise(clinic.source, repository, seal_keys)


def test_any_second_and_the_newest_are_restored_and_compared(
    kept, repository, seal_keys
):
    kept.database.write(cast.add_demo, identity=SYSTEM)
    began = datetime.now(UTC)

    proof = drill(kept, repository, seal_keys)

    sets = repository.survey().sets
    oldest, newest = sets[0], sets[-1]
    assert proof.is_compared
    assert proof.as_of > began > newest.as_of
    assert oldest.as_of <= proof.drill.any_second <= proof.as_of
    assert proof.files == len(samples.FILES) + 1
    assert 0 < proof.drill.rto_seconds < proof.seconds
    assert proof.drill.rpo_seconds < 60
    assert proof.drill.restored_bytes > newest.database_bytes
    assert repository.last_proof() == proof
    place = kept.source.folder.path / "drill"
    assert not place.exists()
    assert not child_processes.find(place)


def test_rows_that_no_replica_had_are_named(
    kept, repository, seal_keys, newest_alone, monkeypatch
):
    digest = practising.digest_replica

    def other(url, written):
        if (digested := digest(url, written)) is None:
            return None
        place, tables = digested
        return place, tables | {"public.users": tables["public.documents"]}

    monkeypatch.setattr(practising, "digest_replica", other)

    with pytest.raises(SetBroken, match=r"restores other rows .*, in public.users\.$"):
        drill(kept, repository, seal_keys)


def test_an_index_that_lacks_a_row_is_named(
    kept, repository, seal_keys, newest_alone, monkeypatch
):
    promote = Sandbox.promote

    def damage(sandbox, url):
        promote(sandbox, url)
        mark = (
            "UPDATE pg_index SET indisready = {} "
            "WHERE indexrelid = 'lonely_n'::regclass"
        )
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE lonely AS SELECT 1 AS n")
                cursor.execute("CREATE INDEX lonely_n ON lonely (n)")
                cursor.execute(mark.format("false"))
                cursor.execute("INSERT INTO lonely VALUES (2)")
                cursor.execute(mark.format("true"))

    monkeypatch.setattr(Sandbox, "promote", damage)

    with pytest.raises(SetBroken, match=r"indexes do not belong together: .*lonely_n"):
        drill(kept, repository, seal_keys)


def test_seals_of_another_key_are_told_of(kept, repository, tmp_path):
    other = SealKeyFile(tmp_path / "audit.key", may_be_made=True).read_or_make()

    with pytest.raises(SetBroken, match="not sealed as it was: The seal of"):
        drill(kept, repository, other)


def purge_the_newest(session):
    newest = select(Document.id).order_by(Document.created_at.desc()).limit(1)
    ids = session.scalars(newest).all()
    retention.replay_purges(session, ids)
    about = {"subject": ("document", ids[0])}
    audit.record(session, KEEPER, Action.DOCUMENT_PURGE, **about)
    return ids[0]


def test_what_was_purged_since_is_purged_again_or_the_drill_says_so(
    kept, repository, seal_keys, monkeypatch
):
    practice = practising.Practising.of(kept.source, repository, seal_keys)
    kept.file(b"%PDF to be purged")
    second = datetime.now(UTC)
    purged = kept.database.write(purge_the_newest, identity=SYSTEM).value
    kept.ship()
    eventually(lambda: practice.find_window().until > second)
    monkeypatch.setattr(practising, "choose_second", lambda _: second)
    replayed = []
    find = ledger.list_brought_back

    def finding(session, since):
        replayed.append(since)
        return find(session, since)

    monkeypatch.setattr(ledger, "list_brought_back", finding)

    assert practice.restore_any(practice.find_window()) == second

    assert purged in replayed[0].purged
    monkeypatch.setattr(retention, "replay_purges", lambda *_: 0)
    with pytest.raises(SetBroken, match=f"would bring back .*: {purged}"):
        practice.restore_any(practice.find_window())


def test_a_restored_clinic_that_pages_could_not_read_is_told_of(
    kept, repository, seal_keys, monkeypatch
):
    practice = practising.Practising.of(kept.source, repository, seal_keys)
    promote = Sandbox.promote

    def shut(sandbox, url):
        promote(sandbox, url)
        with closing(psycopg2.connect(url)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(
                    "REVOKE SELECT ON everyone.documents FROM chartroom_staff"
                )
            connection.commit()

    monkeypatch.setattr(Sandbox, "promote", shut)

    with pytest.raises(SetBroken, match="does not list its documents as pages do"):
        practice.restore_any(practice.find_window())


def test_without_a_replica_to_compare_with_it_is_skipped_and_no_proof(
    kept, repository, seal_keys, newest_alone, monkeypatch
):
    before = repository.last_proof()
    monkeypatch.setattr(practising, "digest_replica", lambda *_: None)

    with pytest.raises(CheckSkipped, match="were compared with nothing"):
        drill(kept, repository, seal_keys)

    assert repository.last_proof() == before


def test_a_log_that_stands_still_is_skipped(
    kept, repository, seal_keys, newest_alone, monkeypatch
):
    monkeypatch.setattr(practising, "_LOG_SECONDS", 0.0)

    with pytest.raises(CheckSkipped, match="did not come as far as the clinic"):
        drill(kept, repository, seal_keys)


def test_a_flipped_bit_is_named(kept, repository, seal_keys, tmp_path, monkeypatch):
    # For the seconds before the newest backup, that backup is not used.
    monkeypatch.setattr(
        practising,
        "choose_second",
        lambda window: window.until - timedelta(microseconds=1),
    )
    damaged = samples.copy_of(repository, tmp_path / "copy")
    newest = damaged.survey().newest
    samples.flip(damaged.set_folder(newest.set_id) / "base")

    with pytest.raises(SetBroken, match=r"^base of backup .* was changed.$"):
        drill(kept, damaged, seal_keys)


def test_seconds_at_which_a_table_was_locked_are_left_for_others(
    kept, repository, seal_keys, monkeypatch
):
    practice = practising.Practising(kept.source, repository, None, seal_keys)
    window = BackupWindow(backup_sets.AS_OF, backup_sets.AS_OF + timedelta(hours=1))
    monkeypatch.setattr(practising, "route_to", lambda _, __, to: to)
    fails = itertools.chain([True, True], itertools.repeat(False))
    tried = []

    def restore(_, route):
        tried.append(route)
        if next(fails):
            raise TableLocked

    monkeypatch.setattr(practising.Practising, "_restore", restore)
    assert practice.restore_any(window) == tried[2]

    fails = itertools.repeat(True)
    with pytest.raises(CheckSkipped, match="at each of 3 seconds"):
        practice.restore_any(window)


def test_without_log_there_is_no_second_to_go_to(kept, tmp_path, seal_keys):
    repository = Repository(tmp_path / "backups")
    repository.claim(kept.source.folder.system_id())
    take(kept.source, repository)

    with pytest.raises(CannotRestore, match="No log leads on from any backup yet"):
        drill(kept, repository, seal_keys)


def test_every_second_of_a_window_can_be_chosen_and_none_outside():
    window = BackupWindow(backup_sets.AS_OF, backup_sets.AS_OF + timedelta(seconds=3))

    def all_seen():
        return {choose_second(window) - window.since for _ in range(200)}

    seconds = [timedelta(seconds=each) for each in range(3)]
    assert eventually(all_seen, lambda seen: seen == set(seconds))
