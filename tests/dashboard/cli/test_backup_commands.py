"""The refusals of the commands backup and restore, one sentence each."""

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pytest
import typer

from dashboard.cli import backups, clinic_clock, running
from dashboard.cli.backups import Comparison
from dashboard.cli.going_back.taking_back import Confirmation, what_is_left
from db.backups.backup_errors import CannotRestore
from db.backups.replaced_data import folder_for
from db.backups.repository import Repository
from db.embedded.replacement import ReplacementStep
from db.pace import AT_ONCE
from db.settings import Settings
from jobs.backups import taking
from jobs.backups.going_back.restoring import ProvenRestore
from services.backups.previews import ChangedKind, ChangeList, ChangeSince
from tests.kit import backup_sets

TO = backup_sets.AS_OF


_INTERRUPTED = """
import os, time
from dashboard.cli.recovery import restoring

def choose(**_):
    try:
        os.kill(os.getpid(), {number})
        time.sleep(20)
    finally:
        # A shell repeats it, and what cleans up must go on.
        os.kill(os.getpid(), {number})
        print("cleaned up")

restoring.choose = choose
restoring.restore()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_restore_cleans_up_when_its_terminal_is_closed(number):
    """Restored rows are not encrypted."""
    code = _INTERRUPTED.format(number=int(number))
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert finished.stdout == "cleaned up\n"
    assert "KeyboardInterrupt" in finished.stderr


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (None, "the clinic is as it was."),
        (ReplacementStep.PREPARING, "the clinic is as it was."),
        (
            ReplacementStep.READY,
            "the data of that time were complete, so the clinic opens as it was then.",
        ),
        (
            ReplacementStep.PLACED,
            "the data of that time were complete, so the clinic opens as it was then.",
        ),
    ],
)
def test_whoever_stops_going_back_reads_which_clinic_opens(tmp_path, step, sentence):
    if step is not None:
        journal = {"step": step, "to": TO.isoformat(), "began_at": TO.isoformat()}
        (tmp_path / "replacement.json").write_text(json.dumps(journal))

    assert what_is_left(tmp_path, TO) == sentence


def test_going_back_that_was_over_when_it_was_stopped_says_so(tmp_path):
    folder_for(tmp_path, TO).mkdir()

    assert "opens as it was then" in what_is_left(tmp_path, TO)
    later = TO + timedelta(seconds=1)
    assert what_is_left(tmp_path, later) == "the clinic is as it was."


_INTERRUPTED_LOOK = """
import os
from dashboard.cli import backups
from dashboard.cli.recovery import restoring

backups.comparing = lambda *_: os.kill(os.getpid(), {number})
restoring.restore(look=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_stops_a_look_reads_that_nothing_live_was_touched(tmp_path, number):
    finished = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_LOOK.format(number=int(number))],
        env=os.environ | {"CHARTROOM_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.stderr.startswith("Stopped: nothing live was touched.\n")


def test_servers_of_ones_own_are_not_backed_up(run):
    finished = run("backup")

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("Chartroom only backs up servers that it starts")
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("days", "is_full", "full_every"),
    [(7, False, timedelta(days=7)), (7, True, None), (0, False, None)],
)
def test_it_is_incremental_as_the_settings_say_unless_a_full_one_is_asked_for(
    monkeypatch, days, is_full, full_every
):
    taken, settings = [], Settings(backup_full_every_days=days)
    monkeypatch.setattr(backups, "source_of", lambda wired: wired)
    monkeypatch.setattr(taking, "take", lambda *_, **how: taken.append(how))

    backups.back_up(SimpleNamespace(settings=settings), None, is_full=is_full)

    # Somebody is waiting at a terminal.
    wanted = {"full_every": full_every, "is_log_kept": True, "pace": AT_ONCE}
    assert taken == [wanted]


def test_the_worker_backs_up_at_the_pace_of_the_settings(monkeypatch, tmp_path):
    taken, settings = [], Settings(backup_work_percent=20, data=tmp_path)
    monkeypatch.setattr(backups, "source_of", lambda wired: wired)
    monkeypatch.setattr(taking, "take", lambda *_, **how: taken.append(how))
    wired = Mock(settings=settings, backups=Repository(tmp_path / "backups"))

    running._backups(wired)._take()

    assert taken[0]["pace"].share == 0.2


def test_nothing_keeps_the_log_of_a_clinic_that_is_not_backed_up_by_itself(monkeypatch):
    taken, settings = [], Settings(backup_every_hours=0)
    monkeypatch.setattr(backups, "source_of", lambda wired: wired)
    monkeypatch.setattr(taking, "take", lambda *_, **how: taken.append(how))

    backups.back_up(SimpleNamespace(settings=settings), None)

    assert not taken[0]["is_log_kept"]


def test_a_clinic_that_does_not_run_is_not_backed_up(run, tmp_path):
    own = ("DATABASE_URL", "OWNER_URL", "MONGO_URL", "AUDIT_MONGO_URL", "REPLICA_URLS")
    nobodys = {f"CHARTROOM_{name}": "" for name in (*own, "PATRONI_URLS")}

    finished = run("backup", **nobodys)

    assert finished.returncode == 1
    assert finished.stderr == (
        f"No cluster is running in {tmp_path}. Start one with script/server.\n"
    )
    assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        (
            ("backup",),
            (
                (
                    "pgBackRest backs up PostgreSQL of these servers: pgbackrest "
                    "--stanza=main backup. The page Backups"
                ),
                "It does not cover MongoDB",
            ),
        ),
        (
            ("restore", "--look", "--to", "2026-11-25T14:03:07Z"),
            (
                "pgBackRest restores PostgreSQL of these servers, on the machine",
                '--type=time --target="2026-11-25 14:03:07+00" restore.',
                "Nothing was touched.",
            ),
        ),
    ],
)
def test_where_a_tool_has_the_backups_its_command_is_named(run, words, sentences):
    finished = run(*words, CHARTROOM_BACKUP_TOOL="pgbackrest:main")

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith(sentences[0])
    assert all(each in finished.stderr for each in sentences)
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Add --look to restore into a sandbox, or --to TIME --go-back --reason"),
        (
            ("--go-back", "--to", "2026-11-25T02Z", "--reason", "By mistake"),
            "Chartroom only takes back servers that it starts itself. Restore your own",
        ),
        (("--look",), "There is no backup in "),
        (("--look", "--to", "yesterday"), "yesterday is not a time: write it like "),
        (
            ("--look", "--to", "0001-01-01T00:00+05:00"),
            "0001-01-01T00:00+05:00 is not a time: write it like ",
        ),
        (("--look", "--report", "lists"), "--report lists the changes since a time"),
        (("--look", "--keep"), "--keep opens an earlier time of a running clinic"),
        (("--look", "--go-back"), "--look restores into a sandbox and --go-back takes"),
        (("--keep",), "--keep keeps a sandbox open that the running clinic's worker"),
        (("--look", "--keep", "--from", "S3"), "--keep keeps a sandbox open"),
        (
            ("--look", "--to", "2026-11-25T02Z", "--report", "/dev/null"),
            "The folder /dev/null for the report cannot be used (file exists)",
        ),
    ],
)
def test_what_cannot_be_restored_is_one_sentence(run, words, sentence):
    finished = run("restore", *words)

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith(sentence)
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--reason", "By mistake"), "Name the time to go back to with --to."),
        (("--to", "2026-11-25T02Z"), "Give the reason for going back with --reason"),
        (
            ("--to", "2026-11-25T02Z", "--reason", "x" * 501),
            "The reason is longer than 500 characters",
        ),
        (
            ("--to", "2026-11-25T02Z", "--reason", "By mistake"),
            "No cluster is running in ",
        ),
    ],
)
def test_going_back_needs_a_time_a_reason_and_a_clinic_that_runs(run, words, sentence):
    own = ("DATABASE_URL", "OWNER_URL", "MONGO_URL", "AUDIT_MONGO_URL", "REPLICA_URLS")
    nobodys = {f"CHARTROOM_{name}": "" for name in (*own, "PATRONI_URLS")}

    finished = run("restore", "--go-back", *words, **nobodys)

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith(sentence)
    assert finished.stderr.count("\n") == 1
    assert ("--servers-lost" in finished.stderr) == sentence.startswith("No cluster")


@pytest.mark.parametrize(
    ("typed", "is_confirmed"),
    [("Chartroom Clinic", True), (TO.isoformat(), True), ("yes", False), ("", False)],
)
def test_going_back_is_confirmed_by_the_clinics_name_or_the_time(
    monkeypatch, capsys, typed, is_confirmed
):
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: typed)
    confirmation = Confirmation("Chartroom Clinic", TO, None, is_sure=False)
    change = ChangeSince("filed", "id", "", "", TO, "")
    lists = (ChangeList(ChangedKind.DOCUMENTS, (change,)),)
    restore = ProvenRestore(backup_sets.PROOF, lists)

    with (
        nullcontext()
        if is_confirmed
        else pytest.raises(CannotRestore, match="Not confirmed: nothing was changed")
    ):
        confirmation.confirm(restore)

    # What it would undo was shown before.
    assert "documents  filed  1" in capsys.readouterr().out


def test_the_question_names_the_time_by_the_clinics_clock_and_in_utc(
    monkeypatch, capsys
):
    questions = []

    def answer(question, **_):
        questions.append(question)
        return "no"

    monkeypatch.setattr(typer, "prompt", answer)
    here = TO.astimezone(ZoneInfo("Europe/Berlin"))
    confirmation = Confirmation("Chartroom Clinic", here, None, is_sure=False)

    with pytest.raises(CannotRestore):
        confirmation.confirm(ProvenRestore(backup_sets.PROOF, None))

    assert (
        "reopens as it was at 2026-11-25 03:00:07 Europe/Berlin (2026-11-25 02:00:07 "
        "UTC)."
    ) in capsys.readouterr().out
    name_or_time = "Chartroom Clinic or 2026-11-25T03:00:07+01:00"
    assert questions == [f"Type {name_or_time} to go back"]


@pytest.mark.parametrize(
    ("typed", "in_utc", "said"),
    [
        (
            "2026-11-25T15:03:07",
            "2026-11-25T14:03:07+00:00",
            (
                "2026-11-25T15:03:07 by the clinic's clock (Europe/Berlin) is "
                "2026-11-25 14:03:07 UTC.\n"
            ),
        ),
        ("2026-11-25T15:03:07Z", "2026-11-25T15:03:07+00:00", ""),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30:00+00:00", ""),
    ],
)
def test_a_time_without_a_zone_is_by_the_clinics_clock_which_is_said(
    capsys, typed, in_utc, said
):
    settings = Settings(timezone="Europe/Berlin")

    assert clinic_clock.read_time(settings, typed).isoformat() == in_utc
    assert capsys.readouterr().out == said


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            "2026-10-25T02:30",
            (
                "2026-10-25T02:30 occurred twice by the clinic's clock "
                "(Europe/Berlin), because clocks were set back: write "
                "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00.\n"
            ),
        ),
        (
            "2026-03-29T02:30",
            (
                "2026-03-29T02:30 did not exist by the clinic's clock (Europe/Berlin), "
                "because clocks were set forward.\n"
            ),
        ),
    ],
)
def test_a_time_that_clocks_showed_twice_or_never_is_refused(run, typed, sentence):
    finished = run(
        "restore", "--look", "--to", typed, CHARTROOM_TIMEZONE="Europe/Berlin"
    )

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == sentence


def test_a_time_outside_the_window_is_refused_and_a_missing_object_named(run, tmp_path):
    repository = Repository(tmp_path / "elsewhere")
    backup_sets.add_set(repository)
    there = {"CHARTROOM_BACKUP_DIR": str(repository.folder)}

    late = run("restore", "--look", "--to", "2026-11-26T00:00Z", **there)
    # Not sealed with any key.
    now = run("restore", "--look", **there)

    assert late.stderr == (
        "2026-11-26 00:00:00 UTC is outside what the backups reach: they go to "
        "2026-11-25 02:00:07 UTC.\n"
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
    # As in PostgreSQL's own file: it begins with the clinic's system identifier.
    control.write_bytes((7000000000000000002).to_bytes(8, sys.byteorder) + bytes(288))

    finished = run("restore", "--look", CHARTROOM_BACKUP_DIR=str(repository.folder))

    assert finished.returncode == 1
    assert "belong to another clinic" in finished.stderr
    assert "PostgreSQL 7000000000000000001" in finished.stderr
    assert "this one is 7000000000000000002" in finished.stderr


def listed(kind, *words):
    changes = (ChangeSince(what, "=1", "", "", TO, "") for what in words)
    return ChangeList(kind, tuple(changes))


def test_what_came_since_is_a_table_and_files_of_ids(tmp_path):
    lists = (
        listed(ChangedKind.PATIENTS, "registered", "changed", "changed"),
        listed(ChangedKind.NOTES),
    )
    comparison = Comparison(TO, object(), lists)

    table = list(comparison.tell(tmp_path))

    assert table == [
        "Changes since then, which going back would undo:",
        "  patients  changed     2",
        "            registered  1",
        "  notes     nothing     0",
        table[4],
        f"Lists of ids and times were written to {tmp_path}: patients.csv, notes.csv.",
    ]
    assert table[4].startswith("Not listed: doctors and their hours, tags, views")
    file = tmp_path / "patients.csv"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].startswith("registered,'=1,")
    assert len(lines) == 4
    with pytest.raises(CannotRestore, match="could not be written to"):
        list(comparison.tell(tmp_path / "nowhere"))


def test_without_a_clinic_that_runs_nothing_is_compared_and_that_is_said(tmp_path):
    (line,) = Comparison(TO, None).tell(tmp_path)

    assert line.startswith(
        "The changes since then cannot be listed: the clinic is not running"
    )
    assert list(tmp_path.iterdir()) == []
    assert list(Comparison(None, None).tell(None)) == []
