"""Choosing a bar narrows a filter, and a figure, to what the bar represents."""

from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    Window,
)
from services.analytics.cohorts.model import EntryBounds
from services.analytics.dashboards import DashboardFilter, Timespan, check_filter
from services.analytics.dashboards.choosing import filter_by, is_filterable, narrow_to
from services.analytics.dashboards.narrowing import days_of, narrow
from services.analytics.dashboards.wording import describe_filter
from services.analytics.figures import Figure, FigureMeasure
from services.core.errors import InvalidInput
from services.patients.records.model import Sex

TODAY = date(2026, 3, 25)
LAST_YEAR = DashboardFilter(timespan=Timespan.LAST_YEAR)
VISITS = Figure(
    cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)), by=(Dimension.SEX,)
)


@pytest.mark.parametrize(
    ("dimension", "value", "since", "until"),
    [
        (Dimension.MONTH, "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        (Dimension.QUARTER, "2024 Q4", date(2024, 10, 1), date(2024, 12, 31)),
        (Dimension.YEAR, "2024", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_a_bar_of_a_time_narrows_to_its_months(dimension, value, since, until):
    of_women = DashboardFilter(sexes=(Sex.FEMALE,))

    shown = filter_by(of_women, {dimension: value}, TODAY)

    assert days_of(shown, TODAY) == (since, until)
    assert shown.sexes == (Sex.FEMALE,)


@pytest.mark.parametrize(
    ("timespan", "dimension", "value", "since", "until"),
    [
        (Timespan.LAST_THREE_MONTHS, Dimension.YEAR, "2025", "2025-12-01",
         "2025-12-31"),
        (Timespan.LAST_TWELVE_MONTHS, Dimension.QUARTER, "2026 Q1", "2026-01-01",
         "2026-02-28"),
        (Timespan.LAST_YEAR, Dimension.MONTH, "2025-03", "2025-03-01", "2025-03-31"),
        (Timespan.THIS_YEAR, Dimension.YEAR, "2026", "2026-01-01", "2026-12-31"),
    ],
    ids=["a year begun before", "a quarter not over", "a month within", "to no end"],
)  # fmt: skip
def test_a_bar_of_which_the_filter_has_a_part_narrows_to_that_part(
    timespan, dimension, value, since, until
):
    shown = filter_by(DashboardFilter(timespan=timespan), {dimension: value}, TODAY)

    days = date.fromisoformat(since), date.fromisoformat(until)
    assert days_of(shown, TODAY) == days


def test_a_bar_of_a_sex_narrows_to_it_and_leaves_the_time():
    chosen = {Dimension.SEX: "male", Dimension.WEEKDAY: "monday"}

    shown = filter_by(LAST_YEAR, chosen, TODAY)

    assert shown == replace(LAST_YEAR, sexes=(Sex.MALE,))


@pytest.mark.parametrize(
    ("dimension", "value"),
    [
        (Dimension.SEX, "others"),
        (Dimension.MONTH, "others"),
        (Dimension.MONTH, "2024-13"),
        (Dimension.MONTH, "2024-12"),
        (Dimension.AGE_BAND, "none"),
        (Dimension.WEEKDAY, "monday"),
        (Dimension.WORDS, "2024"),
    ],
)
def test_a_bar_that_no_filter_can_be_narrowed_to_changes_none(dimension, value):
    assert filter_by(LAST_YEAR, {dimension: value}, TODAY) == LAST_YEAR


@pytest.mark.parametrize(
    ("dimension", "value"),
    [
        (Dimension.SEX, "unknown"),
        (Dimension.AGE_BAND, "90+"),
        (Dimension.MONTH, "2024-12"),
        (Dimension.QUARTER, "2024 Q1"),
        (Dimension.YEAR, "2024"),
    ],
)
def test_what_a_filter_can_be_narrowed_to_is_choosable_and_what_is_left_is_not(
    dimension, value
):
    assert is_filterable(dimension, value)
    for left in ("others", "none", ""):
        assert not is_filterable(dimension, left)


def test_a_figure_of_first_events_is_narrowed_to_those_that_are_first_in_the_bar():
    chosen = {Dimension.SEX: "female", Dimension.YEAR: "2024"}

    cohort = narrow_to(VISITS, chosen, TODAY).cohort

    assert cohort.sexes == (Sex.FEMALE,)
    # Narrowed itself, the event that lets patients in could be a later one.
    assert cohort.entry == VISITS.cohort.entry
    assert cohort.entry_bounds == EntryBounds(
        since=date(2024, 1, 1), until=date(2024, 12, 31)
    )


def test_a_figure_of_events_is_narrowed_to_those_and_its_rules_stay():
    of_events = replace(VISITS, measure=FigureMeasure.EVENTS)
    came_back = (Rule(event=CohortEvent(kind=EventKind.VISIT), within=Window(30)),)
    ruled = replace(of_events, cohort=replace(VISITS.cohort, steps=(came_back,)))
    year = {
        "since": date(2024, 1, 1),
        "until": date(2024, 12, 31),
    }

    plain = narrow_to(of_events, {Dimension.YEAR: "2024"}, TODAY)
    with_rules = narrow_to(ruled, {Dimension.YEAR: "2024"}, TODAY)

    narrowed = replace(VISITS.cohort.entry, **year)
    assert plain == replace(of_events, cohort=Cohort(entry=narrowed))
    # The days of a rule are still counted from the first event of all.
    assert with_rules == replace(ruled, of=narrowed)
    assert narrow_to(ruled, {Dimension.SEX: "female"}, TODAY).of is None


def test_a_figure_narrowed_to_a_bar_can_be_narrowed_to_one_of_its_own():
    of_2024 = narrow_to(VISITS, {Dimension.YEAR: "2024"}, TODAY)

    aged = narrow_to(of_2024, {Dimension.AGE_BAND: "90+"}, TODAY)
    in_may = narrow_to(aged, {Dimension.MONTH: "2024-05"}, TODAY)

    assert in_may.cohort == replace(
        VISITS.cohort,
        entry_bounds=EntryBounds(
            from_age=90, since=date(2024, 5, 1), until=date(2024, 5, 31)
        ),
    )
    for other in ({Dimension.YEAR: "2025"}, {Dimension.AGE_BAND: "30–39"}):
        with pytest.raises(InvalidInput, match="from the filter"):
            narrow_to(in_may, other, TODAY)
    # A dashboard says so as well, on which the figure may be a card.
    with pytest.raises(InvalidInput, match="counts a different period"):
        narrow(of_2024, LAST_YEAR, TODAY)


@pytest.mark.parametrize(
    ("band", "ages"), [("0–9", (0, 9)), ("30–39", (30, 39)), ("90+", (90, None))]
)
def test_a_bar_of_a_band_of_ages_narrows_to_the_age_at_the_events(band, ages):
    of_procedures = replace(VISITS, of=CohortEvent(kind=EventKind.PROCEDURE))
    chosen = {Dimension.AGE_BAND: band}

    shown = filter_by(LAST_YEAR, chosen, TODAY)
    bounds = narrow_to(VISITS, chosen, TODAY).cohort.entry_bounds
    narrowed = narrow_to(of_procedures, chosen, TODAY)

    assert shown == replace(LAST_YEAR, age_band=band)
    assert (bounds.from_age, bounds.to_age) == ages
    # In a figure of other events, those are narrowed, and not the first event.
    assert (narrowed.of.from_age, narrowed.of.to_age) == ages
    assert narrowed.cohort == of_procedures.cohort


def test_a_band_of_ages_widens_nothing_that_a_card_asks():
    over_35 = CohortEvent(kind=EventKind.VISIT, from_age=35, to_age=80)
    older = replace(VISITS, cohort=Cohort(entry=over_35))

    first, last = (
        narrow_to(older, {Dimension.AGE_BAND: band}, TODAY).cohort.entry_bounds
        for band in ("30–39", "80–89")
    )

    assert (first.from_age, first.to_age) == (35, 39)
    assert (last.from_age, last.to_age) == (80, 80)
    with pytest.raises(InvalidInput, match="different ages"):
        narrow_to(older, {Dimension.AGE_BAND: "90+"}, TODAY)


def test_a_band_of_ages_is_told_in_words_and_there_is_no_other():
    aged = partial(DashboardFilter, sexes=(Sex.FEMALE,))

    descriptions = [
        describe_filter(aged(age_band=each), TODAY) for each in ("30–39", "90+")
    ]

    assert descriptions == ["female, aged 30 to 39", "female, aged 90 or older"]
    with pytest.raises(InvalidInput, match="band of ages"):
        check_filter(aged(age_band="30-39"))


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("day", [date(1000, 1, 1), date(9999, 12, 30)], ids=str)
def test_a_month_that_no_clinic_knows_is_refused(name, day):
    shown = DashboardFilter(timespan=Timespan.MONTHS, **{name: day})

    with pytest.raises(InvalidInput, match="months from 1900 to 2199"):
        check_filter(shown)


def test_a_figure_of_which_nothing_is_left_is_refused():
    of_men = replace(VISITS, cohort=replace(VISITS.cohort, sexes=(Sex.MALE,)))

    with pytest.raises(InvalidInput):
        narrow_to(of_men, {Dimension.SEX: "female"}, TODAY)
