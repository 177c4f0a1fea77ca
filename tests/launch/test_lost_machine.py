"""A machine is lost, and another follows the README of its backups to the letter."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest

from db import embedded
from db.backups.log.windows import read_position
from db.backups.repository import Repository
from tests.kit import warm_start
from tests.kit.recovery_kits import PASSPHRASE
from tests.kit.waiting import eventually
from tests.launch.launcher import ROOT, Launcher
from tests.launch.steady_work import SteadyWork

pytestmark = pytest.mark.launch
# The README's commands are on lines of their own, four spaces further in than the text.
_COMMAND = re.compile(r"^ {7}(\S.*)$", re.MULTILINE)


def own_variables() -> dict[str, str]:
    """Return the variables of this machine, without Chartroom's settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith("CHARTROOM_")}


def run(*words: str, given: str = "") -> str:
    """Run a program, and return its whole output."""
    ran = subprocess.run(
        words,
        cwd=ROOT,
        env=own_variables(),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    return ran.stdout


def command(*words: object, given: str = "") -> str:
    """Run a command of Chartroom that the README does not name; return its output."""
    whole = ["dashboard", *map(str, words)]
    ran = warm_start.run(whole, cwd=ROOT, env=own_variables(), given=given)
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    return ran.stdout


def ask(data: Path, question: str) -> int:
    addresses = embedded.attach(data)
    url = addresses.primary_url("postgres", "chartroom")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        return int(cursor.fetchone()[0])


def leads_to(repository: Repository) -> datetime:
    position = read_position(repository.folder / "log")
    leads = position.leads_to if position and position.audit_until else None
    return leads or datetime.min.replace(tzinfo=UTC)


def lose_a_machine(
    launch: Callable[..., Launcher], tmp_path: Path
) -> tuple[Path, SteadyWork]:
    """Run a clinic, back it up, print its kit, and lose everything but the backups.

    Returns the repository, and the work to compare with.
    """
    launcher = launch(tmp_path / "lost", "--empty", is_warm=True)
    launcher.start()
    launcher.await_ready()
    # A patient, and a document with a file.
    work = SteadyWork.of(launcher)
    work.do_each_once()
    command("backup", "--data", launcher.data)
    twice = f"{PASSPHRASE}\n{PASSPHRASE}\n"
    kit = ("recovery-kit", "--out", tmp_path / "kit.pdf", "--data", launcher.data)
    said = command(*kit, given=twice)
    assert "sealed with the passphrase. Print it apart from the backups" in said
    repository = Repository(launcher.data / "backups")
    # The log continues from a backup as soon as there is one.
    at = datetime.now(UTC)
    assert eventually(lambda: leads_to(repository) > at, seconds=90)
    launcher.cut_power()
    elsewhere = tmp_path / "another disk"
    shutil.move(repository.folder, elsewhere)
    shutil.rmtree(launcher.data)
    return elsewhere, work


def test_the_clinic_opens_on_another_machine_by_the_backups_own_readme(
    launch: Callable[..., Launcher], tmp_path: Path
):
    folder, work = lose_a_machine(launch, tmp_path)
    readme = (folder / "README.txt").read_text()
    places = {"FOLDER": folder, "KIT": tmp_path / "kit.pdf", "DATA": tmp_path / "new"}
    commands = [
        [str(places.get(word, word)) for word in shlex.split(command)]
        for command in _COMMAND.findall(readme)
    ]
    setup, restore, server = commands

    assert run(*setup) == ""
    said = run(*restore, given=f"{PASSPHRASE}\n")

    assert "each the one that its row names" in said
    assert f"Start it with: {shlex.join(server)}" in said
    assert server[0] == "script/server"
    again = launch(Path(server[-1]), is_warm=True)
    again.start()
    again.await_ready()
    assert "Demo clinic" not in again.output
    count = ask(again.data, "SELECT count(*) FROM patients")
    assert count >= len(work.patients) > 0
    # Every patient is there, and every document opens with the bytes that were filed.
    assert len(work.files) > 0
    assert replace(work, address=again.address).lost() == []
    live = "SELECT count(*) FROM sessions WHERE ended_at IS NULL"
    assert ask(again.data, live) == 0
    assert eventually(again.is_healthy)
    said = command("verify-audit", "--data", again.data)
    assert "The audit log is whole" in said
    assert again.stop() == 0
