"""Drills on screen: what is due, how they went, one that is running."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.cluster.drill_pages import drill_progress, drill_tables
from dashboard.ui.record_table import TableEvent
from db.models.replication import Drill, DrillPlan as Plan
from services.core.actors import Role
from tests.pages.cluster_samples import keep, said, shown
from tests.pages.conftest import Clinic, rows_of

pytestmark = pytest.mark.usefixtures("uneventful")


def test_what_is_due_comes_first(clinic: Clinic, kept: Session):
    today = date.today()  # noqa: DTZ011 (the clinic of the tests is here)
    keep(
        kept,
        Plan(kind="crash", every_days=90, next_on=today + timedelta(days=9)),
        Plan(kind="lost-node", every_days=90, next_on=today - timedelta(days=2)),
    )

    app = clinic.open("drills", Role.ADMIN)

    first, second, *others = rows_of(app, "drills_kinds")
    assert first[0] == "Lost server"
    assert first[3].endswith("overdue")
    assert second[0] == "Crashed primary"
    assert {row[3] for row in others} == {"Not planned"}
    assert app.warning[0].value == "Due: Lost server."


def test_results_stand_beside_what_is_promised(clinic: Clinic, kept: Session):
    measured = {"rto_seconds": 3.4, "rpo_seconds": 0, "acknowledged": 6810}
    keep(
        kept,
        Drill(kind="crash", state="broken", lost=0, errors=2, **measured),
    )

    (row,) = rows_of(clinic.open("drills", Role.ADMIN), "drills_results")

    assert row[1:7] == [
        *("Crashed primary", "3.4 s", "at most 2.5 s", "0 of 6,810", "2"),
        "Promise broken",
    ]


def test_servers_that_are_not_ours_are_not_broken_from_here(clinic: Clinic):
    app = clinic.open("drills", Role.ADMIN)

    assert "cannot be broken from here" in app.info[0].value
    actions = shown(app, "drills_kinds")["rows"][0]["cells"][-1]["actions"]
    assert [action["name"] for action in actions] == ["plan"]


def test_who_signed_in_by_a_code_is_led_to_a_passkey_before_a_drill(
    at_desk: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(drill_progress, "can_practise", lambda: True)

    by_code = at_desk("drills", Role.ADMIN, method="code")
    by_passkey = at_desk("drills", Role.ADMIN)

    sentence = "Running a failover drill needs a passkey"
    assert sentence in said((*by_code.markdown, *by_code.caption))
    assert sentence not in said((*by_passkey.markdown, *by_passkey.caption))


def test_a_running_drill_is_followed_to_its_end(
    clinic: Clinic, kept: Session, monkeypatch: pytest.MonkeyPatch
):
    keep(kept, Drill(kind="crash", state="running"))
    line = drill_progress.DrillStep(1.2, "db-02 leads")
    lines = [
        drill_progress.Progress((line,), is_running=True),
        drill_progress.Progress((line,), False, "kept", "Writing paused for 1.2 s."),
    ]
    monkeypatch.setattr(drill_progress, "can_practise", lambda: True)
    monkeypatch.setattr(drill_progress, "progress_of", lambda _: lines[0])
    app = clinic.open("drills", Role.ADMIN)
    assert app.info[0].value == "A drill is running."

    lines.pop(0)
    app.run()

    assert said(app.success).startswith("The promise was kept.")


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("skipped", "Skipped: no network."),
        ("failed", "It stopped with an error: no disk."),
        ("failed", ""),
    ],
    ids=["skipped", "stopped", "killed"],
)
def test_how_a_drill_ended_is_said_once(
    at_desk: Callable[..., AppTest],
    kept: Session,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    sentence: str,
):
    keep(kept, Drill(kind="crash", state="running"))
    ended = drill_progress.Progress((), False, state, sentence)
    monkeypatch.setattr(drill_progress, "can_practise", lambda: True)
    monkeypatch.setattr(drill_progress, "progress_of", lambda _: ended)

    app = at_desk("drills", Role.ADMIN)

    headlines = [element.value for element in (*app.info, *app.warning)]
    assert (sentence or "It did not finish.") in headlines


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (0, "A drill can be due every 1 to 366 days."),
        (None, "Then every (days) is empty. Type a number."),
    ],
)
def test_an_impossible_plan_is_refused_in_words_and_stays(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, typed: int | None, said: str
):
    # AppTest cannot click into a table that draws itself.
    event = lambda *_, **__: TableEvent(action=("crash", "plan"))  # noqa: E731
    monkeypatch.setattr(drill_tables, "record_table", event)
    app = clinic.open("drills", Role.ADMIN)
    app.number_input(key="drills_every_crash").set_value(typed)

    app.button(key="drills_plan").click().run()

    assert app.error[0].value == said
    assert app.number_input(key="drills_every_crash").value == typed
    app.number_input(key="drills_every_crash").set_value(30)
    app.date_input(key="drills_next_crash").set_value(None)
    app.button(key="drills_plan").click().run()
    assert app.error[0].value == "Next on is empty. Choose a day."
