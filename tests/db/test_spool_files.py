"""What an earlier version kept in files is taken over, sealed as it was."""

import fcntl
import os
from datetime import UTC, datetime

import pytest

from db.files.file_keys import FileKeys
from db.spool import Spool, Waiting

LONG_AGO = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAME = f"{int(LONG_AGO.timestamp())}-a1b2c3"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def spool(folder, file_keys):
    return Spool(folder, file_keys)


@pytest.fixture
def earlier(folder, file_keys):
    """Keep records as before there was a database, and return their file."""

    def keep(*records, name=NAME):
        path = folder / f"{name}.spool"
        for place, record in enumerate(records):
            sealed = file_keys.seal(record, f"spool {name} {place}")
            with path.open("ab") as file:
                file.write(len(sealed).to_bytes(4, "big") + sealed)
        return path

    return keep


def taken(spool):
    records = []
    spool.empty_into(records.append)
    return records


def test_what_an_earlier_version_kept_is_taken_first_and_its_files_are_gone(
    spool, earlier
):
    files = [earlier(b"one", b"two"), earlier(b"three", name="1795219200-d4e5f6")]
    spool.append(b"four")

    assert taken(spool) == [b"one", b"two", b"three", b"four"]
    assert not any(path.exists() for path in files)
    assert taken(spool) == []


def test_it_waits_since_its_file_was_begun(spool, earlier):
    earlier(b"one", b"two")

    assert not spool.is_empty
    assert spool.waiting() == Waiting(2, LONG_AGO)


def test_a_file_of_another_name_is_at_least_as_old_as_its_last_record(spool, earlier):
    path = earlier(b"one", name="a1b2c3")
    os.utime(path, (LONG_AGO.timestamp(),) * 2)

    assert spool.waiting() == Waiting(1, LONG_AGO)


@pytest.mark.parametrize("lost", [1, 20, 34], ids=lambda n: f"{n} bytes")
def test_half_a_last_record_of_a_file_costs_no_other(spool, earlier, lost):
    path = earlier(b"one", b"two")
    path.write_bytes(path.read_bytes()[:-lost])

    assert spool.waiting().records == 1
    assert taken(spool) == [b"one"]


def test_what_somebody_changed_in_a_file_is_set_aside(spool, earlier):
    path = earlier(b"one", b"two", b"three")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    assert taken(spool) == [b"one", b"three"]
    assert spool.waiting() == Waiting(damaged=1)


def test_a_file_whose_key_is_gone_waits_for_it(folder, earlier, file_keys, tmp_path):
    earlier(b"one")
    stranger = FileKeys(tmp_path / "another.keys", may_be_made=True)
    stranger.seal(b"", "so that they are made")

    assert taken(Spool(folder, stranger)) == []
    assert taken(Spool(folder, file_keys)) == [b"one"]


def test_a_file_that_is_taken_over_again_after_a_crash_is_there_once(
    folder, spool, earlier, file_keys
):
    path = earlier(b"one")
    content = path.read_bytes()
    assert spool.waiting().records == 1
    # As if the process had died before it could delete the file.
    path.write_bytes(content)

    assert taken(Spool(folder, file_keys)) == [b"one"]


def test_a_file_that_a_living_process_adds_to_is_left_to_it(
    folder, spool, earlier, file_keys
):
    path = earlier(b"one")
    with path.open("rb") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        assert taken(spool) == []
        assert path.exists()

    assert taken(Spool(folder, file_keys)) == [b"one"]
