"""Days and times of visits, also where clocks change, tested without a page."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from dashboard.ui import clock as clinic_clock
from dashboard.ui.language import day_heading
from dashboard.visits.booking import any_doctor, times
from dashboard.visits.booking.calendar import days_of
from services.visits.schedule.slots.records import SlotRecord

BERLIN = ZoneInfo("Europe/Berlin")
MINUTES = timedelta(minutes=20)
# In Berlin clocks go from 03:00 back to 02:00 on this night, in New York a week later.
BACK = date(2026, 10, 25)
FORWARD = date(2026, 3, 29)


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clinic_clock, "zone", lambda: BERLIN)
    monkeypatch.setattr(clinic_clock, "usual_clock", lambda: "24")
    monkeypatch.setattr(times, "zone", lambda: BERLIN)


@pytest.fixture
def viewer(monkeypatch: pytest.MonkeyPatch):
    """Make the viewer's time zone another one."""

    def viewer(name: str) -> None:
        monkeypatch.setattr(times, "_viewers_zone", lambda: ZoneInfo(name))

    return viewer


def slot(timestamp: datetime) -> SlotRecord:
    return SlotRecord(uuid4(), uuid4(), timestamp, timestamp + MINUTES, "free")


@pytest.mark.parametrize(
    ("day", "hours"),
    [(BACK, 25), (FORWARD, 23), (date(2026, 6, 1), 24)],
    ids=["back", "forward", "as ever"],
)
def test_a_day_has_the_hours_that_the_clinics_clock_gives_it(day: date, hours: int):
    begins, ends = times.span(day, 1)

    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(hours=hours)


def test_an_hour_that_comes_twice_has_two_lines_that_are_told_apart():
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]

    (day,) = days_of([slot(timestamp) for timestamp in twice], BACK, 1)

    both = ["02:30 (summer time)", "02:30 (winter time)"]
    assert [time.text for time in day.times] == [*both, "03:30"]
    assert [time.line for time in day.times] == [0, 1, 2]
    assert [times.when(timestamp).partition(", ")[2] for timestamp in twice] == [
        *both,
        "03:30",
    ]
    assert times.clock(twice[1]) == both[1]


def test_any_doctors_times_follow_each_other_on_a_clock_of_twelve_hours(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(clinic_clock, "usual_clock", lambda: "12")
    free = [datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in (7, 8, 12)]

    (day,) = any_doctor.days_of(free)

    assert [time.text for time in day.times] == ["9:00 AM", "10:00 AM", "2:00 PM"]
    assert [time.line for time in day.times] == [0, 1, 2]


def test_equal_times_of_a_week_stand_in_one_line_though_clocks_change():
    monday, sunday = date(2026, 10, 19), BACK
    slots = [
        slot(datetime(2026, 10, 23, 7, 0, tzinfo=UTC)),
        slot(datetime(2026, 10, 23, 7, 20, tzinfo=UTC)),
        slot(datetime(2026, 10, 25, 8, 0, tzinfo=UTC)),
    ]

    days = days_of(slots, monday, 7)

    lines = {day.label: [(t.text, t.line) for t in day.times] for day in days}
    assert lines[day_heading(sunday)] == [("09:00", 0)]
    assert lines["Fri 23 Oct"] == [("09:00", 0), ("09:20", 1)]
    assert "Sat 24 Oct" not in lines


@pytest.mark.parametrize(
    ("zone", "timestamp", "beside"),
    [
        ("America/New_York", datetime(2026, 11, 23, 9, 20, tzinfo=UTC), "04:20"),
        # Between the two changes of the clocks the zones are an hour closer.
        ("America/New_York", datetime(2026, 10, 28, 9, 20, tzinfo=UTC), "05:20"),
        ("Pacific/Auckland", datetime(2026, 11, 23, 15, 0, tzinfo=UTC), "Tue 04:00"),
        ("Europe/Stockholm", datetime(2026, 11, 23, 9, 20, tzinfo=UTC), ""),
        ("Africa/Lagos", datetime(2026, 11, 23, 9, 20, tzinfo=UTC), ""),
        ("Africa/Lagos", datetime(2026, 6, 1, 9, 20, tzinfo=UTC), "10:20"),
    ],
    ids=["west", "closer", "tomorrow", "same", "same in winter", "not in summer"],
)
def test_the_viewers_own_time_stands_beside_where_it_differs(
    viewer, zone: str, timestamp: datetime, beside: str
):
    viewer(zone)

    assert times.viewers_time(timestamp) == beside


def test_whose_times_they_are_is_said(viewer):
    viewer("America/New_York")

    said = times.about_clocks(datetime(2026, 11, 23, 9, 20, tzinfo=UTC))

    assert "Europe/Berlin" in said
    assert "America/New_York" in said
