"""The launcher's own child processes, where the system lacks what they need."""

import errno
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from dashboard.cli.launching import children
from dashboard.cli.launching.children import Child
from db.embedded import CannotStart


def test_what_cannot_be_started_again_just_now_is_tried_again(tmp_path, monkeypatch):
    """An error would end the launcher, and with it all servers of the clinic."""
    child, tries = Child("worker", tmp_path / "worker.log"), []

    def start(*_: object, **__: object) -> NoReturn:
        tries.append(1)
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", start)
    child.look_after()
    child.look_after()

    assert (len(tries), child.is_running) == (1, False)
    child.backoff.next_at = 0.0
    child.look_after()
    assert len(tries) == 2


def test_one_that_the_system_killed_is_said_to_have_lacked_memory(
    tmp_path, monkeypatch, caplog
):
    """It had no words left itself, and nobody else would tell the clinic."""
    child = Child("worker", tmp_path / "worker.log")
    child.process = subprocess.Popen(["sleep", "20"], stdin=subprocess.PIPE)
    child.process.kill()
    child.process.wait()
    assert "there is no memory left" in children.last_words(child)
    monkeypatch.setattr(Child, "start", lambda _: None)

    child.look_after()

    [record] = caplog.records
    assert record.getMessage().startswith(
        "worker has ended and is started again: it was killed, probably because there "
        "is no memory left: "
    )


def test_one_that_was_stopped_is_started_again_without_a_word(
    tmp_path, monkeypatch, caplog
):
    child, starts = Child("web-2", tmp_path / "web-2.log"), []
    child.process = subprocess.Popen(["sleep", "20"], stdin=subprocess.PIPE)
    monkeypatch.setattr(Child, "start", lambda child: starts.append(child.name))

    children.stop([child])
    child.look_after()

    assert (starts, caplog.records) == (["web-2"], [])


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    """As on a disk that became read-only, or where root has started Chartroom."""
    (tmp_path / "logs").touch()

    with pytest.raises(CannotStart) as refusal:
        Child("worker", tmp_path / "logs" / "worker.log").start()

    assert str(refusal.value).startswith(
        f"Chartroom cannot use the data folder {tmp_path} (not a directory)"
    )
