"""Alerts on screen: what is wrong, who works on it, when one begins."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.cluster.alerts import alert_rules
from dashboard.ui.record_table import TableEvent
from db.models.replication import Alert, AlertRule, DrillPlan as Plan
from services.cluster.alerts import AlertKind
from services.core.actors import Role
from tests.kit import cast
from tests.pages.cluster_samples import keep, late, now, said
from tests.pages.conftest import Clinic, rows_of

_ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.usefixtures("uneventful")


def test_nothing_wrong_is_said(clinic: Clinic):
    app = clinic.open("alerts", Role.ADMIN)

    assert any("Nothing is wrong" in text.value for text in app.markdown)
    assert len(rows_of(app, "alerts_rules")) == len(AlertKind)


def test_whoever_sees_to_an_alert_says_so(clinic: Clinic, kept: Session):
    keep(kept, late())
    app = clinic.open("alerts", Role.ADMIN)
    assert "at worst 19.4 s" in said(app.caption)

    app.button(key="alerts_acknowledge_lag_db-03").click().run()

    kept.rollback()
    assert kept.scalars(select(Alert.acknowledged_by_name)).one() == cast.INES.name
    assert "Acknowledged by" in said(app.caption)
    assert clinic.audit("alert:acknowledge")


def test_a_backup_that_is_too_old_names_the_runbook(clinic: Clinic, kept: Session):
    keep(kept, late(kind="backup-too-old", node=None, worst=108_000), late())

    words = said(clinic.open("alerts", Role.ADMIN).caption)

    assert "at worst 30.0 hours" in words
    # There is none about a lag yet.
    assert words.count("What to do: docs/runbooks/backups.md") == 1
    assert (_ROOT / "docs/runbooks/backups.md").is_file()


def test_what_ended_is_history(clinic: Clinic, kept: Session):
    ended = now()
    keep(kept, late(began_at=ended - timedelta(minutes=5), ended_at=ended))

    (row,) = rows_of(clinic.open("alerts", Role.ADMIN), "alerts_before")

    assert row[1:] == ["Lag", "db-03 is 12 s behind.", "5 min", "19.4 s", "–"]


@pytest.fixture
def changing(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    # AppTest cannot click into a table that draws itself.
    event = lambda *_, **__: TableEvent(action=("disk", "change"))  # noqa: E731
    monkeypatch.setattr(alert_rules, "record_table", event)
    return clinic.open("alerts", Role.ADMIN)


def test_a_rule_is_changed_in_the_unit_people_say(changing: AppTest, kept: Session):
    revision = kept.get_one(AlertRule, "disk").revision
    key = f"alerts_disk_{revision}"
    changing.number_input(key=f"{key}_over").set_value(95.0)
    changing.text_area(key=f"{key}_mail").set_value("ops@example.org")

    changing.button(key="alerts_save_disk").click().run()

    kept.rollback()
    rule = kept.get_one(AlertRule, "disk")
    assert rule.threshold == pytest.approx(0.95)
    assert rule.mail_to == ["ops@example.org"]
    assert rule.revision == revision + 1


def test_an_impossible_rule_is_explained(changing: AppTest, kept: Session):
    key = f"alerts_disk_{kept.get_one(AlertRule, 'disk').revision}"
    changing.number_input(key=f"{key}_clear").set_value(99.0)

    changing.button(key="alerts_save_disk").click().run()

    assert "must end at or below the threshold" in changing.error[0].value


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("over", 150.0, "No disk can be more than 100% full"),
        ("clear", -1.0, "must be 0 or more"),
        ("for", 100_000, "can begin after 0 to 86400 seconds"),
        ("calm", -1, "can end after 0 to 86400 seconds"),
        ("over", None, "Begins over (%) is empty"),
        ("clear", None, "Ends at (%) is empty"),
        ("for", None, "Begins after (s) is empty"),
        ("calm", None, "Ends after (s) is empty"),
    ],
)
def test_a_number_out_of_bounds_is_refused_in_words_and_stays(
    changing: AppTest, kept: Session, field: str, typed: float | None, said: str
):
    key = f"alerts_disk_{kept.get_one(AlertRule, 'disk').revision}_{field}"
    changing.number_input(key=key).set_value(typed)

    changing.button(key="alerts_save_disk").click().run()

    assert said in changing.error[0].value
    assert changing.number_input(key=key).value == typed


def test_a_refused_bar_is_told_in_no_unit_that_nobody_typed(
    changing: AppTest, kept: Session
):
    key = f"alerts_disk_{kept.get_one(AlertRule, 'disk').revision}"
    changing.number_input(key=f"{key}_clear").set_value(99.0)

    changing.button(key="alerts_save_disk").click().run()

    assert not any(sign.isdigit() for sign in changing.error[0].value)


def test_home_says_what_is_wrong_and_what_is_due(clinic: Clinic, kept: Session):
    keep(kept, late(), Plan(kind="crash", every_days=90, next_on=date(2026, 1, 2)))

    app = clinic.open("home", Role.ADMIN)

    markdown = said(app.markdown)
    assert said(app.success).startswith("Safe:")
    assert "db-03 is 12 s behind" in markdown
    assert "Drill due: Crashed primary" in markdown
