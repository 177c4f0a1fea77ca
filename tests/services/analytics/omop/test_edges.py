"""Cohorts are those that OHDSI's Circe counts in an OMOP CDM, patient by patient.

What happened to the people of a table is written down twice: in a clinic, where
Chartroom counts, and in a CDM, where Circe does. Of what our cohorts say Circe says all
but this:

- events without a day, which count for rules without days: a CDM has none;
- words, which stand for a concept set here, made of the terms that have them;
- completed years: its `Age` is a difference of years (see `circe.py`);
- that records are out of use, which a CDM does not hold.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.patient import Patient
from services.analytics.cohorts import Cohort
from tests.services.analytics.omop.cdm import Cdm, Counted, Person
from tests.services.analytics.omop.chance import cohorts_of_chance
from tests.services.analytics.omop.clinics import Diary, count_cohort
from tests.services.analytics.omop.edges import COHORTS, PEOPLE

EVENTS = {
    name: [replace(event, patient=name) for event in events]
    for name, (_, _, events) in PEOPLE.items()
}
ALL_EVENTS = [event for events in EVENTS.values() for event in events]


@dataclass(frozen=True)
class BothSides:
    """A clinic and a CDM, to whose patients the same has happened."""

    session: Session
    cdm: Cdm
    names: Mapping[UUID, str]

    def count(self, cohort: Cohort) -> Counted:
        """Return what Chartroom counts, by the names of the table."""
        counted = count_cohort(self.session, cohort)
        names = frozenset(self.names[patient_id] for patient_id in counted.members)
        return replace(counted, members=names)


@pytest.fixture(scope="module")
def both(module_engine) -> Iterator[BothSides]:
    """The people of the table, and one whose record is out of use."""
    people = {
        name: Person(name, sex, date.fromisoformat(born))
        for name, (sex, born, _) in PEOPLE.items()
    }
    with module_engine.connect() as connection, connection.begin() as outer:
        session = Session(connection, join_transaction_mode="create_savepoint")
        diary = Diary(session)
        names = {diary.keep(people[name], EVENTS[name]): name for name in people}
        archived = diary.keep(people["gout at 65"], ALL_EVENTS)
        session.execute(
            update(Patient).where(Patient.id == archived).values(deleted_at=func.now())
        )
        with closing(Cdm(people.values(), ALL_EVENTS)) as cdm:
            yield BothSides(session, cdm, names)
        session.close()
        outer.rollback()


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

    # Else it would say nothing that both agree.
    assert any(0 < last < first for first, last in sizes)
