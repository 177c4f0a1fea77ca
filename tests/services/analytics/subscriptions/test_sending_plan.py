"""When a dashboard is sent: a day and an hour by the clinic's clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.analytics.subscriptions import Frequency, SendingPlan
from services.analytics.subscriptions.model import checked_plan
from services.core.errors import InvalidInput

BERLIN = ZoneInfo("Europe/Berlin")
MONDAYS = SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7)
FIRSTS = SendingPlan(frequency=Frequency.MONTHLY, day=1, hour=0)


@pytest.mark.parametrize(
    ("plan", "now", "expected"),
    [
        # 26 November 2026 is a Thursday.
        (MONDAYS, "2026-11-26T08:00", "2026-11-30T06:00"),
        (MONDAYS, "2026-11-30T06:59", "2026-11-30T06:00"),
        (MONDAYS, "2026-11-30T07:00", "2026-12-07T06:00"),
        # In summer the same hour is another one in UTC.
        (MONDAYS, "2026-06-25T08:00", "2026-06-29T05:00"),
        (FIRSTS, "2026-11-26T08:00", "2026-11-30T23:00"),
        (FIRSTS, "2026-12-01T00:00", "2026-12-31T23:00"),
        # On 28 March 2027 there is no 2:30 in Berlin: the clock goes from 2 to 3.
        (
            SendingPlan(frequency=Frequency.WEEKLY, day=6, hour=2),
            "2027-03-27T08:00",
            "2027-03-28T01:00",
        ),
        (
            SendingPlan(frequency=Frequency.MONTHLY, day=28, hour=9),
            "2027-02-28T09:00",
            "2027-03-28T07:00",
        ),
    ],
)
def test_the_next_time_is_by_the_clinics_clock(plan, now, expected):
    local = datetime.fromisoformat(now).replace(tzinfo=BERLIN)

    assert plan.next_after(local) == datetime.fromisoformat(expected).replace(
        tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("rhythm", "day", "hour"),
    [
        (Frequency.WEEKLY, 7, 7),
        (Frequency.MONTHLY, 0, 7),
        (Frequency.MONTHLY, 29, 7),
        (Frequency.WEEKLY, 0, 24),
    ],
)
def test_a_time_that_not_every_week_or_month_has_is_refused(rhythm, day, hour):
    with pytest.raises(InvalidInput):
        checked_plan(SendingPlan(frequency=rhythm, day=day, hour=hour))


@pytest.mark.parametrize(
    "zone",
    [
        *("Europe/Berlin", "Asia/Kolkata", "America/New_York"),
        *("Pacific/Auckland", "Pacific/Apia", "Pacific/Honolulu"),
    ],
)
@pytest.mark.parametrize(
    ("rhythm", "day"), [(Frequency.WEEKLY, 0), (Frequency.MONTHLY, 1)]
)
def test_times_are_skipped_by_the_clock_of_an_earlier_one(zone, rhythm, day):
    plan = SendingPlan(frequency=rhythm, day=day, hour=1)
    then = datetime(2026, 10, 27, 12, tzinfo=ZoneInfo(zone))
    now = datetime(2026, 12, 11, 12, tzinfo=ZoneInfo(zone))
    at = plan.next_after(then)

    skipped = plan.skip(at, now.astimezone(UTC))

    assert abs(skipped - plan.next_after(now)) <= timedelta(hours=1)
    assert skipped > now
