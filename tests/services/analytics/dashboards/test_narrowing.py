"""One filter narrows every card: to whole months of what it counts, and to sexes."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import (
    Card,
    DashboardFilter,
    Timespan,
    narrow_card,
)
from services.analytics.dashboards.narrowing import days_of, narrow
from services.analytics.dashboards.wording import describe_filter
from services.analytics.figures import Figure
from services.core.errors import InvalidInput
from services.patients.records.model import Sex

TODAY = date(2026, 3, 25)
VISIT = CohortEvent(kind=EventKind.VISIT)
BY_SEX = Figure(
    cohort=Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS)), by=(Dimension.SEX,)
)
LAST_YEAR = DashboardFilter(timespan=Timespan.LAST_YEAR)
BEGUN, OVER = date(2025, 1, 1), date(2025, 12, 31)


@pytest.mark.parametrize(
    ("timespan", "since", "until"),
    [
        (Timespan.ALL, None, None),
        (Timespan.LAST_MONTH, date(2026, 2, 1), date(2026, 2, 28)),
        (Timespan.LAST_THREE_MONTHS, date(2025, 12, 1), date(2026, 2, 28)),
        (Timespan.LAST_TWELVE_MONTHS, date(2025, 3, 1), date(2026, 2, 28)),
        (Timespan.THIS_YEAR, date(2026, 1, 1), None),
        (Timespan.LAST_YEAR, BEGUN, OVER),
    ],
)
def test_periods_are_whole_months(timespan, since, until):
    assert days_of(DashboardFilter(timespan=timespan), TODAY) == (since, until)


def test_a_period_is_the_same_all_month():
    # Otherwise each day would ask another question, few patients from the last.
    for timespan in Timespan:
        shown = DashboardFilter(timespan=timespan)
        assert days_of(shown, date(2026, 3, 1)) == days_of(shown, date(2026, 3, 31))


def test_other_months_are_whole_whichever_days_are_chosen():
    shown = DashboardFilter(
        timespan=Timespan.MONTHS, since=date(2025, 11, 20), until=date(2025, 12, 2)
    )

    assert days_of(shown, TODAY) == (date(2025, 11, 1), date(2025, 12, 31))


def test_the_first_events_are_narrowed_where_they_are_what_is_counted():
    entry = narrow(BY_SEX, LAST_YEAR, TODAY).cohort.entry

    assert (entry.since, entry.until) == (BEGUN, OVER)


def test_where_others_are_counted_who_comes_in_stays():
    figure = replace(BY_SEX, of=VISIT)

    narrowed = narrow(figure, LAST_YEAR, TODAY)

    assert narrowed.cohort == figure.cohort
    assert narrowed.of == replace(VISIT, since=BEGUN, until=OVER)


def test_a_cards_own_time_and_sexes_are_never_widened():
    own = replace(
        BY_SEX,
        cohort=Cohort(
            entry=CohortEvent(kind=EventKind.DIAGNOSIS, since=date(2025, 6, 1)),
            sexes=(Sex.FEMALE, Sex.OTHER),
        ),
    )
    shown = replace(LAST_YEAR, sexes=(Sex.FEMALE, Sex.MALE))

    cohort = narrow(own, shown, TODAY).cohort

    assert (cohort.entry.since, cohort.entry.until) == (date(2025, 6, 1), OVER)
    assert cohort.sexes == (Sex.FEMALE,)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (DashboardFilter(sexes=(Sex.MALE,)), "counts different patients"),
        (DashboardFilter(timespan=Timespan.THIS_YEAR), "counts a different period"),
    ],
)
def test_a_filter_that_leaves_nothing_is_said(shown, said):
    cohort = Cohort(
        entry=CohortEvent(kind=EventKind.DIAGNOSIS, until=OVER), sexes=(Sex.FEMALE,)
    )

    with pytest.raises(InvalidInput, match=said):
        narrow(replace(BY_SEX, cohort=cohort), shown, TODAY)


def test_a_pinned_card_keeps_the_filter_that_it_was_pinned_with():
    card = Card(id=uuid4(), title="x", figure=BY_SEX, narrowed=LAST_YEAR)

    figure = narrow_card(card, DashboardFilter(sexes=(Sex.MALE,)), TODAY)

    assert figure.cohort.entry.since == BEGUN
    assert figure.cohort.sexes == (Sex.MALE,)


def test_a_filter_in_words():
    shown = replace(LAST_YEAR, sexes=(Sex.FEMALE, Sex.MALE))

    assert describe_filter(DashboardFilter(), TODAY) == "all time, all patients"
    assert describe_filter(shown, TODAY) == (
        "from 2025-01-01 to 2025-12-31, female or male"
    )
