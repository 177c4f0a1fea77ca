"""The command recovery-kit: its refusals, and how it asks for a passphrase."""

import io
import os
import pty
import sys
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.cli.recovery import kits
from db.backups.recovery_kit import read_note
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.settings import Settings
from services.backups.kits import PROVEN_EVERY, KitNotProven
from services.core.actors import CONSOLE
from services.core.audit import Action
from tests.dashboard.cli.test_restore_elsewhere import NOBODYS
from tests.kit import backup_sets
from tests.kit.audit_events import events_of
from tests.kit.recovery_kits import PASSPHRASE, kit_with, sealed_quickly


def test_servers_of_ones_own_have_no_kit(run, tmp_path):
    finished = run("recovery-kit")

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("Chartroom only backs up servers that it starts")
    assert finished.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.pdf"))


def test_a_passphrase_is_read_from_a_pipe_by_the_line(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("one of many words\nand another\n"))

    assert kits.ask_passphrase("Passphrase") == "one of many words"
    assert kits.ask_passphrase("Once more") == "and another"


def test_on_a_terminal_nothing_of_it_is_shown(monkeypatch):
    leader, follower = pty.openpty()
    with os.fdopen(follower, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(terminal))
        monkeypatch.setattr(
            kits.getpass, "getpass", lambda prompt: f"asked without echo: {prompt}"
        )

        assert kits.ask_passphrase("Passphrase").startswith("asked without echo")
    os.close(leader)


def test_to_prove_one_makes_none(run, tmp_path):
    kit, made = tmp_path / "kit.txt", tmp_path / "made.pdf"

    finished = run(
        "recovery-kit",
        *("--prove", kit, "--out", made, "--data", tmp_path / "data"),
        **NOBODYS,
    )

    assert finished.returncode == 1
    assert finished.stderr.startswith("--prove makes no recovery kit: leave --out out.")
    assert not made.exists()


def test_a_file_that_is_not_there_is_named(run, tmp_path):
    finished = run(
        "recovery-kit",
        *("--prove", tmp_path / "kit.txt", "--data", tmp_path / "data"),
        **NOBODYS,
    )

    assert finished.returncode == 1
    assert "kit.txt cannot be read (no such file or directory)" in finished.stderr


@pytest.fixture
def settings(endpoints, tmp_path):
    """The settings of a clinic with a backup."""
    settings = Settings(
        data=tmp_path / "data",
        backup_dir=tmp_path / "backups",
        database_url=endpoints.database_url,
        mongo_url=endpoints.mongo_url,
        audit_mongo_url=endpoints.audit_url,
    )
    keys = FileKeys.of(settings)
    backup_sets.add_sealed_set(Repository(settings.backups), keys)
    return settings


@pytest.fixture
def file(settings, tmp_path):
    """The text of a recovery kit with the clinic's keys."""
    file = tmp_path / "kit.txt"
    file.write_text(sealed_quickly(kit_with(FileKeys.of(settings))))
    return file


def test_one_is_proven_and_when_it_is_due_again_is_said(
    settings, file, kept, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSPHRASE}\n"))

    said = kits.prove_kit_file(settings, file)

    assert said.startswith(
        "The recovery kit of 2026-11-25 opens, and so does the newest"
    )
    proven_at = read_note(settings.backups).proven_at
    due = proven_at + PROVEN_EVERY
    assert said.endswith(f"Prove it again by {due:%Y-%m-%d}.")
    assert datetime.now(UTC) - proven_at < timedelta(minutes=5)
    (event,) = events_of(kept, Action.BACKUP_PROVE_KIT)
    assert (event.actor_id, event.outcome) == (CONSOLE.id, "done")


def test_that_one_did_not_open_is_written_down(settings, file, kept, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("some other words\n"))

    with pytest.raises(KitNotProven):
        kits.prove_kit_file(settings, file)

    (event,) = events_of(kept, Action.BACKUP_PROVE_KIT)
    assert (event.actor_id, event.outcome) == (CONSOLE.id, "failed")
    assert read_note(settings.backups) is None
