"""Blocking a doctor's time from the calendar."""

from datetime import date, time

import pytest

from dashboard.ui.clock import calendar
from services.visits.schedule import doctors
from services.visits.schedule.plans import Hours, weeks
from tests.kit import cast
from tests.pages.conftest import Clinic


@pytest.fixture(scope="module")
def dora(clinic: Clinic):
    def settle(session):
        dora = doctors.add_doctor(session, clinic.clerk, cast.DOCTOR_DORA)
        week = [Hours(day, time(9), time(11)) for day in range(1, 8)]
        weeks.change_week(session, clinic.clerk, dora.id, week, calendar())
        return dora

    return clinic.write(settle)


def test_no_time_is_blocked_before_a_doctor_is_chosen(clinic: Clinic, dora):
    app = clinic.open("calendar")

    app.button(key="calendar_block_open").click().run()

    assert not app.exception
    assert app.selectbox(key="calendar_block_doctor").value is None
    assert app.button(key="calendar_block").disabled


def test_the_doctor_whose_calendar_is_shown_is_chosen(clinic: Clinic, dora):
    app = clinic.open("calendar", doctor=dora.id)

    app.button(key="calendar_block_open").click().run()

    assert app.selectbox(key="calendar_block_doctor").value == dora.id
    assert not app.button(key="calendar_block").disabled


def test_a_time_that_clocks_skip_is_not_blocked(clinic: Clinic, dora, monkeypatch):
    berlin = clinic.wiring.settings.model_copy(update={"timezone": "Europe/Berlin"})
    monkeypatch.setattr(clinic.wiring, "settings", berlin)
    # That day, clocks go from 02:00 to 03:00.
    app = clinic.open("calendar", day=date(2040, 3, 25))
    app.button(key="calendar_block_open").click().run()

    # The dialog stays open: these runs are of the whole page.
    app.session_state["calendar_block_asked"] = True
    app.selectbox(key="calendar_block_doctor").set_value(dora.id)
    app.time_input(key="calendar_block_starts_at").set_value(time(2, 30)).run()

    said = "From: there is no 02:30 on 25 March 2040, because clocks go forward."
    assert [error.value for error in app.error] == [f"{said} Type another time."]
    # The button waits for another time, and Cancel stays beside it.
    assert app.button(key="calendar_block").disabled
