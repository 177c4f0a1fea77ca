"""Sentences in place of tracebacks, whatever the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]


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
