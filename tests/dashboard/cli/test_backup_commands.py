"""The commands backup and restore, where they refuse: in one sentence each."""

import sys

import pytest

from db.backups.repository import Repository
from tests.kit import backup_sets


def test_servers_of_ones_own_are_not_backed_up(run):
    finished = run("backup")

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("Chartroom backs up the servers that it starts")
    assert finished.stderr.count("\n") == 1


def test_a_clinic_that_does_not_run_is_not_backed_up(run, tmp_path):
    own = ("DATABASE_URL", "OWNER_URL", "MONGO_URL", "AUDIT_MONGO_URL", "REPLICA_URLS")
    nobodys = {f"CHARTROOM_{name}": "" for name in (*own, "PATRONI_URLS")}

    finished = run("backup", **nobodys)

    assert finished.returncode == 1
    assert finished.stderr == (
        f"No cluster runs in {tmp_path}. Start one with script/server.\n"
    )
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Only looking is possible yet: add --look to restore into a sandbox."),
        (("--look",), "There is no backup in "),
        (("--look", "--to", "yesterday"), "yesterday is no time: write one like "),
    ],
)
def test_what_cannot_be_restored_is_one_sentence(run, words, sentence):
    finished = run("restore", *words)

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith(sentence)
    assert finished.stderr.count("\n") == 1


def test_a_time_outside_the_window_is_refused_and_a_missing_object_named(run, tmp_path):
    repository = Repository(tmp_path / "elsewhere")
    backup_sets.add_set(repository)
    there = {"CHARTROOM_BACKUP_DIR": str(repository.folder)}

    late = run("restore", "--look", "--to", "2026-11-26T00:00", **there)
    # Sealed with no key at all.
    now = run("restore", "--look", **there)

    assert late.stderr == (
        "2026-11-26 00:00:00 UTC is outside what the backups reach: they go from "
        "2026-11-25 02:00:07 UTC to 2026-11-25 02:00:07 UTC.\n"
    )
    assert now.stderr == (
        "The manifest of backup 20261125T020000Z-0001 is not what was written.\n"
    )
    assert not (tmp_path / "sandbox").exists()


def test_backups_of_another_clinic_are_refused_in_words(run, tmp_path):
    repository = Repository(tmp_path / "elsewhere")
    backup_sets.add_set(repository)
    control = tmp_path / "postgres" / "db-01" / "global" / "pg_control"
    control.parent.mkdir(parents=True)
    # As PostgreSQL begins it: with the clinic's number.
    control.write_bytes((7000000000000000002).to_bytes(8, sys.byteorder) + bytes(288))

    finished = run("restore", "--look", CHARTROOM_BACKUP_DIR=str(repository.folder))

    assert finished.returncode == 1
    assert "belong to another clinic" in finished.stderr
    assert "PostgreSQL 7000000000000000001" in finished.stderr
    assert "this one is 7000000000000000002" in finished.stderr
