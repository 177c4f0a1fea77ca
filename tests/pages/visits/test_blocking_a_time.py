"""Blocking a doctor's time from the calendar."""

from datetime import time

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
