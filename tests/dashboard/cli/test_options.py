"""The settings of a command, and what else of somebody's environment it heeds."""

import os

import pytest

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
