"""Availability on screen: what was counted, what was not, and what is left."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.models.replication import AvailabilitySample
from services.core.actors import Role
from tests.pages.cluster_samples import keep, now, operation, said
from tests.pages.conftest import Clinic, rows_of

pytestmark = pytest.mark.usefixtures("uneventful")
_SPANS = 288


def _day(days_ago: int, *, spans: int = _SPANS, web: int = 0, database: int = 0):
    """Yield a day's samples, with this many seconds of downtime in its first span."""
    day = (now() - timedelta(days=days_ago)).date()
    begins = datetime.combine(day, time(), UTC)
    for number in range(spans):
        away = {"web": web, "database": database} if number == 0 else {}
        down = max(away.get("web", 0), away.get("database", 0))
        yield AvailabilitySample(
            starts_at=begins + timedelta(minutes=5 * number),
            up_seconds=300 - down,
            down_seconds=down,
            web_down_seconds=away.get("web", 0),
            database_down_seconds=away.get("database", 0),
        )


def _metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_nothing_counted_is_not_called_available(clinic: Clinic):
    app = clinic.open("availability", Role.ADMIN)

    assert _metrics(app)["Available"] == "not known"
    assert any("Nothing has been counted yet" in text.value for text in app.markdown)


def test_days_say_how_they_were_and_why(clinic: Clinic, kept: Session):
    failover = operation(
        kind="failover",
        started_at=now() - timedelta(days=2),
        ended_at=now() - timedelta(days=2),
        former_primary="db-01",
        new_primary="db-02",
        downtime_seconds=20.0,
    )
    keep(
        kept,
        failover,
        *_day(1),
        *_day(2, web=30, database=20),
        *_day(3, database=200),
        *_day(4, spans=100),
    )

    app = clinic.open("availability", Role.ADMIN)

    metrics = _metrics(app)
    # The downtime is 230 of the 2,592 seconds that 99.9 % of 30 days allow.
    assert metrics["Budget left"] == "39.4 min"
    assert metrics["Objective"] == "99.9%"
    newest, before = rows_of(app, "availability_table")
    assert newest[1:4] == ["99.965%", "30 s", "0.0 s"]
    assert "Failover: db-01 to db-02" in newest[4]
    assert "no web server answered for 30 s" in newest[4]
    assert "no changes were taken for 20 s" in newest[4]
    assert before[1] == "99.769%"
    (chart,) = app.get("vega_lite_chart")
    description = chart.proto.alt
    assert "all day: 1" in description
    assert "within the objective: 1" in description
    assert "below the objective: 1" in description
    # The day with a third of its spans, and the days without any.
    assert "mostly not known: 27" in description


def test_an_objective_that_is_missed_is_said(clinic: Clinic, kept: Session):
    for days_ago in range(1, 11):
        keep(kept, *_day(days_ago, database=300))

    app = clinic.open("availability", Role.ADMIN)

    assert _metrics(app)["Budget overspent"] == "6.8 min"
    assert "The objective is missed" in said(app.error)
