"""A start that cannot succeed ends with one sentence that says what to do."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.launch.launcher import ROOT, Launcher

pytestmark = pytest.mark.launch

SERVERS = {
    "CHARTROOM_DATABASE_URL": "postgresql://127.0.0.1:1/none",
    "CHARTROOM_OWNER_URL": "postgresql://127.0.0.1:1/none",
    "CHARTROOM_MONGO_URL": "mongodb://127.0.0.1:1/",
    "CHARTROOM_AUDIT_MONGO_URL": "mongodb://127.0.0.1:1/",
}
# An account that every system has, and that may do nothing special.
SOMEBODY = pwd.getpwnam("daemon").pw_uid


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
def somebody(home: Path) -> tuple[str, ...]:
    """The words that run a Python as somebody who is not root."""
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
    pytest.skip("only root may enter the folder of this checkout or of its Python")


def assert_refused(launcher: Launcher, sentence: str, **variables: str) -> None:
    """Start it, and find this sentence, nothing else, and exit code 1."""
    launcher.start(**variables)
    assert launcher.await_end() == 1
    assert sentence in launcher.output
    assert launcher.output.count("\n") == 1
    assert launcher.processes() == []


def test_an_ordinary_person_can_start_it(
    home: Path, somebody: tuple[str, ...], launch: Callable[..., Launcher]
):
    launcher = launch(home / "data", "--empty", python=somebody)

    launcher.start()
    launcher.await_ready()

    assert launcher.get("/").status_code == 200
    assert launcher.stop() == 0
    assert launcher.processes() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody known")
def test_a_user_without_a_name_is_one_sentence(
    home: Path, somebody: tuple[str, ...], launch: Callable[..., Launcher]
):
    unknown = 23456
    os.chown(home, unknown, unknown)
    python = tuple(re.sub(r"(?<=uid=)\d+", str(unknown), word) for word in somebody)

    assert_refused(
        launch(home / "data", python=python),
        f"PostgreSQL cannot run as user {unknown}, who has no name",
    )


def test_a_folder_that_may_not_be_written_is_one_sentence(
    home: Path, somebody: tuple[str, ...], launch: Callable[..., Launcher]
):
    (home / "closed").mkdir()
    (home / "closed").chmod(0o500)
    if os.geteuid() == 0:
        os.chown(home / "closed", 0, 0)

    assert_refused(
        launch(home / "closed/data", python=somebody),
        f"cannot use the data folder {home}/closed/data (permission denied)",
    )


def test_a_wrong_setting_is_one_sentence(launch: Callable[..., Launcher]):
    assert_refused(
        launch(), "CHARTROOM_TIMEZONE: is not a time zone", CHARTROOM_TIMEZONE="Berlin"
    )


def test_servers_of_ones_own_are_not_served_without_sign_in(
    launch: Callable[..., Launcher],
):
    assert_refused(launch(), "Nobody could sign in: set CHARTROOM_SMTP_URL", **SERVERS)


def test_servers_that_do_not_answer_are_one_sentence(launch: Callable[..., Launcher]):
    assert_refused(
        launch(),
        "The database does not answer",
        **SERVERS,
        CHARTROOM_DEMO="true",
        CHARTROOM_RETRY_SECONDS="1",
    )


def test_a_web_server_that_does_not_start_is_one_sentence(
    launch: Callable[..., Launcher],
):
    launcher = launch(None, "--empty")
    launcher.start()
    launcher.await_saying("etcd")

    launcher.child("web").kill()

    assert launcher.await_end() == 1
    last_line = launcher.output.splitlines()[-1]
    assert last_line.startswith("The web server did not get ready: ")
    assert last_line.endswith(f"See {launcher.data}/logs/web.log.")
    assert launcher.processes() == []
