"""Cohorts side by side: sizes, shares, differences and overlaps, small ones hidden."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.analytics import cohorts
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind, Rule
from services.core.errors import InvalidInput
from services.patients.records.model import Sex
from tests.services.analytics.cohorts.test_counting import diagnosed, person

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
GOUT = Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS, words="gout"))
ASTHMA = Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS, words="asthma"))
OLD, YOUNG = date(1950, 1, 1), date(1990, 1, 1)


@pytest.fixture
def compare(session, analyst):
    def compare(*compared, k=5):
        counted = cohorts.compare(session, analyst, compared, now=NOW, smallest_group=k)
        return cohorts.disclose(session, analyst, counted)

    return compare


def have(session, number, *terms, sex="female", born=OLD):
    for _ in range(number):
        patient = person(session, sex=sex, date_of_birth=born)
        for term in terms:
            diagnosed(session, patient, term=term)


@pytest.fixture
def ill(session):
    """Gout: 10 women and 15 men of 75; asthma: 20 women, 10 of them of 35, and 6 men.

    Three women and three men have both.
    """
    have(session, 7, "Gout")
    have(session, 12, "Gout", sex="male")
    have(session, 7, "Asthma")
    have(session, 10, "Asthma", born=YOUNG)
    have(session, 3, "Asthma", sex="male")
    for sex in ("female", "male"):
        have(session, 3, "Gout", "Asthma", sex=sex)
    have(session, 8)


@pytest.mark.usefixtures("ill")
def test_sizes_shares_differences_and_who_is_in_both(compare):
    comparison = compare(GOUT, ASTHMA)

    assert [cohort.patients for cohort in comparison.cohorts] == [25, 26]
    assert [(o.first, o.second, o.patients) for o in comparison.overlaps] == [(0, 1, 6)]
    sexes = [
        (s.value, s.patients, s.share, s.difference)
        for cohort in comparison.cohorts
        for s in cohort.shares
        if s.dimension is Dimension.SEX
    ]
    assert sexes == [
        ("female", 10, 0.4, None),
        ("male", 15, 0.6, None),
        ("female", 20, 20 / 26, pytest.approx(0.809, abs=1e-3)),
        ("male", 6, 6 / 26, pytest.approx(-0.809, abs=1e-3)),
    ]
    low, high = 0.2340, 0.5926
    first = next(s for s in comparison.cohorts[0].shares if s.value == "female")
    assert (first.interval.low, first.interval.high) == pytest.approx(
        (low, high), abs=5e-5
    )


@pytest.mark.usefixtures("ill")
def test_only_who_remains_is_compared_and_splits_do_not_matter(compare):
    both = replace(
        GOUT, steps=((Rule(event=ASTHMA.entry),),), split_by=(Dimension.YEAR,)
    )

    comparison = compare(GOUT, both)

    assert [cohort.patients for cohort in comparison.cohorts] == [25, 6]
    # All of the second are in the first: a count would reveal that about each.
    assert comparison.overlaps[0].patients is None


def test_few_are_hidden_with_whatever_would_tell_them(session, compare):
    have(session, 10, "Gout")
    have(session, 3, "Gout", sex="male")
    have(session, 4, "Asthma")
    have(session, 8)

    gout, asthma = compare(GOUT, ASTHMA).cohorts

    assert (gout.patients, asthma.patients) == (13, None)
    assert {s.patients for s in gout.shares if s.dimension is Dimension.SEX} <= {None}
    assert asthma.shares == ()


@pytest.mark.usefixtures("ill")
def test_what_differs_in_few_is_refused(session, compare):
    compare(GOUT, ASTHMA)
    have(session, 2, "Gout")

    with pytest.raises(cohorts.RevealsFew):
        compare(GOUT, replace(GOUT, sexes=(Sex.MALE,)))


@pytest.mark.usefixtures("ill")
def test_cohorts_of_the_same_patients_are_refused_as_those_of_nearly_the_same(
    session, compare
):
    """One may be part of the other: then the part's property holds for the whole."""
    every = Cohort(entry=CohortEvent(kind=EventKind.PROCEDURE))
    check = replace(every, entry=replace(every.entry, words="check-up"))
    for number in range(12):
        patient = person(session)
        diagnosed(session, patient, kind="procedure", term="Check-up")
        if number > 5:
            diagnosed(session, patient, kind="condition", term="Gout")

    assert compare(every, GOUT).cohorts[0].patients == 12
    with pytest.raises(cohorts.RevealsFew):
        compare(every, check)
    diagnosed(session, person(session), kind="procedure", term="Ultrasound")
    with pytest.raises(cohorts.RevealsFew):
        compare(every, check)


@pytest.mark.parametrize(
    ("compared", "sentence"),
    [
        ((GOUT,), "Compare 2 to 4 cohorts"),
        ((GOUT, ASTHMA) * 3, "Compare 2 to 4 cohorts"),
        ((GOUT, replace(GOUT, split_by=(Dimension.SEX,))), "each cohort once"),
        ((GOUT, replace(ASTHMA, steps=((),))), "can have 1 to 5 rules"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(compare, compared, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        compare(*compared)
