"""A small disk is certain to be full before it is reported as full."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from db.cluster.control_client import ControlRefused
from db.embedded import Node
from db.embedded.faults.small_disk import SmallDisk, require_mounting
from db.embedded.processes.child_processes import Program
from tests.kit import apart

FULL = (
    '2026-11-20 23:12:05.414 UTC [1] FATAL:  could not write to file "pg_wal/xlogtemp"'
    ": No space left on device\n"
)
OTHER = "2026-11-20 23:12:05.414 UTC [1] LOG:  database system is shut down\n"
TRY = (
    "import sys; from pathlib import Path; "
    "from db.embedded.faults.small_disk import require_mounting; "
    "require_mounting(Path(sys.argv[1]))"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log of db-02's PostgreSQL, with a full disk on an earlier day."""
    log = tmp_path / "db-02-Fri.log"
    log.write_text(FULL)
    return log


@pytest.fixture
def disk(log: Path, tmp_path: Path) -> SmallDisk:
    """The small disk of a server that was never started, filled to the last byte."""
    patroni = Program("db-02", [], {}, tmp_path, tmp_path / "db-02.log")
    node = Node("db-02", 1, 2, tmp_path / "db-02", patroni, "")
    disk = SmallDisk(node, patroni)
    disk._free_bytes = 0
    return disk


def say(log: Path, words: str) -> None:
    """Append a line to the log."""
    with log.open("a") as file:
        file.write(words)


def test_a_full_disk_is_shown_by_postgresqls_own_words(disk: SmallDisk, log: Path):
    say(log, OTHER + FULL)

    assert disk.evidence() == (
        "With 0 bytes free, PostgreSQL of db-02 said: FATAL:  could not write to file "
        '"pg_wal/xlogtemp": No space left on device.'
    )


@pytest.mark.parametrize("words", ["", OTHER], ids=["nothing", "other words"])
def test_what_was_said_before_it_had_a_small_disk_shows_nothing(
    disk: SmallDisk, log: Path, words: str
):
    say(log, words)

    assert disk.evidence() is None


def test_what_another_server_says_shows_nothing(disk: SmallDisk, log: Path):
    say(log.with_name("db-03-Fri.log"), FULL)

    assert disk.evidence() is None


def test_a_log_that_is_begun_meanwhile_is_read_as_well(disk: SmallDisk, log: Path):
    say(log.with_name("db-02-Sat.log"), FULL)

    assert disk.evidence() is not None


def test_a_log_of_the_week_before_that_is_begun_anew_is_read_from_its_beginning(
    disk: SmallDisk, log: Path
):
    """As at midnight; the one of the week before was longer."""
    log.write_text(FULL.replace("2026-11-20 ", ""))

    assert disk.evidence() is not None


def test_a_disk_that_was_never_filled_shows_nothing(disk: SmallDisk, log: Path):
    disk._free_bytes = None
    say(log, FULL)

    assert disk.evidence() is None


def test_where_mounting_is_forbidden_it_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (
        apart.forbidden(tmp_path, monkeypatch),
        pytest.raises(ControlRefused, match="Operation not permitted") as refused,
    ):
        require_mounting(tmp_path)

    assert "root or unprivileged user namespaces" in str(refused.value)


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"),
    reason="Only root can become somebody else to try.",
)
@apart.disks
def test_who_is_not_root_has_a_small_disk_as_well_or_is_told_why_not(tmp_path: Path):
    tmp_path.chmod(0o777)
    ids = ("--reuid=65534", "--regid=65534", "--clear-groups")
    # Interpreter and folder may be accessible only to root.
    powers = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    command = ["setpriv", *ids, *powers, sys.executable, "-c", TRY, str(tmp_path)]

    tried = subprocess.run(command, check=False, capture_output=True, text=True)

    refused = "This needs Linux with util-linux 2.38, and root or"
    assert tried.returncode == 0 or refused in tried.stderr
