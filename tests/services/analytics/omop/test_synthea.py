"""Cohorts over Synthea's own files match those that OHDSI's Circe counts in them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from db.postgres import SYSTEM, Database, DatabaseIdentity
from services.analytics.cohorts import Cohort, CohortEvent, EventKind, Rule, Window
from tests.services.analytics.cohorts.test_against_synthea import (
    COHORTS,
    DRUG,
    GROWN,
    HYPERTENSION,
    PlainPython,
)
from tests.services.analytics.omop.cdm import Cdm, Counted, Event, Person
from tests.services.analytics.omop.chance import cohorts_of_chance
from tests.services.analytics.omop.clinics import count_cohort
from tests.services.demo.importing.conftest import run_import, shared_database  # noqa: F401 - a fixture
from tests.services.demo.importing.test_real_synthea import SYNTHEA

pytestmark = pytest.mark.skipif(
    not (SYNTHEA / "patients.csv").exists(), reason=f"no Synthea data in {SYNTHEA}"
)

MORE = {
    "first of all diagnoses, at forty": Cohort(
        entry=CohortEvent(kind=EventKind.DIAGNOSIS, from_age=40, to_age=40)
    ),
    "a drug on no day of a year": Cohort(
        entry=GROWN, steps=((replace(DRUG, has=False, within=Window(366)),),)
    ),
    "three drugs within a leap year": Cohort(
        entry=replace(HYPERTENSION, since=date(2004, 2, 29)),
        steps=((replace(DRUG, times=3, within=Window(366)),),),
    ),
    "whoever had it again": Cohort(
        entry=replace(HYPERTENSION, words="viral sinusitis"),
        steps=(
            (Rule(event=replace(HYPERTENSION, words="viral sinusitis"), times=2),),
            (
                Rule(
                    event=replace(HYPERTENSION, words="viral sinusitis"),
                    within=Window(3653),
                ),
            ),
        ),
    ),
}


class ImportedClinic:
    """A clinic that has imported Synthea's files, and their CDM."""

    def __init__(self, database: Database, cdm: Cdm, events: list[Event]) -> None:
        self._database, self.cdm, self.events = database, cdm, events
        self._written = database.write(
            lambda session: dict(
                session.execute(text("SELECT id, source_id FROM patients")).all()
            ),
            identity=SYSTEM,
        )

    def count(self, cohort: Cohort) -> Counted:
        """Return Chartroom's count, by Synthea's ids."""
        counted = self._database.read(
            lambda session: count_cohort(session, cohort),
            after=self._written.lsn,
            identity=DatabaseIdentity("analyst"),
        ).value
        ids = frozenset(self._written.value[each] for each in counted.members)
        return replace(counted, members=ids)


@pytest.fixture(scope="module")
def clinic(shared_database, tmp_path_factory) -> Iterator[Any]:  # noqa: F811
    """The files, imported into a clinic and read into a CDM."""
    run_import(shared_database, tmp_path_factory.mktemp("synthea") / "no.csv", SYNTHEA)
    plain = PlainPython()
    people = [Person(each, plain.sexes[each], plain.born[each]) for each in plain.sexes]
    events = [
        Event(patient, kind, each.day, each.term, each.code)
        for kind, by_patient in plain.events.items()
        for patient, happened in by_patient.items()
        for each in sorted(happened, key=repr)
    ]
    with closing(Cdm(people, events)) as cdm:
        yield ImportedClinic(shared_database, cdm, events)


@pytest.mark.parametrize("name", [*COHORTS, *MORE])
def test_a_cohort_is_the_one_that_circe_counts(clinic, name):
    cohort = (COHORTS | MORE)[name]

    circes = clinic.cdm.count(cohort)

    assert clinic.count(cohort) == circes
    assert circes.members


def test_cohorts_of_chance_are_those_that_circe_counts(clinic):
    sizes = []

    for cohort in cohorts_of_chance(6, clinic.events, seed=18):
        circes = clinic.cdm.count(cohort)
        assert clinic.count(cohort) == circes, cohort
        sizes.append((circes.attrition[0], circes.attrition[-1]))

    assert any(0 < last < first for first, last in sizes)
