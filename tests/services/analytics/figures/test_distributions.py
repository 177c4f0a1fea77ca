"""Means and percentiles of a cohort: what is shown, and attacks on what is not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import fmean

import numpy as np
import pytest

from services.analytics import cohorts, figures
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.figures import Figure, FigureMeasure, Quantity
from services.analytics.figures.distributions import Distribution, distribution_of
from services.core.errors import InvalidInput
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import (
    DAY,
    HYPERTENSION,
    VISIT,
    diagnosed,
    person,
)
from tests.services.visits import visit_samples

K = 5
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PRESSURE = CohortEvent(kind=EventKind.VITAL, words="systolic pressure")
BY_SEX = Figure(
    cohort=Cohort(entry=HYPERTENSION),
    by=(Dimension.SEX,),
    measure=FigureMeasure.DISTRIBUTION,
    of=PRESSURE,
    quantity=Quantity.VALUE,
)


@pytest.fixture
def disclose(session):
    analyst = cast.add_actor(session, cast.ANA)

    def disclose(figure, k=K):
        counted = figures.count(session, analyst, figure, now=NOW, smallest_group=k)
        return cohorts.disclose(session, analyst, counted)

    return disclose


@pytest.fixture
def measured(session):
    """Gives a patient with hypertension these values of blood pressure."""

    def measured(*values, day=DAY, unit="mmHg", patient=None, **more):
        patient = patient or person(session, **more)
        diagnosed(session, patient, day)
        for place, value in enumerate(values):
            diagnosed(
                session,
                patient,
                day + timedelta(1 + place),
                kind="observation",
                term="Systolic pressure",
                value=Decimal(value),
                unit=unit,
            )
        return patient

    return measured


@pytest.fixture(autouse=True)
def bystanders(session):
    """Add others: a count of nearly everybody would reveal the rest."""
    for _ in range(10):
        person(session)


def spread(result):
    return {cell.values: (cell.number, cell.distribution) for cell in result.cells}


def test_a_mean_and_percentiles_are_those_of_plain_python(measured, disclose):
    values = [100 + place * place % 71 for place in range(60)]
    for value in values:
        measured(value)

    ((number, distribution),) = spread(disclose(BY_SEX)).values()

    def near(share):
        first = round(share * (len(values) - 1) - (K - 1) / 2 + 1e-9)
        return round(fmean(sorted(values)[first : first + K]), 1)

    assert number == 60
    assert distribution == Distribution(
        round(fmean(values), 1), near(0.25), near(0.5), near(0.75), near(0.9)
    )


def test_each_patient_counts_once_with_the_mean_of_theirs(measured, disclose):
    measured(100, 120, 200)
    for value in range(110, 120):
        measured(value)

    ((number, distribution),) = spread(disclose(BY_SEX)).values()

    assert (number, distribution.mean) == (11, round(fmean([140, *range(110, 120)]), 1))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (4, ()),
        (9, ("mean",)),
        (10, ("mean", "median")),
        (20, ("mean", "p25", "median", "p75")),
        (49, ("mean", "p25", "median", "p75")),
        (50, ("mean", "p25", "median", "p75", "p90")),
    ],
)
def test_percentiles_need_k_patients_on_either_side(number, shown):
    distribution = distribution_of(np.arange(number, dtype=np.float64), K)

    assert (
        tuple(
            name
            for name in Distribution.__slots__
            if getattr(distribution, name) is not None
        )
        == shown
    )


def test_no_percentile_is_one_patients_own(measured, disclose):
    """With 50 patients, the 90th percentile would be the sixth highest's alone."""
    squares = [value * value for value in range(50)]
    for value in squares:
        measured(value)

    ((_, distribution),) = spread(disclose(BY_SEX)).values()

    assert not {
        distribution.p25,
        distribution.median,
        distribution.p75,
        distribution.p90,
    } & set(squares)
    assert distribution.p90 == fmean(squares[42:47])


def test_a_group_that_is_nearly_all_alike_is_not_told(measured, disclose):
    """Homogeneity: the mean would give the value of all but a few."""
    for _ in range(12):
        measured(120)
    for _ in range(K - 1):
        measured(150)

    assert spread(disclose(BY_SEX)) == {}


def test_a_group_that_is_all_alike_is_not_what_the_others_leave(session, disclose):
    """The mean of everybody may be shown elsewhere, and from it that of the men."""
    for sex, number in (("female", 12), ("male", 10), ("other", 8)):
        for place in range(number):
            born = date(1950 if sex == "male" else 1950 + place, 6, 15)
            diagnosed(session, person(session, sex=sex, date_of_birth=born))

    shown = spread(disclose(replace(BY_SEX, of=None, quantity=Quantity.AGE)))

    assert set(shown) == {("female",)}


def test_fewer_than_k_are_neither_told_nor_named(measured, disclose):
    for sex, number in (("female", 4), ("male", 9), ("other", 8)):
        for value in range(number):
            measured(100 + value, sex=sex)

    numbers = {key: number for key, (number, _) in spread(disclose(BY_SEX)).items()}

    assert numbers == {("male",): 9, ("other",): 8}


def test_all_minus_all_but_one_is_refused(measured, disclose):
    for value in range(12):
        measured(110 + value)
    measured(190, day=DAY + timedelta(30))
    assert spread(disclose(BY_SEX))["female",][0] == 13
    but_one = Cohort(entry=replace(HYPERTENSION, until=DAY))

    with pytest.raises(cohorts.RevealsFew):
        disclose(replace(BY_SEX, cohort=but_one))


def test_the_same_patients_before_and_after_one_was_measured_are_no_difference(
    session, measured, disclose
):
    """Mean times count is a sum: the difference of two is the newest value."""
    everybody = [measured(110 + value) for value in range(12)]
    before = disclose(BY_SEX)
    diagnosed(
        session,
        everybody[0],
        kind="observation",
        term="Systolic pressure",
        value=Decimal(190),
        unit="mmHg",
    )

    assert disclose(BY_SEX) == before
    until = replace(BY_SEX, of=replace(PRESSURE, until=date(2030, 1, 1)))
    with pytest.raises(cohorts.RevealsFew):
        disclose(until)


def test_another_measure_in_which_few_differ_is_refused(session, measured, disclose):
    """It is the same under another name: only two patients have values of that year."""
    everybody = [measured(110 + value) for value in range(12)]
    for each in everybody[:2]:
        diagnosed(
            session,
            each,
            day=DAY + timedelta(800),
            kind="observation",
            term="Systolic pressure",
            value=Decimal(170),
            unit="mmHg",
        )
    disclose(BY_SEX)

    with pytest.raises(cohorts.RevealsFew):
        disclose(replace(BY_SEX, of=replace(PRESSURE, until=DAY + timedelta(400))))


def test_counts_of_patients_are_held_against_means(measured, disclose):
    for value in range(12):
        measured(110 + value)
    measured(190, day=DAY + timedelta(30))
    disclose(BY_SEX)
    counted = Figure(
        cohort=Cohort(entry=replace(HYPERTENSION, until=DAY)), by=(Dimension.SEX,)
    )

    with pytest.raises(cohorts.RevealsFew):
        disclose(counted)


def test_values_in_a_unit_that_few_use_are_left_out(measured, disclose):
    for value in range(10):
        measured(110 + value)
    measured(16, unit="torr")
    for _ in range(6):
        measured()

    result = disclose(BY_SEX)

    assert (result.unit, spread(result)["female",][0]) == ("mmHg", 10)


def test_a_unit_is_told_with_a_number_and_else_it_is_not(measured, disclose):
    """It would reveal that somebody was measured."""
    nobody = disclose(BY_SEX)
    measured(110)
    single = disclose(BY_SEX)
    for value in range(3):
        measured(120 + value)
    four = disclose(BY_SEX)

    assert nobody.unit == single.unit == four.unit == ""
    for value in range(8):
        measured(130 + value)
    assert disclose(BY_SEX).unit == "mmHg"


def test_ages_at_the_first_event(session, disclose):
    for years in range(12):
        patient = person(session, date_of_birth=date(1950 + years, 6, 15))
        diagnosed(session, patient)
        diagnosed(session, patient, DAY + timedelta(4_000))
    figure = replace(BY_SEX, of=None, quantity=Quantity.AGE)

    result = disclose(figure)

    ages = [2024 - year for year in range(1950, 1962)]
    assert spread(result)["female",][1].mean == round(fmean(ages), 1)
    assert result.sentence == (
        "Patients with a first diagnosis of “hypertension”: age at the first event of "
        "each patient, by sex."
    )


def test_how_long_visits_have_waited_by_weekday(session, disclose):
    monday = datetime(2025, 3, 3, 9, tzinfo=UTC)
    for minutes in range(10, 22):
        patient = person(session)
        diagnosed(session, patient)
        doctor = cast.add_doctor(session)
        visit_samples.visit(
            session,
            doctor.id,
            patient.id,
            monday,
            status="completed",
            checked_in_at=monday,
            called_in_at=monday + timedelta(minutes=minutes),
        )
    figure = replace(
        BY_SEX, of=VISIT, quantity=Quantity.WAITING, by=(Dimension.WEEKDAY,)
    )

    spread_by_day = spread(disclose(figure))

    assert spread_by_day["Monday",][1].mean == fmean(range(10, 22))
    assert spread_by_day["Tuesday",] == (None, None)


def test_how_many_days_before_visits_and_no_shows_they_were_booked(session, disclose):
    came = datetime(2025, 3, 3, 9, tzinfo=UTC)
    for days in range(10, 22):
        patient = person(session)
        diagnosed(session, patient)
        doctor = cast.add_doctor(session).id
        for status, factor in (("completed", 1), ("no-show", 2)):
            booked = came - timedelta(days * factor)
            visit_samples.visit(
                session, doctor, patient.id, came, status=status, created_at=booked
            )
            came += timedelta(hours=1)
    booked_visit = CohortEvent(kind=EventKind.BOOKED_VISIT)
    figure = replace(
        BY_SEX,
        of=booked_visit,
        quantity=Quantity.BOOKED_AHEAD,
        by=(Dimension.STATUS,),
    )

    spread_by_status = spread(disclose(figure))

    assert spread_by_status["completed",][1].mean == fmean(range(10, 22))
    assert spread_by_status["no-show",][1].mean == 2 * fmean(range(10, 22))


def test_rare_words_are_among_others_in_which_each_patient_counts_once(
    session, disclose
):
    for _ in range(K):
        diagnosed(session, person(session))
    for place in range(12):
        patient = person(session)
        diagnosed(session, patient)
        for word in (f"Word {place}", "Common"):
            diagnosed(
                session,
                patient,
                DAY + timedelta(place * 365),
                kind="procedure",
                term=word,
            )
    of = CohortEvent(kind=EventKind.PROCEDURE)
    figure = replace(BY_SEX, of=of, quantity=Quantity.AGE, by=(Dimension.WORDS,))

    spread_by_word = spread(disclose(figure))

    assert set(spread_by_word) == {("Common",), ("others",)}
    assert spread_by_word["others",][0] == 12


@pytest.mark.parametrize(
    ("figure", "sentence"),
    [
        (replace(BY_SEX, quantity=None), "A distribution needs a quantity"),
        (replace(BY_SEX, measure=FigureMeasure.EVENTS), "other figures cannot"),
        (replace(BY_SEX, of=VISIT), "Only vital signs have a value"),
        (replace(BY_SEX, of=replace(PRESSURE, words="")), "Choose one vital sign"),
        (replace(BY_SEX, quantity=Quantity.WAITING), "Only visits have a waiting"),
        (replace(BY_SEX, quantity=Quantity.BOOKED_AHEAD), "Only visits are booked"),
        (replace(BY_SEX, totals=True), "Totals are only for patients"),
    ],
)
def test_what_is_no_distribution_is_refused_in_a_sentence(disclose, figure, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        disclose(figure)
