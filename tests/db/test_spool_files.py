"""How much waits in a spool is told without opening any of it."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from db.files.file_keys import FileKeys
from db.spool import Spool
from db.spool_files import Waiting, waiting

LONG_AGO = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def spool(folder, file_keys):
    return Spool(folder, file_keys)


def begun_at(folder, moment):
    """Let the only file there have been begun at another time."""
    (path,) = folder.iterdir()
    rest = path.name.partition("-")[2]
    path.rename(path.with_name(f"{int(moment.timestamp())}-{rest}"))


def test_nothing_waits_where_nobody_has_kept_anything(folder, spool):
    assert waiting(folder) == spool.waiting() == Waiting(0, None, 0)


def test_records_are_counted_also_while_their_file_is_added_to(folder, spool):
    before = datetime.now(UTC) - timedelta(seconds=1)
    for record in (b"one", b"two", b"three"):
        spool.append(record)

    told = waiting(folder)

    assert told.records == 3
    assert before <= told.oldest_at <= datetime.now(UTC)


def test_it_waits_since_its_file_was_begun_however_often_it_is_added_to(
    folder, spool, file_keys
):
    spool.append(b"one")
    spool.close()
    begun_at(folder, LONG_AGO)
    another = Spool(folder, file_keys)
    another.append(b"two")

    assert waiting(folder) == Waiting(2, LONG_AGO)


def test_a_file_of_another_name_is_at_least_as_old_as_its_last_record(folder, spool):
    spool.append(b"one")
    spool.close()
    (path,) = folder.iterdir()
    other = path.rename(path.with_name("a1b2c3.spool"))
    os.utime(other, (LONG_AGO.timestamp(),) * 2)

    assert waiting(folder) == Waiting(1, LONG_AGO)


def test_nothing_waits_any_more_once_all_of_it_was_taken(folder, spool):
    spool.append(b"one")

    spool.empty_into(lambda _: None)

    assert waiting(folder) == Waiting()


def test_without_the_key_it_waits_and_is_counted(folder, spool, tmp_path):
    spool.append(b"one")
    spool.close()
    another = FileKeys(tmp_path / "another.keys", may_be_made=True)
    another.seal(b"", "so that they are made")

    assert Spool(folder, another).empty_into(lambda _: None) == 0

    assert waiting(folder).records == 1


def test_what_somebody_has_changed_is_counted_apart(folder, spool):
    for record in (b"one", b"two"):
        spool.append(record)
    spool.close()
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    spool.empty_into(lambda _: None)

    assert waiting(folder) == Waiting(0, None, damaged=1)


def test_half_a_last_record_is_not_counted(folder, spool):
    spool.append(b"one")
    spool.append(b"two")
    spool.close()
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1])

    assert waiting(folder).records == 1
