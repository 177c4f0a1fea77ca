"""What is not an archive is refused with a sentence; no sandbox leaves anything."""

import gzip
import io
import os
import shutil
import subprocess
import tarfile
import zlib

import pytest

from db.backups import sandbox
from db.backups.backup_errors import CannotRestore, SetBroken
from db.backups.sandbox import Sandbox, SandboxName, alone, discard_abandoned, unpacked
from db.backups.sealing import SetSeal
from db.embedded import DataFolder
from db.embedded.processes import programs
from db.files.ciphers import FileCipher
from tests.kit.waiting import eventually


def changed(at):
    """Return an archive in which a block of an unknown type begins."""
    archive = io.BytesIO()
    with tarfile.open(mode="w", fileobj=archive) as tar:
        entry = tarfile.TarInfo("PG_VERSION")
        entry.size = 1_000_000
        tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
    packing = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    before = packing.compress(archive.getvalue()[:at])
    return before + packing.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 100


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no archive at all", id="not compressed"),
        pytest.param(gzip.compress(b"no archive"), id="no archive within"),
        pytest.param(changed(500_000)[:-100], id="too short"),
        pytest.param(changed(0), id="changed in the beginning"),
        pytest.param(changed(500_000), id="changed in the middle"),
    ],
)
def test_what_is_no_archive_is_named(tmp_path, content):
    seal = SetSeal("7", "20261126T000000Z-0000", FileCipher.new())
    objects, folder = tmp_path / "objects", DataFolder(tmp_path / "data")
    objects.mkdir()
    folder.path.mkdir()
    with seal.writing(objects / "base") as sink:
        sink.write(content)
        sink.finish()

    with (
        pytest.raises(SetBroken, match=r"^The backup's base is no archive\.$"),
        unpacked(folder, programs.find(folder.path), seal, objects),
    ):
        pass

    assert not (folder.path / "sandbox").exists()


def test_a_disk_that_takes_no_more_log_is_told_of_as_that(tmp_path):
    """And not as backups that cannot be read."""
    full = Sandbox(tmp_path / "drill", programs.find(tmp_path), "")

    with pytest.raises(CannotRestore, match=r"cannot be unpacked in .*/drill"):
        full.add_log("000000010000000000000002", b"")


@pytest.fixture
def postgres():
    """A program that runs, in PostgreSQL's place."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def await_replay(tmp_path, postgres, looks):
    """Wait for a PostgreSQL to be where it should be, which each look shows or not."""
    waiting = Sandbox(tmp_path / "drill", programs.find(tmp_path), "")
    seen = iter(looks)
    waiting._await(
        postgres, "postgres", lambda: next(seen), has_passwords=lambda: False
    )


def test_replay_may_take_as_long_as_it_gets_on(tmp_path, postgres, monkeypatch):
    segments = iter(f"0000000100000000000000{number:02X}" for number in range(3))
    monkeypatch.setattr(sandbox, "_START_SECONDS", 0.0)
    monkeypatch.setattr(sandbox, "replayed_segment", lambda _: next(segments))

    await_replay(tmp_path, postgres, [False, False, True])

    assert next(segments, None) is None


@pytest.mark.parametrize("segment", [None, "000000010000000000000002"])
def test_replay_that_stands_still_is_given_up(tmp_path, postgres, monkeypatch, segment):
    monkeypatch.setattr(sandbox, "_START_SECONDS", 0.0)
    monkeypatch.setattr(sandbox, "replayed_segment", lambda _: segment)

    with pytest.raises(SetBroken, match="did not start within two minutes"):
        await_replay(tmp_path, postgres, [False, False, True])


def test_what_is_replayed_is_read_from_the_title_of_a_process():
    title = "postgres: chartroom: startup recovering 0000000A00000000000000FF"
    assert sandbox.replayed_segment(os.getpid()) is None

    with subprocess.Popen([title, "600"], executable=shutil.which("sleep")) as process:
        segment = eventually(lambda: sandbox.replayed_segment(os.getpid()))
        process.kill()

    assert segment == "0000000A00000000000000FF"


def test_what_a_killed_restore_left_is_thrown_away_and_no_other_s(tmp_path):
    folder = DataFolder(tmp_path / "data")
    for name in (*SandboxName, "postgres"):
        (folder.path / name / "data").mkdir(parents=True)
    with alone(folder.path / SandboxName.DRILL):
        (folder.path / SandboxName.DRILL).mkdir()

        discard_abandoned(folder)

    left = {path.name for path in folder.path.iterdir() if path.is_dir()}
    # For a sandbox that is going back, a start decides by how far it had come.
    assert left == {"postgres", SandboxName.DRILL, SandboxName.GOING_BACK}
