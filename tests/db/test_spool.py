"""What is kept on this machine's disk outlives its process, and opens only here."""

import resource
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from db import spool as spools
from db.files.file_keys import FileKeys
from db.spool import Spool, SpoolUnavailable

ROOT = Path(__file__).resolve().parents[2]
# Keeps "first", then dies at the worst moment of keeping "second".
DYING = """
import os, signal, sys
from pathlib import Path
from db.files.file_keys import FileKeys
from db.spool import Spool
spool = Spool(Path(sys.argv[1]), FileKeys(Path(sys.argv[2])))
spool.append(b"first")
setattr(os, sys.argv[3], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
spool.append(b"second")
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


def only_file(folder):
    (path,) = folder.iterdir()
    return path


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
    calls = []
    for name in ("write", "fsync"):
        known = getattr(spools.os, name)
        monkeypatch.setattr(
            spools.os,
            name,
            lambda *args, known=known, name=name: calls.append(name) or known(*args),
        )

    spool.append(b"one")

    assert calls[-2:] == ["write", "fsync"]


def test_nobody_else_may_read_it_and_whoever_does_sees_nothing(spool, folder):
    spool.append(b"Ada Lovelace")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(only_file(folder).stat().st_mode) == 0o600
    assert b"Ada" not in only_file(folder).read_bytes()


@pytest.mark.parametrize(
    ("call", "found"),
    [("write", [b"first"]), ("fsync", [b"first", b"second"])],
    ids=["before writing", "between writing and fsync"],
)
def test_what_a_killed_process_kept_is_taken_by_another(spool, folder, call, found):
    argument = [str(folder), str(folder.parent / "file.keys"), call]

    died = subprocess.run(
        [sys.executable, "-c", DYING, *argument], check=False, cwd=ROOT
    )

    assert died.returncode == -signal.SIGKILL
    # What was never answered for may be there; what was, is.
    assert taken(spool) == found


@pytest.mark.parametrize("lost", [1, 20, 34], ids=lambda n: f"{n} bytes")
def test_half_a_last_record_costs_no_other(spool, folder, lost):
    for record in (b"one", b"two"):
        spool.append(record)
    spool.close()
    whole = only_file(folder).read_bytes()
    only_file(folder).write_bytes(whole[:-lost])

    assert taken(spool) == [b"one"]
    assert spool.is_empty


def test_what_could_not_be_taken_waits_on(spool):
    spool.append(b"one")
    spool.append(b"two")

    def fail(record):
        if record == b"two":
            raise LookupError

    with pytest.raises(LookupError):
        spool.empty_into(fail)

    # Taken twice: whoever takes it bears that.
    assert taken(spool) == [b"one", b"two"]


def test_a_file_that_a_living_process_adds_to_is_left_to_it(spool, folder, keys):
    other = Spool(folder, keys)
    spool.append(b"ours")

    assert taken(other) == []
    assert not other.is_empty
    spool.close()
    assert taken(other) == [b"ours"]


def test_two_processes_have_two_files(spool, folder, keys):
    other = Spool(folder, keys)
    spool.append(b"ours")
    other.append(b"theirs")

    assert len(list(folder.iterdir())) == 2
    assert taken(other) == [b"theirs"]


def test_what_was_sealed_with_a_key_that_is_gone_waits_for_it(spool, folder, keys):
    spool.append(b"one")
    spool.close()
    right = keys.path.read_bytes()
    keys.path.unlink()
    stranger = Spool(folder, FileKeys(keys.path, may_be_made=True))

    assert taken(stranger) == []
    keys.path.write_bytes(right)
    assert taken(Spool(folder, FileKeys(keys.path))) == [b"one"]


def test_what_somebody_changed_is_set_aside_and_the_rest_is_taken(spool, folder):
    for record in (b"one", b"two", b"three"):
        spool.append(record)
    spool.close()
    path = only_file(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    assert taken(spool) == [b"one", b"three"]
    assert spool.is_empty
    assert only_file(folder).suffix == ".damaged"


def test_a_record_opens_in_its_own_place_only(spool, folder):
    spool.append(b"aaa")
    spool.append(b"bbb")
    spool.close()
    path = only_file(folder)
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(content[half:] + content[:half])

    assert taken(spool) == []


@contextmanager
def disk_of(size):
    """Let no file of this process grow any larger, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_takes_nothing_and_loses_nothing(spool, folder):
    spool.append(b"one")

    size = only_file(folder).stat().st_size
    with disk_of(size + 10), pytest.raises(SpoolUnavailable):
        spool.append(b"two" * 100)

    # What could not be written whole is not written at all.
    assert only_file(folder).stat().st_size == size
    spool.append(b"three")
    assert sorted(taken(spool)) == [b"one", b"three"]


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
