"""Cohorts of the demo's clinic match those that OHDSI's Circe counts of its events.

The CDM has what analysts read, of which some diagnoses, medications and allergies have
no day: Circe knows none of these, so no rule here asks for them at any time.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.postgres import DatabaseIdentity
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    EventKind,
    Rule,
    Window,
    WindowSide,
)
from services.patients.records.model import Sex
from tests.services.analytics.omop.cdm import Cdm, Counted, Event, Person
from tests.services.analytics.omop.chance import cohorts_of_chance
from tests.services.analytics.omop.clinics import count_cohort
from tests.services.demo.history.conftest import (  # noqa: F401 - a fixture
    ZONE,
    Lived,
    lived,
)

ANALYST = DatabaseIdentity("analyst")
VIEWS = {
    EventKind.DIAGNOSIS: "diagnoses",
    EventKind.MEDICATION: "medications",
    EventKind.ALLERGY: "allergies",
    EventKind.PROCEDURE: "procedures",
    EventKind.ENCOUNTER: "encounters",
    EventKind.VITAL: "vitals",
    EventKind.PRESCRIPTION: "prescriptions",
    EventKind.DOCUMENT: "documents",
}
STATUSES = {
    "checked-in": EventKind.VISIT,
    "completed": EventKind.VISIT,
    "no-show": EventKind.NO_SHOW,
    "cancelled": EventKind.CANCELLATION,
}
SEEN, MISSED = CohortEvent(kind=EventKind.VISIT), CohortEvent(kind=EventKind.NO_SHOW)
ILL = CohortEvent(kind=EventKind.DIAGNOSIS)
CANCELLED = CohortEvent(kind=EventKind.CANCELLATION)
PRESSURE = CohortEvent(kind=EventKind.VITAL, words="systolic")
COHORTS = {
    "women over 50 who are ill, seen within 90 days": Cohort(
        entry=replace(ILL, from_age=51),
        sexes=(Sex.FEMALE,),
        steps=((Rule(event=SEEN, within=Window(90)),),),
    ),
    "seen within two weeks of a cancelled visit, never missed one": Cohort(
        entry=CANCELLED,
        steps=(
            (Rule(event=SEEN, within=Window(14)),),
            (Rule(event=MISSED, has=False),),
        ),
    ),
    "did not come, and was seen again within weeks": Cohort(
        entry=MISSED,
        steps=(
            (Rule(event=SEEN, within=Window(28)),),
            (Rule(event=MISSED, has=False, times=2),),
        ),
    ),
    "high at the first measurement, or later": Cohort(
        entry=PRESSURE,
        steps=(
            (Rule(event=replace(PRESSURE, at_least=135), times=2),),
            (
                Rule(event=ILL, within=Window(365, WindowSide.BEFORE)),
                Rule(event=ILL, within=Window(365)),
            ),
        ),
    ),
    "first seen by a cardiologist, not again, or with a low pressure": Cohort(
        entry=replace(SEEN, words="cardio"),
        steps=(
            (
                Rule(event=replace(SEEN, words="cardio"), has=False, times=2),
                Rule(event=replace(PRESSURE, at_most=115), within=Window(91)),
            ),
        ),
    ),
}


@dataclass(frozen=True)
class DemoClinic:
    """The demo's clinic, and a CDM of what analysts read there."""

    lived: Lived
    now: datetime
    cdm: Cdm
    dated: list[Event]

    def count(self, cohort: Cohort) -> Counted:
        """Return Chartroom's count for an analyst."""
        return self.lived.database.read_latest(
            lambda session: count_cohort(session, cohort, self.now), identity=ANALYST
        ).value


def read_rows(session: Session) -> list[Row[Any]]:
    """Return what analysts read about all events, by the clinic's clock."""
    session.execute(text(f"SET LOCAL TimeZone = '{ZONE}'"))
    entries = (
        f"SELECT patient_id, '{kind}' AS kind, occurred_on, term, code, "
        f"{'value' if kind is EventKind.VITAL else 'NULL'}::float8 AS value "
        f"FROM analytics.{view}"
        for kind, view in VIEWS.items()
    )
    visits = (
        f"SELECT patient_id, '{kind}', occurred_on, term, '', NULL "
        f"FROM analytics.visits WHERE status = '{status}'"
        for status, kind in STATUSES.items()
    )
    return list(session.execute(text(" UNION ALL ".join((*entries, *visits)))))


@pytest.fixture(scope="module")
def clinic(lived) -> Iterator[DemoClinic]:  # noqa: F811
    people = lived.rows(
        "SELECT id, sex, date_of_birth FROM patients WHERE deleted_at IS NULL"
    )
    rows = lived.database.read_latest(read_rows, identity=ANALYST).value
    events = [
        Event(row.patient_id, EventKind(row.kind), *row[2:])
        for row in rows
        if row.occurred_on is not None
    ]
    without_day = {row.kind for row in rows if row.occurred_on is None}
    dated = [event for event in events if event.kind not in without_day]
    with closing(Cdm([Person(*row) for row in people], events)) as cdm:
        yield DemoClinic(lived, lived.now.astimezone(ZONE), cdm, dated)


@pytest.mark.parametrize("name", COHORTS)
def test_a_cohort_is_the_one_that_circe_counts(clinic, name):
    circes = clinic.cdm.count(COHORTS[name])

    assert clinic.count(COHORTS[name]) == circes
    assert 0 < circes.attrition[-1] < circes.attrition[0]


def test_cohorts_of_chance_are_those_that_circe_counts(clinic):
    sizes = []

    for cohort in cohorts_of_chance(8, clinic.dated, seed=18):
        circes = clinic.cdm.count(cohort)
        assert clinic.count(cohort) == circes, cohort
        sizes.append((circes.attrition[0], circes.attrition[-1]))

    assert any(0 < last < first for first, last in sizes)
