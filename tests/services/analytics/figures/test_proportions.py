"""Proportions of events: which part of the visits that were due are no-shows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.analytics import cohorts, figures
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind, Rule
from services.analytics.dashboards import DashboardFilter, Timespan
from services.analytics.dashboards.narrowing import narrow
from services.analytics.figures import Figure, FigureMeasure
from services.core.errors import InvalidInput
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import DAY, diagnosed, person
from tests.services.visits import visit_samples

K = 5
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MONDAY = date(2025, 3, 3)
TUESDAY, WEDNESDAY, SUNDAY = (MONDAY + timedelta(days) for days in (1, 2, 6))
NO_SHOW = CohortEvent(kind=EventKind.NO_SHOW)
DUE = CohortEvent(kind=EventKind.KEPT_OR_MISSED)
BY_WEEKDAY = Figure(
    cohort=Cohort(entry=DUE),
    by=(Dimension.WEEKDAY,),
    measure=FigureMeasure.PROPORTION,
    numerator=NO_SHOW,
)
BY_SPECIALITY = replace(BY_WEEKDAY, by=(Dimension.SPECIALITY,))


@pytest.fixture
def analyst(session):
    return cast.add_actor(session, cast.ANA)


@pytest.fixture
def disclose(session, analyst):
    def disclose(figure, k=K):
        counted = figures.count(session, analyst, figure, now=NOW, smallest_group=k)
        return cohorts.disclose(session, analyst, counted)

    return disclose


@pytest.fixture
def visits(session):
    """Adds visits on a day, of as many patients, of whom the first few do not come."""
    for _ in range(10):
        person(session)

    def visits(
        day,
        number,
        missed=0,
        *,
        people=None,
        hour=9,
        speciality="Cardiology",
        status="completed",
    ):
        people = people or [person(session) for _ in range(number)]
        for place, each in enumerate(people):
            doctor = cast.add_doctor(session, speciality=speciality)
            starts_at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
            became = "no-show" if place < missed else status
            cancelled_at = starts_at if became == "cancelled" else None
            visit_samples.visit(
                session,
                doctor.id,
                each.id,
                starts_at,
                status=became,
                cancelled_at=cancelled_at,
            )
        return people

    return visits


def shares(result):
    """Return what is shown of each group: how many of how many."""
    return {
        cell.values[0]: (cell.number, cell.entered)
        for cell in result.cells
        if cell.entered is not None
    }


def test_which_part_of_visits_were_missed_by_weekday(disclose, visits):
    visits(MONDAY, 20, missed=5)
    visits(TUESDAY, 16, missed=8)

    result = disclose(BY_WEEKDAY)

    assert shares(result) == {"Monday": (5, 20), "Tuesday": (8, 16)}
    assert [cell.share for cell in result.cells[:2]] == [0.25, 0.5]
    assert result.sentence == (
        "Patients with a first kept or missed visit: proportion of kept or missed "
        "visits that are no-shows, by weekday."
    )


def test_visits_count_and_not_patients(disclose, visits):
    people = visits(MONDAY, 12, missed=6)
    visits(MONDAY, 12, missed=6, people=people, hour=10)

    assert shares(disclose(BY_WEEKDAY)) == {"Monday": (12, 24)}


def test_a_cancelled_visit_was_booked_but_could_not_be_missed(disclose, visits):
    visits(MONDAY, 20, missed=6)
    visits(MONDAY, 7, status="cancelled")

    assert shares(disclose(BY_WEEKDAY)) == {"Monday": (6, 20)}
    booked = replace(
        BY_WEEKDAY, cohort=Cohort(entry=CohortEvent(kind=EventKind.BOOKED_VISIT))
    )
    assert shares(disclose(booked)) == {"Monday": (6, 27)}


def test_the_same_patient_twice_in_an_hour_is_one_event_and_missed_if_either_is(
    disclose, visits
):
    people = visits(MONDAY, 20, missed=6)
    visits(MONDAY, 2, people=people[:2])

    assert shares(disclose(BY_WEEKDAY)) == {"Monday": (6, 20)}


@pytest.mark.parametrize("missed", [0, 1, 4, 16, 19, 20])
def test_a_few_missed_or_kept_visits_are_hidden_with_those_of_another_day(
    disclose, visits, missed
):
    """Nobody is few as well: nothing tells Tuesdays without no-shows from others."""
    visits(MONDAY, 30, missed=10)
    visits(TUESDAY, 20, missed=missed)
    visits(WEDNESDAY, 30, missed=12)

    assert shares(disclose(BY_WEEKDAY)) == {
        "Monday": (None, 30),
        "Tuesday": (None, 20),
        "Wednesday": (12, 30),
    }


def test_the_visits_of_one_patient_are_few_however_many(disclose, visits):
    visits(MONDAY, 30, missed=10)
    (often,) = visits(TUESDAY, 1, missed=1, hour=8)
    for hour in range(9, 17):
        visits(TUESDAY, 1, missed=1, people=[often], hour=hour)
    visits(TUESDAY, 20, missed=0, hour=18)
    visits(WEDNESDAY, 30, missed=12)

    assert shares(disclose(BY_WEEKDAY))["Tuesday"] == (None, 29)


def test_a_day_without_visits_hides_nothing(disclose, visits):
    visits(MONDAY, 20, missed=6)
    visits(SUNDAY, 20, missed=7)

    assert shares(disclose(BY_WEEKDAY)) == {"Monday": (6, 20), "Sunday": (7, 20)}


def test_rare_specialities_are_others_in_the_numerator_as_well(disclose, visits):
    visits(MONDAY, 20, missed=6)
    visits(MONDAY, 20, missed=8, speciality="Neurology")
    for speciality, missed in (("Oncology", 3), ("Urology", 2), ("Dermatology", 4)):
        visits(MONDAY, 4, missed=missed, speciality=speciality)

    # Of the others only three were kept, and Cardiology is hidden with them.
    assert shares(disclose(BY_SPECIALITY)) == {
        "Cardiology": (None, 20),
        "Neurology": (8, 20),
        "others": (None, 12),
    }


def test_a_rule_keeps_those_it_keeps_in_both_numbers(session, disclose, visits):
    people = visits(MONDAY, 40, missed=20)
    for each in people[10:30]:
        diagnosed(session, each, DAY)
    ill = Rule(event=CohortEvent(kind=EventKind.DIAGNOSIS))
    cohort = replace(BY_WEEKDAY.cohort, steps=((ill,),))

    assert shares(disclose(replace(BY_WEEKDAY, cohort=cohort))) == {"Monday": (10, 20)}


def test_a_rule_that_leaves_out_few_missed_visits_hides_how_many(
    session, disclose, visits
):
    """All but two of those who missed a visit are ill, as are half of the others."""
    people = visits(MONDAY, 40, missed=20)
    for each in people[2:30]:
        diagnosed(session, each, DAY)
    ill = Rule(event=CohortEvent(kind=EventKind.DIAGNOSIS))
    cohort = replace(BY_WEEKDAY.cohort, steps=((ill,),))

    assert shares(disclose(replace(BY_WEEKDAY, cohort=cohort))) == {
        "Monday": (None, 28)
    }


def test_other_events_are_counted_by_their_words(session, disclose):
    for place in range(20):
        each = person(session)
        diagnosed(session, each, term="Asthma" if place < 8 else "Gout")
    for _ in range(10):
        person(session)
    diagnosis = CohortEvent(kind=EventKind.DIAGNOSIS)
    figure = replace(
        BY_WEEKDAY,
        cohort=Cohort(entry=diagnosis),
        by=(Dimension.YEAR,),
        numerator=replace(diagnosis, words="asthma"),
    )

    assert shares(disclose(figure)) == {str(DAY.year): (8, 20)}


def test_a_dashboards_time_narrows_both_numbers(disclose, visits):
    visits(MONDAY, 20, missed=6)
    visits(date(2024, 3, 4), 20, missed=9)
    last_year = DashboardFilter(timespan=Timespan.LAST_YEAR)

    narrowed = narrow(BY_WEEKDAY, last_year, NOW.date())

    assert shares(disclose(narrowed)) == {"Monday": (6, 20)}


def test_a_figure_kept_under_a_key_is_the_same_when_it_is_recalled(session, analyst):
    key = figures.remember(session, analyst, BY_WEEKDAY)

    assert figures.recall(session, analyst, key) == BY_WEEKDAY


def test_a_file_names_denominator_numerator_and_proportion(disclose, visits):
    visits(MONDAY, 20, missed=5)

    table = figures.table_of(disclose(BY_WEEKDAY))

    assert list(table.columns) == ["weekday", "denominator", "numerator", "proportion"]
    assert table.rows[0] == ("Monday", 20, 5, 0.25)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"numerator": None}, "needs a numerator"),
        ({"measure": FigureMeasure.EVENTS}, "other figures cannot have one"),
        (
            {"numerator": CohortEvent(kind=EventKind.DOCUMENT)},
            "No kept or missed visit is a document",
        ),
        (
            {"numerator": CohortEvent(kind=EventKind.CANCELLATION)},
            "No kept or missed visit is a cancelled visit",
        ),
        ({"totals": True}, "Totals are only for"),
    ],
    ids=["none", "of events", "of another kind", "of another state", "totals"],
)
def test_what_is_no_proportion_is_refused_in_words(disclose, changed, reason):
    with pytest.raises(InvalidInput, match=reason):
        disclose(replace(BY_WEEKDAY, **changed))
