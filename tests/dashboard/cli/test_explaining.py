"""Sentences in place of tracebacks, whatever the command."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

import pytest
import typer
from psycopg2 import OperationalError
from typer.testing import CliRunner

from dashboard.cli import app, explaining
from dashboard.cli.explaining import explain_errors
from db.postgres import DatabaseUnavailable

NO_FORK = "could not fork new process for connection: Resource temporarily unavailable"
UNMAPPED = "failed to map segment from shared object"
_ROOT = Path(__file__).parents[3]
_LITTLE_MEMORY = 200_000_000


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (RuntimeError("can't start new thread"), "no more processes or threads"),
        (OperationalError(NO_FORK), "no more processes or threads"),
        (DatabaseUnavailable(NO_FORK), "no more processes or threads"),
        (MemoryError(), "no memory left"),
        (ImportError(f"x.so: {UNMAPPED}"), "no memory left"),
        (OSError(errno.EMFILE, "Too many open files"), "no more files"),
    ],
    ids=["thread", "connection", "database", "memory", "library", "files"],
)
def test_what_the_system_gives_no_more_of_is_one_sentence(
    error: Exception, short: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(typer.Exit), explain_errors():
        raise error

    said = capsys.readouterr().err
    assert said.startswith("Chartroom cannot go on: ")
    assert short in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "lack",
    [MemoryError(), ImportError(UNMAPPED), SystemError("error without exception")],
    ids=["memory", "library", "Python"],
)
def test_memory_that_does_not_suffice_for_explaining_is_one_sentence(
    lack: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    def fail(_: Exception) -> NoReturn:
        raise lack

    monkeypatch.setattr(explaining, "_sentence", fail)

    with pytest.raises(typer.Exit), explain_errors():
        raise MemoryError

    assert "no memory left, not even to say" in capsys.readouterr().err


def test_a_start_without_memory_ends_in_a_sentence(tmp_path: Path):
    """It is too little for our libraries, and lies far above what Python needs."""
    outcome = subprocess.run(
        [sys.executable, "-m", "dashboard", "serve", "--data", tmp_path / "data"],
        check=False,
        cwd=_ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (_LITTLE_MEMORY, _LITTLE_MEMORY)
        ),
    )

    assert outcome.returncode == 1
    assert "there is no memory left" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("drill", "nosuch"), "'kind': 'nosuch' is not one of 'switchover', 'crash'"),
        (("token", "--role", "x"), "'--role': 'x' is not one of 'patient', 'staff'"),
        (("seed", "--patients", "many"), "'many' is not a whole number."),
        (("drill", "crash", "--record", "x"), "'x' is not an id (a UUID)."),
        (("endpoints", "--data", ""), "it is empty: name a folder"),
        (("seed", "--patients", "-1"), "'--patients': write a number of at least 0."),
        (("web", "--port", "99999"), "--port: write a number of at most 65535."),
        (("serve", "--servers", "0"), "--servers: write a number of at least 1."),
        (("cluster", "switchover", "--at", "tomorrow"), "'tomorrow' is not a time:"),
        (("cluster", "switchover", "--at", "06:00 h"), "'06:00 h' is not a time:"),
        (("web", "--socket", "/"), "'--socket': file '/' is a directory."),
    ],
    ids=[
        *("kind", "role", "number", "id", "folder", "negative", "port", "servers"),
        *("time", "hour", "socket"),
    ],
)
def test_a_wrong_value_is_refused_in_plain_words(words: tuple[str, ...], said: str):
    # Options become variables, which would stay.
    with patch.dict(os.environ):
        outcome = CliRunner().invoke(app, words)

    assert outcome.exit_code == 2
    # Without the frame around the words.
    assert said in " ".join(outcome.output.replace("│", " ").split())
    assert "Value error" not in outcome.output


def test_another_error_of_ours_is_not_hidden():
    with pytest.raises(RuntimeError), explain_errors():
        raise RuntimeError("a mistake")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", [("--help",), ("new-file-keys", "file.keys")])
def test_output_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, words: tuple[str, ...], unbuffered: str
):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            (sys.executable, "-m", "dashboard", *words),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": unbuffered},
        )

    assert ended.returncode == 1
    assert ended.stderr == (
        "The output could not be written (no space left on device). What the command "
        "did before that stands.\n"
    )
