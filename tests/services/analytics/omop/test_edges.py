"""Cohorts match those that OHDSI's Circe counts in an OMOP CDM, patient by patient.

The events of a table's people are recorded twice: in a clinic, where Chartroom counts,
and in a CDM, where Circe does. Circe can express all that our cohorts can,
except for:

- events without a day, which count for rules without days: a CDM has none;
- words, which are a concept set here, made of the terms that contain them;
- completed years: its `Age` is a difference of years (see `circe.py`);
- records out of use, which a CDM does not hold.
"""

from collections.abc import Iterator

import pytest

from tests.services.analytics.omop.chance import cohorts_of_chance
from tests.services.analytics.omop.clinics import BothSides, both_sides, events_of
from tests.services.analytics.omop.edges import COHORTS, PEOPLE

ALL_EVENTS = events_of(PEOPLE)


@pytest.fixture(scope="module")
def both(module_engine) -> Iterator[BothSides]:
    """The people of the table, and one whose record is out of use."""
    with both_sides(module_engine, PEOPLE, archived="gout at 65") as both:
        yield both


@pytest.mark.parametrize("name", COHORTS)
def test_a_cohort_is_the_one_that_circe_counts(both, name):
    cohort, remaining = COHORTS[name]

    circes = both.cdm.count(cohort)

    assert circes.members == remaining
    assert both.count(cohort) == circes


def test_cohorts_of_chance_are_those_that_circe_counts(both):
    sizes = []

    for cohort in cohorts_of_chance(12, ALL_EVENTS, seed=18):
        circes = both.cdm.count(cohort)
        assert both.count(cohort) == circes, cohort
        sizes.append((circes.attrition[0], circes.attrition[-1]))

    # Otherwise it would mean nothing that both agree.
    assert any(0 < last < first for first, last in sizes)
