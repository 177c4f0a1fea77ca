"""Weeks and exceptions that make no sense are refused."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import func, select, update

from db.models.audit import AuditEvent
from db.models.doctor import Doctor
from services.core.errors import InvalidInput, NotAllowed
from services.visits.schedule import plans
from services.visits.schedule.doctors import NoSuchDoctor
from services.visits.schedule.plans import ExceptionDraft, ExceptionKind, Hours, weeks
from services.visits.schedule.plans.errors import InvalidWeek
from tests.services.visits.schedule.plans.samples import (
    FORTNIGHT,
    MORNING,
    doctor,
    tomorrow,
)


@pytest.fixture
def dora(session):
    return doctor(session)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ([Hours(1, time(9), time(9))], "Monday: 09:00 is not after 09:00"),
        (
            [Hours(2, time(8), time(12)), Hours(2, time(11), time(13))],
            "Tuesday: what begins at 11:00 overlaps",
        ),
        (
            [Hours(3, time(8), time(12)), Hours(3, time(11), time(13), "break")],
            "Wednesday: the break from 11:00 is outside",
        ),
    ],
    ids=["backwards", "overlap", "break outside"],
)
def test_a_week_that_contradicts_itself_is_refused(session, clerk, dora, hours, said):
    with pytest.raises(InvalidWeek, match=said):
        weeks.change_week(session, clerk, dora, hours, FORTNIGHT)


def test_a_week_is_read_as_it_was_written(session, clerk, dora):
    week = (
        Hours(1, time(8), time(12)),
        Hours(1, time(10), time(10, 15), "break"),
        Hours(5, time(13), time(17)),
    )

    weeks.change_week(session, clerk, dora, week, FORTNIGHT)

    assert weeks.get_week(session, clerk, dora) == week


def test_the_log_says_what_a_week_was_and_became(session, clerk, dora):
    week = (Hours(1, time(8), time(12)),)

    weeks.change_week(session, clerk, dora, week, FORTNIGHT)

    (details,) = session.scalars(
        select(AuditEvent.details).where(AuditEvent.action == "schedule:change")
    )
    assert details == {"week": [[], ["Mon 08:00-12:00 work"]]}


def test_nobody_but_the_desk_and_administrators_changes_plans(
    session, clinician, analyst, dora
):
    for actor in (clinician, analyst):
        with pytest.raises(NotAllowed, match="change doctors and when they work"):
            weeks.change_week(session, actor, dora, MORNING, FORTNIGHT)


def test_a_doctor_who_left_has_no_plan(session, clerk, dora):
    session.execute(update(Doctor).values(deleted_at=func.now()))

    with pytest.raises(NoSuchDoctor):
        weeks.change_week(session, clerk, dora, MORNING, FORTNIGHT)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends_after": timedelta()}, "The end is not after the beginning"),
        ({"ends_after": timedelta(days=367)}, "longer than a year"),
        ({"starts_at": datetime(9999, 12, 30, 8, tzinfo=UTC)}, "after the year 2199"),
        ({"kind": ExceptionKind.HOURS, "doctor_id": None}, "for one doctor"),
        (
            {"kind": ExceptionKind.HOURS, "ends_after": timedelta(days=2, hours=4)},
            "for one day; add each day by itself",
        ),
        ({"reason": "x" * 201}, "Reason is too long"),
        ({"reason": "Con\0gress"}, "Reason .* cannot be shown"),
    ],
    ids=[
        "backwards",
        "too long",
        "far ahead",
        "nobody's hours",
        "special hours through nights",
        "reason too long",
        "unstorable reason",
    ],
)
def test_an_exception_that_makes_no_sense_is_refused(
    session, clerk, dora, changes, said
):
    given = {
        "kind": ExceptionKind.BLOCKED,
        "starts_at": tomorrow(),
        "doctor_id": dora,
    } | changes
    ends_at = given["starts_at"] + given.pop("ends_after", timedelta(hours=12))

    with pytest.raises(InvalidInput, match=said):
        plans.add_exception(
            session, clerk, ExceptionDraft(ends_at=ends_at, **given), FORTNIGHT
        )


def test_an_exception_that_is_over_is_refused(session, clerk, dora):
    yesterday = tomorrow() - timedelta(days=2)
    over = ExceptionDraft(
        ExceptionKind.HOLIDAY, yesterday, yesterday + timedelta(hours=1), dora
    )

    with pytest.raises(InvalidInput, match="This time has passed"):
        plans.add_exception(session, clerk, over, FORTNIGHT)
