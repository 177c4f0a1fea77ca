"""Sums of a figure by two fields: none is shown that reveals few."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.analytics import cohorts, figures
from services.analytics.cohorts import Cohort, Dimension
from services.analytics.figures import Figure, FigureMeasure
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
PIVOT = Figure(
    cohort=Cohort(entry=HYPERTENSION), by=(Dimension.YEAR, Dimension.SEX), totals=True
)


@pytest.fixture
def disclose(session):
    analyst = cast.add_actor(session, cast.ANA)

    def disclose(figure):
        counted = figures.count(session, analyst, figure, now=NOW, smallest_group=K)
        return cohorts.disclose(session, analyst, counted)

    return disclose


def fill(session, **numbers):
    """Register patients with hypertension, this many of a sex in each of two years.

    Others as well: of everybody no count is shown.
    """
    for _ in range(10):
        person(session)
    patients = []
    for sex, years in numbers.items():
        for place, number in enumerate(years):
            for _ in range(number):
                patient = person(session, sex=sex)
                diagnosed(session, patient, DAY + timedelta(365 * place))
                patients.append(patient)
    return patients


def test_rows_columns_and_all_are_summed_up(session, disclose):
    fill(session, female=(8, 9), male=(10, 12))

    totals = {cell.values: cell.number for cell in disclose(PIVOT).totals}

    assert totals == {
        ("2025", ""): 18,
        ("2026", ""): 21,
        ("", "female"): 17,
        ("", "male"): 22,
        ("", ""): 39,
    }


def test_what_is_hidden_is_not_told_by_its_line(session, disclose):
    """Few women in one year: neither their row, their column nor the whole is shown."""
    fill(session, female=(3, 9), male=(10, 12))

    result = disclose(PIVOT)

    hidden = {cell.values for cell in result.cells if cell.number is None}
    totals = {cell.values: cell.number for cell in result.totals}
    assert ("2025", "female") in hidden
    for place, name in enumerate(("2025", "female")):
        line = {cell.values for cell in result.cells if cell.values[place] == name}
        total = (name, "") if place == 0 else ("", name)
        assert totals[total] is None or len(hidden & line) > 1


def test_a_total_of_few_is_hidden(session, disclose):
    fill(session, female=(8, 9), male=(10, 12), other=(1, 2))

    totals = {cell.values: cell.number for cell in disclose(PIVOT).totals}

    assert ("", "other") not in totals
    # Otherwise the rest of the whole would be theirs.
    assert None in {totals.get(("", "female")), totals.get(("", "male"))}


def test_totals_are_held_against_what_is_told_later(session, disclose):
    """No cell is shown; a column shown before would reveal who has come since."""
    fill(session, female=(3, 3), male=(3, 3))
    result = disclose(PIVOT)
    assert {cell.number for cell in result.cells} == {None}
    assert ("", "female") in {cell.values for cell in result.totals if cell.number}
    diagnosed(session, person(session, sex="female"), DAY)

    with pytest.raises(cohorts.RevealsFew):
        disclose(replace(PIVOT, by=(Dimension.SEX,), totals=False))


def test_of_other_events_a_patient_counts_once_in_a_total(session, disclose):
    for _ in range(5):
        person(session)
    everybody = fill(session, female=(13,), male=(14,))
    for place, patient in enumerate((*everybody[:8], *everybody[13:22])):
        for year in range(2):
            starts_at = datetime(2025 + year, 3, 3, 9, tzinfo=UTC)
            doctor = cast.add_doctor(session)
            visit_samples.visit(
                session,
                doctor.id,
                patient.id,
                starts_at + timedelta(minutes=30 * place),
                status="completed",
            )
    patients = replace(PIVOT, of=VISIT)

    who = {cell.values: cell.number for cell in disclose(patients).totals}
    events = disclose(replace(patients, measure=FigureMeasure.EVENTS)).totals

    assert (who["", ""], who["", "female"]) == (17, 8)
    assert {cell.values: cell.number for cell in events}["", ""] == 34
