"""Reads from a disk that does not answer: how long they wait, and what is known."""

import threading
from datetime import UTC, datetime

import pytest

from db.disk_reading import DiskReader, DiskSilent, KeptReading, Seen
from tests.kit.hanging_files import hanging

PATIENCE = 0.2


def readers():
    return [thread for thread in threading.enumerate() if thread.name == "disk"]


def end_of(some):
    for thread in some:
        thread.join(5)


def test_what_was_read_and_what_went_wrong_come_back_to_whoever_asked(tmp_path):
    reader = DiskReader()
    path = tmp_path / "note"

    with pytest.raises(FileNotFoundError):
        reader.read(path.read_text)
    path.write_text("all is well")

    assert reader.read(path.read_text) == "all is well"


class NobodyWaits(threading.Condition):
    """A turn that is refused at once, or there at once."""

    def wait(self, timeout=None):
        raise AssertionError(f"Somebody waits for their turn: {timeout} s.")


def test_one_thread_waits_for_a_disk_that_is_silent_however_many_ask(
    tmp_path, monkeypatch
):
    # Only the first one waits, for the disk; all later ones know already.
    monkeypatch.setattr("db.disk_reading.Condition", NobodyWaits)
    reader, path = DiskReader(PATIENCE), tmp_path / "note"
    before, began_at = readers(), datetime.now(UTC)

    with hanging(path):
        silences = []
        for _ in range(20):
            with pytest.raises(DiskSilent) as silent:
                reader.read(path.read_text)
            silences.append(silent.value.since)
        waiting = [each for each in readers() if each not in before]

        assert len(waiting) == 1
        assert len(set(silences)) == 1
        assert began_at <= silences[0] <= datetime.now(UTC)
    end_of(waiting)
    assert reader.read(lambda: "it is back") == "it is back"


def test_a_disk_that_gets_on_slowly_is_not_taken_for_a_silent_one():
    """Each waits for those before it, together longer than a single one may."""
    reader, answers = DiskReader(patience_seconds=1), []
    slowly = threading.Event()

    def read(number):
        slowly.wait(0.25)
        return number

    threads = [
        threading.Thread(
            target=lambda n=number: answers.append(reader.read(lambda: read(n)))
        )
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    end_of(threads)

    assert sorted(answers) == list(range(6))


def test_what_was_read_last_is_known_while_the_disk_is_silent(tmp_path):
    path = tmp_path / "note"
    path.write_text("14:02")
    kept = KeptReading(path.read_text, DiskReader(PATIENCE))
    assert kept.look() == Seen("14:02")

    with hanging(path):
        seen = kept.look()
        assert seen.value == "14:02"
        assert seen.silent_since is not None
        waiting = readers()
    end_of(waiting)
    path.write_text("14:09")

    assert kept.look() == Seen("14:09")


def test_what_never_answered_is_not_known(tmp_path):
    with hanging(tmp_path / "note"):
        seen = KeptReading((tmp_path / "note").read_text, DiskReader(PATIENCE)).look()

        assert seen.value is None
        assert seen.silent_since is not None
        waiting = readers()
    end_of(waiting)
