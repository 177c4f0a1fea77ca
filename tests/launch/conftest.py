"""Chartroom started as a person starts it, and who that is."""

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
# An account that every system has, and that may do nothing special.
SOMEBODY = pwd.getpwnam("daemon").pw_uid


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """Makes launchers; what still runs when the test ends is killed."""
    made: list[Launcher] = []

    def make(data: Path | None = None, *options: str, **how: Any) -> Launcher:
        made.append(Launcher(data or tmp_path / "data", *options, **how))
        return made[-1]

    yield make
    for launcher in made:
        sweep(launcher)


@pytest.fixture
def home() -> Iterator[Path]:
    """The home of somebody who is not root."""
    # Not below pytest's own folder, which is closed to everybody else.
    home = Path(mkdtemp(prefix="chartroom-home-"))
    if os.geteuid() == 0:
        os.chown(home, SOMEBODY, SOMEBODY)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def ordinary(home: Path) -> tuple[str, ...] | None:
    """The words that run a Python as whose home it is; None if nobody else may."""
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
    """The words that run a Python as somebody who is not root."""
    return ordinary or pytest.skip(ONLY_ROOT)
