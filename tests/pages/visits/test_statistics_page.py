"""How visits are booked, on the page for administrators."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session
from streamlit.proto.Metric_pb2 import Metric as MetricProto
from streamlit.testing.v1 import AppTest

from db.models.booking import Booking, Slot
from jobs.visits import booking_proof
from jobs.visits.booking_proof import RacersFailed
from services.core.actors import Role
from services.visits.booking.proving import Proof
from tests.kit import cast
from tests.pages.conftest import Clinic, rows_of
from tests.services.visits import visit_samples

HELD = Proof(
    attempts=200,
    processes=4,
    won=1,
    lost=199,
    others=0,
    winner=uuid4(),
    holders=1,
    p50_ms=420.4,
    p99_ms=1312.0,
    seconds=2.34,
)


@pytest.fixture(scope="module")
def booked(clinic: Clinic) -> str:
    """A doctor with two slots today: one booked, one whose hold has run out."""
    patient = clinic.register()
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)

    def keep(session: Session) -> None:
        doctor_id = cast.add_doctor(session).id
        visit_samples.visit(session, doctor_id, patient.id, noon, status="no-show")
        slot_id = visit_samples.slot(session, doctor_id, noon.replace(hour=13))
        session.add(
            Booking(
                slot_id=slot_id,
                doctor_id=session.get_one(Slot, slot_id).doctor_id,
                patient_id=patient.id,
                attempt=uuid4(),
                expires_at=datetime(2026, 1, 1, tzinfo=UTC),
                created_by=uuid4(),
                created_by_name=cast.CLEO.name,
            )
        )

    clinic.write(keep)
    return patient.last_name


def opened(clinic: Clinic, days: str = "Today"):
    app = clinic.open("statistics", Role.ADMIN)
    app.radio(key="statistics_period").set_value(days).run()
    return app


def test_a_period_without_slots_says_what_to_do(clinic: Clinic, booked):
    app = opened(clinic, "Other days")
    for name in ("statistics_from", "statistics_to"):
        app.date_input(key=name).set_value("2020-01-01")
    app.run()

    assert any("No slots on these days" in text.value for text in app.markdown)


def test_figures_stand_beside_those_of_as_many_days_before(clinic: Clinic, booked):
    app = opened(clinic, "Today")

    [missed] = [metric for metric in app.metric if metric.label == "No-shows"]
    assert (missed.value, missed.delta) == ("1", "+1")
    assert any("number of days before" in caption.value for caption in app.caption)


def page_of_nearly_the_same_figures() -> None:
    from dashboard.visits.figures.figure_tables import show_totals
    from services.visits.figures.statistics import Figures

    now = Figures(slots=1000, booked=731, holds=10, confirmed=9)
    show_totals(now, Figures(slots=1000, booked=734, holds=10, confirmed=8))


def test_a_change_has_a_sign_and_no_arrow_beside_it():
    shown = AppTest.from_function(page_of_nearly_the_same_figures).run().metric

    changes = {each.label: each.delta for each in shown}
    assert changes["Utilisation"] == "0 points"
    assert changes["Hold conversion"] == "+10 points"
    assert changes["No-shows"] == "0"
    directions = {each.proto.direction for each in shown}
    assert directions == {MetricProto.MetricDirection.NONE}


def test_a_doctor_whom_nobody_tried_to_book_is_named_and_is_no_row_of_zeros(
    clinic: Clinic, booked
):
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)

    def keep(session: Session) -> None:
        doctor = cast.add_doctor(session)
        doctor.name = "Ida Idle"
        # On a day that no other test looks at.
        visit_samples.slot(session, doctor.id, noon + timedelta(days=20))

    clinic.write(keep)

    # Not what the server has cached for other tests.
    app = opened(clinic, "Next 30 days")

    assert "Ida Idle" not in [row[0] for row in rows_of(app, "statistics_doctors")]
    assert any("Nobody tried to book with" in c.value for c in app.caption)


def test_a_day_on_which_nobody_tried_has_no_empty_axes_and_no_wall_of_slots(
    clinic: Clinic, booked
):
    # On a day that no other test looks at.
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    later = noon + timedelta(days=60)
    clinic.write(lambda s: visit_samples.slot(s, cast.add_doctor(s).id, later))

    app = opened(clinic, "Other days")
    for name in ("statistics_from", "statistics_to"):
        app.date_input(key=name).set_value(later.date())
    app.run()

    assert any("Nobody tried to book" in text.value for text in app.markdown)
    (slots,) = app.get("vega_lite_chart")
    assert json.loads(slots.proto.spec)["mark"]["size"] < 100


def test_the_figures_of_a_day_are_told_of_each_doctor_and_of_nobody_else(
    clinic: Clinic, booked
):
    app = opened(clinic)

    (row,) = rows_of(app, "statistics_doctors")
    assert row == [
        *("Dora Doctor", "2", "1", "50%", "2", "1", "50%"),
        *("1", "0", "0", "0", "1"),
    ]
    (day,) = rows_of(app, "statistics_days")
    assert day[1:] == row[1:]
    assert [element.value for element in app.metric][:3] == ["50%", "50%", "1"]
    assert booked not in str(app)


def test_the_file_is_of_the_days_that_are_shown(clinic: Clinic, booked):
    app = opened(clinic, "Other days")
    app.date_input(key="statistics_from").set_value("2026-03-01")
    app.date_input(key="statistics_to").set_value("2026-03-31").run()

    (link,) = app.get("link_button")
    assert link.proto.url == (
        "/files/visit-statistics.csv?from=2026-03-01&to=2026-03-31"
    )


def test_days_the_wrong_way_round_are_explained(clinic: Clinic, booked):
    app = opened(clinic, "Other days")
    app.date_input(key="statistics_from").set_value("2026-03-31")
    app.date_input(key="statistics_to").set_value("2026-03-01").run()

    assert app.error[0].value == "The first day is after the last one; swap them."


def test_the_proof_says_who_won_and_how_long_it_took(clinic: Clinic, monkeypatch):
    monkeypatch.setattr(booking_proof, "prove", lambda *_: HELD)
    app = opened(clinic)

    app.button(key="statistics_prove").click().run()

    assert app.success[0].value == (
        "200 attempts at one slot from 4 processes: 1 won, 199 were told that it is "
        "booked. No double booking is possible."
    )
    assert [element.value for element in app.metric][-3:] == [
        "2.3 s",
        "420 ms",
        "1312 ms",
    ]


def test_a_proof_that_broke_off_proves_nothing(clinic: Clinic, monkeypatch):
    def break_off(*_: object) -> Proof:
        raise RacersFailed

    monkeypatch.setattr(booking_proof, "prove", break_off)
    app = opened(clinic)

    app.button(key="statistics_prove").click().run()

    assert "it proves nothing" in app.warning[0].value
    assert not app.success


def test_the_proof_runs_for_real(clinic: Clinic):
    app = opened(clinic)

    app.button(key="statistics_prove").click().run(timeout=120)

    assert app.success[0].value.endswith("No double booking is possible.")
    assert clinic.audit("booking:prove")[-1].actor_id == clinic.cast[Role.ADMIN].id
