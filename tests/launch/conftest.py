"""Chartroom started as a person starts it, and the users who start it."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from tests.launch.launcher import ROOT, Launcher, sweep

ONLY_ROOT = "only root may enter the folder of this checkout or of its Python"
# An account that every system has, without special rights.
SOMEBODY = pwd.getpwnam("daemon").pw_uid


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """Makes launchers; whatever still runs at the end of the test is killed."""
    made: list[Launcher] = []

    def make(data: Path | None = None, *options: str, **how: Any) -> Launcher:
        made.append(Launcher(data or tmp_path / "data", *options, **how))
        return made[-1]

    yield make
    for launcher in made:
        sweep(launcher)


@pytest.fixture
def home() -> Iterator[Path]:
    """The home folder of a user other than root."""
    # Not below pytest's own folder, which other users cannot enter.
    home = Path(mkdtemp(prefix="chartroom-home-"))
    if os.geteuid() == 0:
        os.chown(home, SOMEBODY, SOMEBODY)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def ordinary(home: Path) -> tuple[str, ...] | None:
    """The command that runs a Python as the owner of that home; None if none can."""
    if os.geteuid() != 0:
        return (sys.executable,)
    packages = f"PYTHONPATH={sysconfig.get_path('purelib')}"
    person = ("setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups")
    for python in (sys.executable, "/usr/bin/python3"):
        words = (*person, "env", f"HOME={home}", packages, python)
        probe = subprocess.run(
            [*words, "-c", "import db.embedded"], cwd=ROOT, check=False
        )
        if probe.returncode == 0:
            return words
    return None


@pytest.fixture
def somebody(ordinary: tuple[str, ...] | None) -> tuple[str, ...]:
    """The command that runs a Python as a user other than root."""
    return ordinary or pytest.skip(ONLY_ROOT)
