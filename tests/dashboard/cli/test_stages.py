"""What the launcher prints, to a terminal or a log that may be gone."""

import subprocess
import sys
from pathlib import Path

import pytest

_REPORT = """
import os, typer
from dashboard.cli.launching.stages import Stages, outliving

Stages(outliving(typer.echo)).warn("The clinic is open here.")
# What could not be written is not tried again at the end.
os._exit(0)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_disk_without_room_for_the_log_does_not_end_what_is_reported():
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            (sys.executable, "-c", _REPORT),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (0, "")
