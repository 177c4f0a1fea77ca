"""The times to go back to, as a chart: backups, log, drills, changes of leaders."""

import json
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import psycopg2
import pyarrow as pa
import pytest

from dashboard.ui.words import to_the_second
from db.models.integrity import RestoreDrill, RestorePreview
from db.models.replication import ClusterOperation
from services.backups import drills, schema_changes
from tests.conftest import owner
from tests.kit import backup_sets, cast
from tests.pages.backups.conftest import said
from tests.pages.backups.test_restore_preview import compare, keep_log, opened
from tests.pages.conftest import forgetting

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def what_happened_in_one_test(kept):
    with forgetting(kept, RestoreDrill, RestorePreview, ClusterOperation):
        yield


def charts(app):
    return list(app.get("vega_lite_chart"))


def rows_in(app):
    """Return what the chart draws: each item's text, time and row."""
    (chart,) = charts(app)
    with pa.ipc.open_stream(chart.proto.datasets[0].data.data) as stream:
        return stream.read_all().to_pylist()


def drawn(app, row):
    return [(each["what"], each["when"]) for each in rows_in(app) if each["row"] == row]


def test_without_a_backup_there_is_none(clinic, repository):
    assert charts(opened(clinic)) == []


def test_backups_and_what_the_log_leads_to_are_drawn(clinic, repository):
    keep_log(clinic, repository)

    app = opened(clinic)

    ((band, span),) = drawn(app, "Any second")
    assert band == "Any second"
    assert span == "25 Nov 2026, 02:00:07 – 25 Nov 2026, 02:09:07"
    assert drawn(app, "Backups") == [("Full backup", "25 Nov 2026, 02:00:07")]
    (chart,) = charts(app)
    assert chart.proto.alt == (
        "Any second from 25 Nov 2026, 02:00:07 to 25 Nov 2026, 02:09:07; "
        "1 backup is shown."
    )
    assert "Drag over the chart" in said(app)


def test_drills_and_changes_of_leaders_are_marked(clinic, repository):
    keep_log(clinic, repository)
    clinic.write(drills.plan_drill)
    clinic.write(
        lambda session: drills.end_drill(
            session, drills.newest_drill(session).id, proof=backup_sets.DRILLED
        )
    )
    at = backup_sets.AS_OF + HOUR
    clinic.write(
        lambda session: session.add(
            ClusterOperation(
                id=uuid4(),
                kind="failover",
                state="done",
                actor_name=cast.INES.name,
                reason="db-01 was lost",
                started_at=at,
                ended_at=at,
            )
        )
    )

    app = opened(clinic)

    assert [what for what, _ in drawn(app, "Drills")] == ["Restore proven"]
    assert drawn(app, "Servers") == [("Failover", "25 Nov 2026, 03:00:07")]


def test_the_time_that_is_compared_with_is_drawn_where_it_is(clinic, repository):
    keep_log(clinic, repository)
    app = opened(clinic)

    compare(app, "2026-11-25 02:03:07")

    (chart,) = charts(app)
    (rule,) = [
        layer
        for layer in json.loads(chart.proto.spec)["layer"]
        if layer["mark"]["type"] == "rule"
    ]
    (value,) = rule["data"]["values"]
    assert value["at"] == (backup_sets.AS_OF + timedelta(minutes=3)).timestamp() * 1000


def test_migrations_are_marked_and_said_of_a_time_before_them(
    clinic, repository, endpoints
):
    keep_log(clinic, repository)
    # The tests' databases were made after the time to go back to.
    with (
        closing(psycopg2.connect(owner(endpoints))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT revision, ran_at FROM schema_changes ORDER BY ran_at, revision"
        )
        runs = cursor.fetchall()
    revision, ran_at = runs[-1]

    app = opened(clinic)

    assert ("Migration", to_the_second(ran_at)) in drawn(app, "Migrations")
    words = said(app)
    assert "ran after that time" in words
    assert f"{revision}, {to_the_second(ran_at)}" in words
    later = (ran_at + HOUR).strftime("%Y-%m-%d %H:%M:%S")
    assert "ran after that time" not in compare(app, later)


def test_what_happened_is_read_once_while_a_comparison_is_awaited(
    clinic, repository, monkeypatch
):
    keep_log(clinic, repository)
    read = []
    listed = schema_changes.list_migration_runs

    def count(*given):
        read.append(1)
        return listed(*given)

    monkeypatch.setattr(schema_changes, "list_migration_runs", count)
    app = opened(clinic)
    for _ in range(3):
        app.run()

    assert charts(app)
    assert len(read) == 1
