"""The backup from which one goes back to a time: the newest whole one."""

import shutil
from datetime import timedelta

import pytest

from db.backups.backup_errors import SetBroken
from db.backups.log.segments import SEGMENT_BYTES
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.postgres import Lsn
from jobs.backups.routes import route_to
from tests.jobs.backups import samples
from tests.kit import backup_logs, backup_sets

HOUR = timedelta(hours=1)
AT = backup_sets.AS_OF + 2 * HOUR


@pytest.fixture
def keys(tmp_path):
    return FileKeys(tmp_path / "file.keys", may_be_made=True)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "backups")


@pytest.fixture
def chain(repository, keys):
    """A full set and an incremental one, an hour and a segment of log later."""
    full = backup_sets.add_sealed_set(repository, keys)
    later = backup_sets.add_sealed_set(
        repository,
        keys,
        set_id="20261125T030000Z-0002",
        as_of=backup_sets.AS_OF + HOUR,
        reached_lsn=str(Lsn(3 * SEGMENT_BYTES + 100)),
        based_on=backup_sets.based_on(full),
    )
    return full, later


@pytest.fixture
def archive(repository, keys, chain):
    archive = backup_logs.archive_of(repository, keys)
    for number, hours in ((2, 1), (3, 2), (4, 3)):
        backup_logs.add_piece(archive, number, backup_sets.AS_OF + hours * HOUR)
    backup_logs.note(archive, backup_sets.AS_OF + 3 * HOUR)
    return archive


def numbers(route):
    return sorted(piece.segment.number for piece in route.pieces)


def base_of(repository, manifest):
    return repository.set_folder(manifest.set_id) / "base"


def test_the_newest_before_the_time_is_taken(repository, archive, chain):
    route = route_to(repository, archive, AT)

    assert (route.manifest, numbers(route)) == (chain[1], [3, 4])
    assert route.passed_over == ()


def test_one_that_is_damaged_is_passed_over_for_one_that_is_whole_and_named(
    repository, archive, chain
):
    full, later = chain
    samples.flip(base_of(repository, later))

    route = route_to(repository, archive, AT)

    # The very same time, along more of the log.
    assert (route.manifest, route.to, numbers(route)) == (full, AT, [2, 3, 4])
    assert route.passed_over == (f"base of backup {later.set_id} was changed.",)
    # Without a time the newest backup was asked for, and no other will do.
    assert route_to(repository, archive, None).manifest == later


def test_where_none_is_whole_the_newest_is_told_of(repository, archive, chain):
    samples.flip(base_of(repository, chain[0]))

    with pytest.raises(SetBroken) as refused:
        route_to(repository, archive, AT)

    assert str(refused.value) == f"base of backup {chain[0].set_id} was changed."


def test_one_that_lacks_its_base_leads_nowhere(repository, archive, chain, keys):
    at = backup_sets.AS_OF + 90 * timedelta(minutes=1)
    last = backup_sets.add_sealed_set(
        repository,
        keys,
        set_id="20261125T033000Z-0003",
        as_of=at,
        reached_lsn=str(Lsn(3 * SEGMENT_BYTES + 900)),
        based_on=backup_sets.based_on(chain[1]),
    )
    shutil.rmtree(repository.set_folder(chain[1].set_id))

    route = route_to(repository, archive, AT)

    assert route.manifest == chain[0]
    assert route.passed_over == (f"Backup {last.set_id} cannot be restored.",)
    # For a time before it, it does not matter.
    assert route_to(repository, archive, AT - HOUR).passed_over == ()


def test_where_log_is_missing_no_older_one_helps(repository, archive, chain):
    for path in archive.folder.glob("000000010000000000000003.*"):
        path.unlink()

    with pytest.raises(SetBroken, match=r"segment 0+10+3 is missing"):
        route_to(repository, archive, AT)
