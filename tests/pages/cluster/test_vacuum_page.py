"""Vacuum and checkpoints on screen: tables, dead rows, every server's checkpoints."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.cluster.performance import vacuuming
from db.cluster.vacuuming import Checkpoints, VacuumReader
from services.core.actors import Role
from tests.pages.cluster_samples import said
from tests.pages.conftest import Clinic, rows_of

# No server listens there.
SILENT = "postgresql://somebody:secret@127.0.0.1:1/x"
_CHECKPOINTS = Checkpoints(10, 2, 12, 900.0, 60.0, 8_000_000, datetime.now(UTC))


def opened(clinic: Clinic, urls: dict[str, str]) -> AppTest:
    """Open the page of a clinic whose servers have these addresses."""
    servers = replace(clinic.wiring.endpoints, replica_urls=urls)
    clinic.wiring.__dict__["vacuum_reader"] = VacuumReader(lambda: servers)
    try:
        return clinic.open("vacuum", Role.ADMIN)
    finally:
        del clinic.wiring.__dict__["vacuum_reader"]


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_largest_tables_and_all_servers_are_shown(clinic: Clinic):
    app = clinic.open("vacuum", Role.ADMIN)

    tables = rows_of(app, "vacuum_tables")
    assert len(tables) >= 15
    assert {row[5] for row in tables} <= {"In order", "Vacuum due"}
    servers = rows_of(app, "vacuum_checkpoints")
    assert [row[0] for row in servers] == sorted(clinic.wiring.vacuum_reader.nodes)
    assert int(tiles(app)["Transaction id age"].replace(",", "")) > 0
    assert not app.error


def test_a_server_that_is_silent_stays_in_the_list(clinic: Clinic):
    urls = clinic.wiring.endpoints.replica_urls | {"db-09": SILENT}

    app = opened(clinic, urls)

    rows = {row[0]: row[1] for row in rows_of(app, "vacuum_checkpoints")}
    assert rows["db-09"] == "does not answer"
    assert len(rows) == len(urls)


def test_a_primary_that_is_silent_is_named(clinic: Clinic):
    urls = dict.fromkeys(clinic.wiring.endpoints.replica_urls, SILENT)

    app = opened(clinic, urls)

    assert "is not responding, so the state of its tables is not known" in said(
        app.warning
    ) + said(app.error)


def test_where_no_checkpoint_is_done_yet_there_is_no_mean_time(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
):
    none_done = replace(_CHECKPOINTS, done=0, write_ms=0.0, sync_ms=0.0)
    monkeypatch.setattr(VacuumReader, "checkpoints", lambda _self, _node: none_done)

    app = clinic.open("vacuum", Role.ADMIN)

    assert {row[4] for row in rows_of(app, "vacuum_checkpoints")} == {"–"}


@pytest.mark.parametrize(
    ("counted", "too_often"),
    [
        (_CHECKPOINTS, False),
        (replace(_CHECKPOINTS, timed=4, requested=8), True),
        (replace(_CHECKPOINTS, timed=0, requested=3, done=3), False),
    ],
)
def test_most_checkpoints_are_to_come_with_the_time(
    counted: Checkpoints, too_often: bool
):
    assert vacuuming.are_requested_too_often(counted) is too_often
