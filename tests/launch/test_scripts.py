"""script/setup on machines that lack something."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone, as far as script/setup looks at it."""
    (tmp_path / "clone/script").mkdir(parents=True)
    shutil.copy(ROOT / "script/setup", tmp_path / "clone/script/setup")
    shutil.copy(ROOT / "requirements.txt", tmp_path / "clone/requirements.txt")
    return tmp_path / "clone"


def setup(clone: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run script/setup where every Python is this shell script."""
    programs = clone.parent / "programs"
    programs.mkdir()
    for name in PYTHONS:
        (programs / name).write_text(f"#!/bin/sh\n{python}\n")
        (programs / name).chmod(stat.S_IRWXU)
    return subprocess.run(
        [clone / "script/setup"],
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_new_enough_python_is_one_sentence(clone: Path):
    result = setup(clone, "exit 1")

    assert result.returncode == 1
    assert result.stderr.startswith("Chartroom needs Python 3.11 or newer")
    assert result.stderr.count("\n") == 1


def test_a_python_without_venv_is_one_sentence_with_the_package(clone: Path):
    result = setup(
        clone, f'case "$*" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"'
    )

    assert result.returncode == 1
    assert result.stderr.startswith("The venv module of python3 is missing")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert version in result.stderr
    assert not (clone / ".venv").exists()


def test_an_environment_that_is_up_to_date_is_left_alone(clone: Path):
    mark = clone / ".venv/.installed"
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/.made").touch()
    (clone / ".venv/bin/python").symlink_to(sys.executable)
    versions = subprocess.run(
        [sys.executable, "-VV"], capture_output=True, check=True
    ).stdout
    asked_for = (clone / "requirements.txt").read_bytes() + versions
    mark.write_bytes(
        subprocess.run(
            ["cksum"], input=asked_for, capture_output=True, check=True
        ).stdout
    )

    result = setup(clone, "exit 1")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
