"""A start that cannot succeed ends with one sentence that says what to do."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launch.launcher import Launcher

pytestmark = pytest.mark.launch

SERVERS = {
    "CHARTROOM_DATABASE_URL": "postgresql://127.0.0.1:1/none",
    "CHARTROOM_OWNER_URL": "postgresql://127.0.0.1:1/none",
    "CHARTROOM_MONGO_URL": "mongodb://127.0.0.1:1/",
    "CHARTROOM_AUDIT_MONGO_URL": "mongodb://127.0.0.1:1/",
}


def assert_refused(launcher: Launcher, sentence: str, **variables: str) -> None:
    """Start it, and expect this sentence, nothing else, and exit code 1."""
    launcher.start(**variables)
    assert launcher.await_end() == 1
    assert sentence in launcher.output
    assert launcher.output.count("\n") == 1
    assert launcher.words_left() == []


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
        launch(is_warm=True),
        "CHARTROOM_TIMEZONE: is not a time zone",
        CHARTROOM_TIMEZONE="Berlin",
    )


def test_servers_of_ones_own_are_not_served_without_sign_in(
    launch: Callable[..., Launcher],
):
    assert_refused(
        launch(is_warm=True),
        "Nobody could sign in: set CHARTROOM_SMTP_URL",
        **SERVERS,
    )


def test_servers_that_do_not_answer_are_one_sentence(launch: Callable[..., Launcher]):
    assert_refused(
        launch(is_warm=True),
        "The database does not answer",
        **SERVERS,
        CHARTROOM_DEMO="true",
        CHARTROOM_RETRY_SECONDS="1",
    )
