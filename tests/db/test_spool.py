"""What is kept on this machine's disk outlives its process, and opens only here."""

import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from db import spool_database
from db.files.file_keys import FileKeys
from db.spool import RecordRefused, Spool, SpoolUnavailable
from tests.kit.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
# Keeps records endlessly, and prints which of them are kept.
KEEPING = """
import sys
from itertools import count
from pathlib import Path
from db.files.file_keys import FileKeys
from db.spool import Spool
spool = Spool(Path(sys.argv[1]), FileKeys(Path(sys.argv[2])))
for number in count():
    spool.append(str(number).encode())
    print(number, flush=True)
"""


@pytest.fixture
def keys(tmp_path):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    keys.seal(b"", "so that they are made")
    return keys


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def spool(folder, keys):
    return Spool(folder, keys)


def taken(spool):
    records = []
    spool.empty_into(records.append)
    return records


def database(folder):
    return sqlite3.connect(folder / "records.sqlite3", isolation_level=None)


def damaged(folder):
    return list(folder.glob("*.damaged"))


def test_what_is_kept_is_taken_once_in_its_order(spool):
    for record in (b"one", b"two", b"three"):
        spool.append(record)

    assert taken(spool) == [b"one", b"two", b"three"]
    assert taken(spool) == []
    assert spool.is_empty


def test_a_folder_that_nobody_has_made_is_empty(spool):
    assert spool.is_empty
    assert taken(spool) == []


def test_it_is_on_the_disk_before_append_returns(spool, monkeypatch):
    opened, begin = [], sqlite3.connect

    def connect(*arguments, **options):
        opened.append(begin(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(spool_database.sqlite3, "connect", connect)
    spool.append(b"one")

    # With these settings SQLite calls fsync after each commit.
    (connection,) = opened
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_nobody_else_may_read_it_and_whoever_does_sees_nothing(spool, folder):
    spool.append(b"Ada Lovelace")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} >= {
        "records.sqlite3",
        "records.sqlite3-wal",
    }
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"Ada Lovelace" not in path.read_bytes()


def test_what_a_killed_process_kept_is_taken_by_another(spool, folder):
    argument = [sys.executable, "-c", KEEPING, folder, folder.parent / "file.keys"]

    with subprocess.Popen(argument, cwd=ROOT, stdout=subprocess.PIPE) as keeping:
        answered = [keeping.stdout.readline().strip() for _ in range(20)]
        keeping.kill()
        answered += keeping.stdout.read().split()

    # A record without an answer may be there; all that were answered are.
    records = taken(spool)
    assert records[: len(answered)] == answered
    assert len(records) <= len(answered) + 1


@pytest.mark.parametrize("lost", [1, 20, 34], ids=lambda n: f"{n} bytes")
def test_half_a_last_record_costs_no_other(spool, folder, keys, lost):
    for record in (b"one", b"two"):
        spool.append(record)
    cut = folder.with_name("cut")
    shutil.copytree(folder, cut)
    log = cut / "records.sqlite3-wal"
    log.write_bytes(log.read_bytes()[:-lost])

    rest = Spool(cut, keys)
    assert taken(rest) == [b"one"]
    assert rest.is_empty


def test_a_record_that_is_refused_stays_and_those_behind_it_are_taken(spool, caplog):
    records = []
    for record in (b"one", b"two", b"three"):
        spool.append(record)

    def take(record):
        if record == b"two":
            raise RecordRefused("it is too large")
        records.append(record)

    assert spool.empty_into(take) == 2
    assert records == [b"one", b"three"]
    assert "it is too large" in caplog.text
    assert taken(spool) == [b"two"]


def test_what_could_not_be_taken_waits_on(spool):
    spool.append(b"one")
    spool.append(b"two")

    def fail(record):
        if record == b"two":
            raise LookupError

    with pytest.raises(LookupError):
        spool.empty_into(fail)

    assert taken(spool) == [b"two"]


def test_what_was_taken_before_one_that_could_not_be_is_gone(spool):
    for number in range(250):
        spool.append(str(number).encode())
    given = []

    def fail(record):
        if record == b"120":
            raise LookupError
        given.append(record)

    with pytest.raises(LookupError):
        spool.empty_into(fail)

    assert given == [str(number).encode() for number in range(120)]
    assert taken(spool) == [str(number).encode() for number in range(120, 250)]


def test_records_are_deleted_many_at_a_time_and_none_before_it_was_taken(
    spool, folder, keys
):
    for number in range(250):
        spool.append(str(number).encode())
    seen, waits = [], set()

    def take(record):
        seen.append(record)
        left = 250 - Spool(folder, keys).waiting().records
        assert left < len(seen)
        waits.add(left)

    assert spool.empty_into(take) == 250
    assert waits == {0, 100, 200}


def test_what_a_living_process_keeps_is_taken_by_another_once(spool, folder, keys):
    other = Spool(folder, keys)
    spool.append(b"ours")
    other.append(b"theirs")

    assert taken(other) == [b"ours", b"theirs"]
    assert taken(spool) == []


def test_several_processes_keep_at_a_time(folder, keys):
    spools = [Spool(folder, keys) for _ in range(4)]

    def keep(number):
        for place in range(10):
            spools[number].append(f"{number} {place}".encode())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(keep, range(4)))

    assert len(set(taken(spools[0]))) == 40


def brought(spool, records):
    """Keep each record in a thread of its own, all at once; return their failures."""
    database = spool._database
    with ThreadPoolExecutor(len(records)) as threads:
        # As if the first one were waiting for the disk, until all of them have come.
        with database._guard:
            keeping = [threads.submit(spool.append, record) for record in records]
            eventually(lambda: len(database._brought) == len(records))
        return [each.exception(30) for each in keeping]


def test_what_many_threads_keep_meanwhile_is_kept_by_one_transaction(spool):
    spool.append(b"first")
    records, said = [str(number).encode() for number in range(20)], []
    spool._database._connection.set_trace_callback(said.append)

    failures = brought(spool, records)

    assert not any(failures)
    assert said.count("COMMIT") == 1
    assert sorted(taken(spool)) == sorted([b"first", *records])


def test_one_that_is_too_long_keeps_no_other_from_being_kept(folder, keys):
    spool = Spool(folder, keys, max_megabytes=1)
    fitting = [b"x" * length for length in range(1, 10)]

    failures = brought(spool, [*fitting[:5], b"y" * 1_200_000, *fitting[5:]])

    assert [type(failure) for failure in failures if failure] == [SpoolUnavailable]
    assert failures[5] is not None
    assert sorted(taken(spool)) == fitting


def test_what_is_taken_by_two_at_a_time_counts_once(spool, folder, keys):
    spool.append(b"one")
    other = Spool(folder, keys)
    counts = []

    spool_count = spool.empty_into(lambda _: counts.append(other.empty_into(id)))

    assert [*counts, spool_count] == [1, 0]


def test_what_was_sealed_with_a_key_that_is_gone_waits_for_it(spool, folder, keys):
    spool.append(b"one")
    spool.close()
    right = keys.path.read_bytes()
    keys.path.unlink()
    stranger = Spool(folder, FileKeys(keys.path, may_be_made=True))

    assert taken(stranger) == []
    keys.path.write_bytes(right)
    assert taken(Spool(folder, FileKeys(keys.path))) == [b"one"]


def test_what_waits_for_its_key_keeps_no_other_from_being_taken(
    spool, folder, keys, caplog
):
    spool.append(b"one")
    spool.close()
    keys.path.rename(keys.path.with_suffix(".away"))
    other = Spool(folder, FileKeys(keys.path, may_be_made=True))
    other.append(b"two")

    assert taken(other) == [b"two"]
    assert not other.is_empty
    assert "has no key" in caplog.text


def test_why_many_records_wait_is_logged_once(spool, folder, keys, caplog):
    for _ in range(250):
        spool.append(b"one")
    spool.close()
    keys.path.rename(keys.path.with_suffix(".away"))
    another = FileKeys(keys.path, may_be_made=True)
    another.seal(b"", "so that they are made")

    assert taken(Spool(folder, another)) == []
    assert caplog.text.count("Records in the spool are waiting") == 1


def test_what_somebody_changed_is_set_aside_and_the_rest_is_taken(spool, folder):
    for record in (b"one", b"two", b"three"):
        spool.append(record)
    with closing(database(folder)) as connection:
        ((sealed,),) = connection.execute("SELECT sealed FROM records WHERE id = 2")
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute("UPDATE records SET sealed = ? WHERE id = 2", (changed,))
    counted = []

    assert spool.empty_into(counted.append) == 2

    assert counted == [b"one", b"three"]
    assert spool.is_empty
    (aside,) = damaged(folder)
    assert aside.read_bytes() == changed
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600


def test_a_record_opens_in_its_own_place_only(spool, folder):
    spool.append(b"aaa")
    spool.append(b"bbb")
    with closing(database(folder)) as connection:
        ((first,), (second,)) = connection.execute(
            "SELECT sealed FROM records ORDER BY id"
        )
        swap = "UPDATE records SET sealed = ? WHERE id = ?"
        connection.executemany(swap, [(second, 1), (first, 2)])

    assert taken(spool) == []
    assert len(damaged(folder)) == 2


@contextmanager
def disk_of(size):
    """Limit the size of this process's files, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_takes_nothing_and_loses_nothing(spool, folder):
    spool.append(b"one")

    size = max(path.stat().st_size for path in folder.iterdir())
    with disk_of(size + 10), pytest.raises(SpoolUnavailable, match="on the disk"):
        spool.append(b"two" * 100_000)

    # A record that could not be written whole is not written at all.
    spool.append(b"three")
    assert taken(spool) == [b"one", b"three"]


def test_its_folder_has_a_bound(folder, keys):
    spool = Spool(folder, keys, max_megabytes=1)
    spool.append(b"x" * 900_000)

    with pytest.raises(SpoolUnavailable):
        spool.append(b"y" * 200_000)

    assert len(taken(spool)) == 1
    spool.append(b"y" * 200_000)


def test_without_a_folder_to_write_in_nothing_is_kept(keys, tmp_path):
    (tmp_path / "taken").write_text("This is a file.")

    with pytest.raises(SpoolUnavailable):
        Spool(tmp_path / "taken" / "spool", keys).append(b"one")
