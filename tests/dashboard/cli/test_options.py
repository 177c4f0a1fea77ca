"""The settings of a command, and what else of somebody's environment it heeds."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.cli.options import choose

# Some of a person's shell, for psql and for a backup tool.
_VARIABLES = {
    "PGCONNECT_TIMEOUT": "1",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGSERVICE": "reports",
    "PGSSLMODE": "verify-full",
}
_OF_A_TOOL = "PGBACKREST_STANZA"


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who uses PostgreSQL otherwise, too."""
    for name, value in _VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(_OF_A_TOOL, "clinic")


def test_variables_for_psql_do_not_keep_us_from_the_embedded_servers(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv("CHARTROOM_DATABASE_URL", raising=False)

    assert choose().is_embedded

    assert not _VARIABLES.keys() & os.environ.keys()
    assert os.environ[_OF_A_TOOL] == "clinic"


def test_servers_of_the_clinic_are_reached_as_its_variables_say(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("CHARTROOM_DATABASE_URL", "postgresql://db.example/clinic")
    monkeypatch.setenv("CHARTROOM_MONGO_URL", "mongodb://files.example/")
    monkeypatch.setenv("CHARTROOM_AUDIT_MONGO_URL", "mongodb://files.example/audit")

    choose()

    assert _VARIABLES.items() <= os.environ.items()


def test_a_folder_without_a_name_is_not_the_working_directory():
    outcome = CliRunner().invoke(app, ["endpoints", "--data", ""])

    assert outcome.exit_code == 2
    assert "name a folder, or leave --data out" in outcome.output


@pytest.mark.parametrize("is_option", [True, False], ids=["option", "variable"])
def test_links_in_a_circle_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_option: bool
):
    for link, target in (("there", "back"), ("back", "there")):
        (tmp_path / link).symlink_to(tmp_path / target)
    # Of what the command puts there, nothing is left for others either.
    monkeypatch.setenv("CHARTROOM_DATA", str(tmp_path / "there"))
    option = ["--data", str(tmp_path / "there")] if is_option else []

    outcome = CliRunner().invoke(app, ["serve", *option])

    assert outcome.exit_code == 1
    assert outcome.output.count("\n") == 1
    assert outcome.output.endswith("name another with --data.\n")


def test_the_home_of_nobody_is_one_sentence():
    outcome = CliRunner().invoke(app, ["endpoints", "--data", "~nobody-here/clinic"])

    assert outcome.exit_code == 1
    assert outcome.output.startswith("There is no way to the folder ~nobody-here/")
