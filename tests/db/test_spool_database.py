"""A spool with a malformed database reports it, and continues with what is readable."""

import shutil

import pytest

from db.spool import Spool

RECORDS = [f"record {number}".encode() * 50 for number in range(200)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def spool(folder, file_keys):
    """Many records to which none are added."""
    spool = Spool(folder, file_keys)
    for record in RECORDS:
        spool.append(record)
    spool.close()
    return spool


def overwrite(folder, start, length):
    path = folder / "records.sqlite3"
    content = bytearray(path.read_bytes())
    content[start : start + length] = b"\xff" * length
    path.write_bytes(content)


def taken(spool):
    records = []
    spool.empty_into(records.append)
    return records


def test_all_but_a_page_that_was_overwritten_is_taken(spool, folder):
    overwrite(folder, 4096 * 20, 4096)

    records = taken(spool)

    assert len(RECORDS) - 20 < len(records) < len(RECORDS)
    assert records == [record for record in RECORDS if record in set(records)]
    assert spool.waiting().damaged == 1
    assert spool.is_empty


def test_what_is_no_database_any_more_is_set_aside_and_keeping_goes_on(
    spool, folder, caplog
):
    overwrite(folder, 0, 4096)

    spool.append(b"one")

    assert taken(spool) == [b"one"]
    assert spool.waiting().damaged == 1
    assert "malformed" in caplog.text


def test_what_is_kept_while_another_process_sets_the_database_aside_is_kept(
    spool, folder, file_keys
):
    spool.append(b"before")
    other = folder.with_name("aside")
    other.mkdir()
    # As done by another process that has found it malformed.
    for path in folder.iterdir():
        shutil.move(path, other)

    spool.append(b"after")

    assert taken(Spool(folder, file_keys)) == [b"after"]
