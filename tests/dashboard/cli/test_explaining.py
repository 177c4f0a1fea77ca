"""Sentences in place of tracebacks, whatever the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from psycopg2 import OperationalError
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.cli.explaining import explain_errors
from db.postgres import DatabaseUnavailable

NO_FORK = "could not fork new process for connection: Resource temporarily unavailable"
_ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (RuntimeError("can't start new thread"), "no more processes or threads"),
        (OperationalError(NO_FORK), "no more processes or threads"),
        (DatabaseUnavailable(NO_FORK), "no more processes or threads"),
        (MemoryError(), "no memory left"),
    ],
    ids=["thread", "connection", "database", "memory"],
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
    ("words", "said"),
    [
        (("drill", "nosuch"), "'kind': 'nosuch' is not one of 'switchover', 'crash'"),
        (("token", "--role", "x"), "'--role': 'x' is not one of 'patient', 'staff'"),
        (("seed", "--patients", "many"), "'many' is not a whole number."),
        (("drill", "crash", "--record", "x"), "'x' is not an id (a UUID)."),
        (("endpoints", "--data", ""), "it is empty: name a folder"),
    ],
    ids=["kind", "role", "number", "id", "folder"],
)
def test_a_wrong_value_is_refused_in_plain_words(words: tuple[str, ...], said: str):
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
