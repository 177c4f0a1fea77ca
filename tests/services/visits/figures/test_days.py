"""Visits are counted by the clinic's days, and by whose they are."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.core.actors import Role
from services.core.errors import NotAllowed
from services.visits.figures.days import VisitDay, count_days
from tests.kit import cast
from tests.services.visits import visit_samples

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2031, 3, 12, 12, 0, tzinfo=ZONE)


@pytest.fixture
def at(session, patient):
    """Adds a visit at this time, with any doctor or with one."""
    doctor = cast.add_doctor(session)

    def at(starts_at, *, whose=None, **values):
        return visit_samples.visit(
            session, (whose or doctor).id, patient.id, starts_at, **values
        )

    return at


def test_each_day_has_a_row_and_the_clock_is_the_clinics(session, clerk, at):
    at(NOON.replace(hour=0, minute=30))
    at(NOON.replace(hour=23), status="no-show")
    at(NOON - timedelta(days=2), status="completed", completed_at=NOON)

    counted = count_days(
        session, clerk, NOON.date() - timedelta(days=2), NOON.date(), NOON
    )

    day = NOON.date()
    assert counted == (
        VisitDay(day - timedelta(days=2), booked=1, seen=1),
        VisitDay(day - timedelta(days=1)),
        VisitDay(day, booked=2, missed=1),
    )


@pytest.mark.parametrize(
    ("completed_at", "by_now"),
    [
        (NOON - timedelta(days=7), 1),
        (NOON - timedelta(days=7, minutes=-1), 0),
        # On the following day, at an earlier hour.
        (NOON - timedelta(days=6, hours=2), 0),
        # It may be unknown for a visit from elsewhere: it ended at half past nine.
        (None, 1),
    ],
)
def test_what_was_seen_by_now_was_completed_by_this_time_of_its_day(
    session, clerk, at, completed_at, by_now
):
    before = NOON - timedelta(days=7)
    at(before.replace(hour=9), status="completed", completed_at=completed_at)
    at(before.replace(hour=10))

    [counted] = count_days(session, clerk, before.date(), before.date(), NOON)

    assert counted == VisitDay(before.date(), booked=2, seen=1, seen_by_now=by_now)


def test_what_was_cancelled_is_not_booked(session, clerk, at):
    at(NOON, status="cancelled", cancelled_at=NOON)

    assert count_days(session, clerk, NOON.date(), NOON.date(), NOON) == (
        VisitDay(NOON.date(), cancelled=1),
    )


def test_a_clinicians_own_are_those_they_are_booked_for(session, patient, at):
    clinician = cast.add_actor(session, Role.CLINICIAN)
    cast.have_treated(session, clinician, patient.id)
    own = cast.add_doctor(session, user_id=clinician.id)
    at(NOON)
    at(NOON + timedelta(hours=1), whose=own)

    [everybody] = count_days(session, clinician, NOON.date(), NOON.date(), NOON)
    [mine] = count_days(session, clinician, NOON.date(), NOON.date(), NOON, is_own=True)

    assert (everybody.booked, mine.booked) == (2, 1)


def test_an_analyst_counts_no_visits(session, analyst):
    with pytest.raises(NotAllowed):
        count_days(session, analyst, NOON.date(), NOON.date(), NOON)
