"""What a dashboard shows, however often, to whom and under whichever filter."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from db.models.care import DisclosedGroup
from services.analytics import cohorts, figures
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    RevealsFew,
)
from services.analytics.dashboards import DashboardFilter, Timespan
from services.analytics.dashboards.narrowing import narrow
from services.analytics.figures import Figure
from services.core.actors import Role
from services.patients.records.model import Sex
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import person
from tests.services.visits import visit_samples

K = 5
NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
FIRST = date(2025, 4, 7)
BY_SEX = Figure(
    cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)), by=(Dimension.SEX,)
)
BY_MONTH = replace(BY_SEX, by=(Dimension.MONTH,))
ALL = DashboardFilter()


@pytest.fixture
def visitors(session):
    """Adds visitors of a sex on a day, and ten others who never come."""
    doctor = cast.add_doctor(session)
    for _ in range(10):
        person(session)
    count = iter(range(1000))

    def visitors(number, sex, day=FIRST):
        for _ in range(number):
            at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
            each = person(session, sex=sex)
            starts_at = at + timedelta(minutes=20 * next(count))
            visit_samples.visit(
                session, doctor.id, each.id, starts_at, status="completed"
            )

    return visitors


@pytest.fixture
def disclose(session):
    """Shows a card to an analyst, as a dashboard with a filter does."""

    def disclose(analyst, figure, shown=ALL, now=NOW):
        narrowed = narrow(figure, shown, now.date())
        undisclosed = figures.count(
            session, analyst, narrowed, now=now, smallest_group=K
        )
        return cohorts.disclose(session, analyst, undisclosed)

    return disclose


def numbers(result):
    return {cell.values[0]: cell.number for cell in result.cells}


def disclosed_groups(session):
    return session.scalars(select(func.count()).select_from(DisclosedGroup)).one()


def test_a_shared_dashboard_tells_colleagues_what_it_told_and_no_more(
    session, disclose, visitors
):
    visitors(12, "female")
    visitors(9, "male")
    ana, other = (
        cast.add_actor(session, cast.ANA),
        cast.add_actor(session, Role.ANALYST),
    )
    first = [numbers(disclose(ana, card)) for card in (BY_SEX, BY_MONTH)]
    kept = disclosed_groups(session)

    for analyst in (ana, other, ana):
        again = [numbers(disclose(analyst, card)) for card in (BY_SEX, BY_MONTH)]
        assert again == first

    assert disclosed_groups(session) == kept


def test_a_patient_who_comes_between_two_openings_is_in_neither_number(
    session, disclose, visitors
):
    visitors(12, "female")
    visitors(9, "male")
    ana = cast.add_actor(session, cast.ANA)
    before = disclose(ana, BY_SEX)
    visitors(1, "male")

    later = disclose(ana, BY_SEX, now=NOW + timedelta(hours=1))

    assert later == before
    assert later.counted_at == NOW


def test_a_filter_over_all_subtracts_nobody(session, disclose, visitors):
    visitors(12, "female")
    visitors(9, "male")
    visitors(2, "other")
    ana = cast.add_actor(session, cast.ANA)
    everybody = numbers(disclose(ana, BY_MONTH))
    women = DashboardFilter(sexes=(Sex.FEMALE,))
    men = DashboardFilter(sexes=(Sex.MALE,))
    assert everybody == {"2025-04": 23}
    assert numbers(disclose(ana, BY_MONTH, women)) == {"2025-04": 12}

    # 23 - 12 - 9 are the two who are neither; a colleague is shown no more.
    with pytest.raises(RevealsFew):
        disclose(cast.add_actor(session, Role.ANALYST), BY_MONTH, men)


def test_a_period_all_but_few_lie_in_is_refused_after_all_time(
    session, disclose, visitors
):
    visitors(20, "female")
    visitors(3, "female", date(2026, 2, 2))
    ana = cast.add_actor(session, cast.ANA)
    disclose(ana, BY_SEX)

    with pytest.raises(RevealsFew):
        disclose(ana, BY_SEX, DashboardFilter(timespan=Timespan.LAST_YEAR))


def test_a_period_asks_the_same_all_month_and_gets_its_earlier_answer(
    session, disclose, visitors
):
    visitors(9, "female", date(2026, 2, 2))
    ana = cast.add_actor(session, cast.ANA)
    shown = DashboardFilter(timespan=Timespan.LAST_THREE_MONTHS)
    first = disclose(ana, BY_SEX, shown, now=datetime(2026, 3, 2, 12, tzinfo=UTC))
    # Recorded late, as some visits are.
    visitors(2, "female", date(2026, 2, 3))

    again = disclose(ana, BY_SEX, shown, now=datetime(2026, 3, 30, 12, tzinfo=UTC))

    assert again == first
