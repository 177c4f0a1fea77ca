"""The number of waiting records in a spool is known without opening any of them."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from db.files.file_keys import FileKeys
from db.spool import Spool, Waiting


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def spool(folder, file_keys):
    return Spool(folder, file_keys)


def test_nothing_waits_where_nobody_has_kept_anything(folder, spool):
    assert spool.waiting() == Waiting(0, None, 0)
    assert not folder.exists()


def test_records_are_counted_also_while_another_process_adds_to_them(
    folder, spool, file_keys
):
    before = datetime.now(UTC) - timedelta(seconds=1)
    for record in (b"one", b"two", b"three"):
        spool.append(record)

    waiting = Spool(folder, file_keys).waiting()

    assert waiting.records == 3
    assert before <= waiting.oldest_at <= datetime.now(UTC)


def test_it_waits_since_its_first_record_however_often_it_is_added_to(
    folder, spool, file_keys
):
    spool.append(b"one")
    since = spool.waiting().oldest_at
    Spool(folder, file_keys).append(b"two")

    assert spool.waiting() == Waiting(2, since)


def test_nothing_waits_any_more_once_all_of_it_was_taken(spool):
    spool.append(b"one")

    spool.empty_into(lambda _: None)

    assert spool.waiting() == Waiting()


def test_without_the_key_it_waits_and_is_counted(folder, spool, tmp_path):
    spool.append(b"one")
    spool.close()
    another = FileKeys(tmp_path / "another.keys", may_be_made=True)
    another.seal(b"", "so that they are made")
    stranger = Spool(folder, another)

    assert stranger.empty_into(lambda _: None) == 0

    assert stranger.waiting().records == 1


def test_what_somebody_has_changed_is_counted_apart(folder, spool):
    for record in (b"one", b"two"):
        spool.append(record)
    with closing(sqlite3.connect(folder / "records.sqlite3")) as connection, connection:
        connection.execute("UPDATE records SET sealed = zeroblob(60) WHERE id = 2")

    spool.empty_into(lambda _: None)

    assert spool.waiting() == Waiting(0, None, damaged=1)
