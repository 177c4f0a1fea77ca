"""The keys of files: made once, kept private, rotated while they are in use."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from db.files import file_keys
from db.files.file_keys import (
    FileKeys,
    KeyUnknown,
    SealBroken,
    UnusableFileKeys,
    key_of,
)
from db.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
# What another process does that needs the keys, or adds one.
USE = """
import sys
from pathlib import Path
from db.files.file_keys import FileKeys
keys = FileKeys(Path(sys.argv[1]), may_be_made=True)
print(getattr(keys, sys.argv[2])() if sys.argv[2] == "add" else keys.primary)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file that does not exist yet, in a folder that does not exist either."""
    return tmp_path / "secrets/file.keys"


@pytest.fixture
def keys(path: Path) -> FileKeys:
    return FileKeys(path, may_be_made=True)


def in_processes(path: Path, action: str, *, times: int) -> list[int]:
    """Run this action in several processes at once, and return what each prints."""
    command = [sys.executable, "-W", "error", "-c", USE, str(path), action]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=-1)
        for _ in range(times)
    ]
    said = [process.communicate() for process in running]
    assert [error for _, error in said] == [b""] * times
    return [int(words) for words, _ in said]


def test_keys_are_made_once_for_their_owner_only(keys: FileKeys, path: Path):
    assert keys.primary == FileKeys(path, may_be_made=True).primary

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["file.keys"]


def test_processes_that_start_together_agree_on_one_key(path: Path):
    assert len(set(in_processes(path, "primary", times=4))) == 1


def test_of_keys_that_are_added_at_once_none_is_lost(keys: FileKeys, path: Path):
    first = keys.primary

    added = in_processes(path, "add", times=4)

    assert keys.ids == {first, *added}
    assert len(keys.ids) == 5
    assert keys.primary in added


def test_whoever_adds_a_key_is_told_its_own_number(keys: FileKeys, path: Path):
    class Overtaken(FileKeys):
        """Another process adds the next key before this one has looked again."""

        @contextmanager
        def _changing(self) -> Iterator[dict[str, Any]]:
            with super()._changing() as keyset:
                yield keyset
            FileKeys(path).add()

    before = keys.ids
    number = Overtaken(path).add()

    assert number in keys.ids - before
    assert number != keys.primary


def test_threads_that_add_keys_lose_none(keys: FileKeys):
    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(lambda _: keys.add(), range(16)))

    assert len(keys.ids) == 17
    assert len(set(added)) == 16


def test_a_key_file_that_another_thread_has_just_made_is_taken(
    keys: FileKeys, monkeypatch: pytest.MonkeyPatch
):
    stamp = file_keys._stamp

    def look_too_early(_: Path) -> tuple[int, ...]:
        monkeypatch.setattr(file_keys, "_stamp", stamp)
        keys.add()
        raise FileNotFoundError

    monkeypatch.setattr(file_keys, "_stamp", look_too_early)

    assert keys.add() in keys.ids
    assert len(keys.ids) == 3


def test_what_is_sealed_opens_for_its_purpose_only(keys: FileKeys):
    sealed = keys.seal(b"chest pain", "draft 7")

    assert b"chest" not in sealed
    assert keys.unseal(sealed, "draft 7") == b"chest pain"
    with pytest.raises(SealBroken):
        keys.unseal(sealed, "draft 8")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"words that nobody has sealed"])
def test_what_was_never_sealed_is_broken(keys: FileKeys, sealed: bytes):
    with pytest.raises(SealBroken):
        keys.unseal(sealed, "draft 7")


def test_a_new_key_seals_and_old_ones_still_open(keys: FileKeys):
    old = keys.seal(b"x", "draft 7")

    added = keys.add()
    new = keys.seal(b"x", "draft 7")

    assert key_of(new) == added == keys.primary != key_of(old)
    assert keys.unseal(old, "draft 7") == keys.unseal(new, "draft 7") == b"x"


def test_a_running_process_notices_a_new_key(keys: FileKeys, path: Path):
    keys.seal(b"x", "draft 7")

    sealed_elsewhere = FileKeys(path)
    added = sealed_elsewhere.add()

    assert keys.unseal(sealed_elsewhere.seal(b"y", "draft 7"), "draft 7") == b"y"
    assert key_of(keys.seal(b"x", "draft 7")) == added


def test_a_dropped_key_is_unknown_which_is_not_broken(keys: FileKeys, path: Path):
    sealed = keys.seal(b"x", "draft 7")
    keys.add()
    keys.drop(key_of(sealed))

    with pytest.raises(KeyUnknown):
        FileKeys(path).unseal(sealed, "draft 7")


def test_the_key_that_seals_cannot_be_dropped(keys: FileKeys):
    with pytest.raises(ValueError, match="stays"):
        keys.drop(keys.primary)

    assert keys.seal(b"x", "draft 7")


def test_an_exchange_that_is_killed_leaves_the_file_as_it_was(
    keys: FileKeys, path: Path, monkeypatch
):
    assert keys.primary
    before = path.read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        keys.add()

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["file.keys"]


def test_an_exchange_keeps_who_may_read_the_file(keys: FileKeys, path: Path):
    assert keys.primary
    path.chmod(0o640)

    keys.add()

    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_to_the_key_file_stays_one(keys: FileKeys, path: Path, tmp_path: Path):
    assert keys.primary
    link = tmp_path / "link.keys"
    link.symlink_to(path)

    added = FileKeys(link).add()

    assert link.is_symlink()
    assert keys.primary == added


def test_keys_that_are_named_are_never_made(path: Path):
    with pytest.raises(UnusableFileKeys, match="There is no key file"):
        FileKeys(path).seal(b"x", "draft 7")
    with pytest.raises(UnusableFileKeys, match="There is no key file"):
        FileKeys(path).require()

    assert not path.exists()


def test_keys_that_vanish_are_not_made_anew_but_still_open(keys: FileKeys, path: Path):
    sealed = keys.seal(b"x", "draft 7")
    path.unlink()

    with pytest.raises(UnusableFileKeys, match="put it back"):
        keys.seal(b"y", "draft 7")
    assert keys.unseal(sealed, "draft 7") == b"x"
    assert not path.exists()


@pytest.mark.parametrize("is_of_earlier_version", [False, True])
def test_a_later_process_makes_none_in_place_of_those_that_were_lost(
    tmp_path: Path, is_of_earlier_version: bool
):
    """Files sealed with it would be lost once the former file is put back."""
    settings = Settings(data=tmp_path)
    keys = FileKeys.of(settings)
    sealed = keys.seal(b"x", "draft 7")
    if is_of_earlier_version:
        (tmp_path / "file-keys.made").unlink()
        FileKeys.of(settings).require()
    kept = keys.path.rename(tmp_path / "kept")

    for use in (FileKeys.require, lambda keys: keys.seal(b"y", "draft 7")):
        with pytest.raises(UnusableFileKeys, match="although there was one: put it"):
            use(FileKeys.of(settings))

    assert not keys.path.exists()
    kept.rename(keys.path)
    FileKeys.of(settings).require()
    assert FileKeys.of(settings).unseal(sealed, "draft 7") == b"x"


def test_no_keys_are_made_where_the_clinics_folder_was_until_it_was_renamed(
    tmp_path: Path,
):
    """Files sealed with them would be lost with the servers' next start."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    keys = FileKeys.of(Settings(data=folder))
    folder.rename(tmp_path / "renamed")

    with pytest.raises(UnusableFileKeys, match=f"no folder {folder} any more"):
        keys.seal(b"x", "draft 7")

    assert not folder.exists()


def test_requiring_keys_that_may_be_made_makes_none(keys: FileKeys, path: Path):
    keys.require()

    assert not path.exists()


def test_a_key_file_is_made_by_command_only_where_there_is_none(path: Path):
    assert file_keys.make(path)
    first = FileKeys(path).primary

    assert not file_keys.make(path)
    assert FileKeys(path).primary == first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hunter2",
        b"\xff",
        b"{}",
        json.dumps({"primaryKeyId": 1, "key": []}).encode(),
    ],
)
def test_a_file_that_is_no_keyset_is_one_sentence_without_its_content(
    path: Path, content: bytes
):
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(UnusableFileKeys, match="does not contain a keyset") as refusal:
        FileKeys(path).seal(b"x", "draft 7")

    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path):
    with pytest.raises(UnusableFileKeys, match="cannot be used: Is a directory"):
        FileKeys(tmp_path).seal(b"x", "draft 7")
