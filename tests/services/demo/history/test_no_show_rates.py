"""The no-show rates of a clinic of two years match those counted in plain Python."""

from collections import defaultdict

import pytest

from db.postgres import SYSTEM
from services.analytics import cohorts, figures
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.figures import Figure, FigureMeasure
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from tests.kit import cast
from tests.services.demo.history.conftest import ZONE

_VISITS = """
    SELECT visit.patient_id, visit.starts_at, visit.status, doctor.speciality
    FROM appointments AS visit
    JOIN doctors AS doctor ON doctor.id = visit.doctor_id
    JOIN patients AS patient ON patient.id = visit.patient_id
    WHERE patient.deleted_at IS NULL
"""
_DUE = {"checked-in", "completed", "no-show"}
_GROUPS = {
    Dimension.WEEKDAY: lambda starts_at, _: f"{starts_at:%A}",
    Dimension.MONTH: lambda starts_at, _: f"{starts_at:%Y-%m}",
    Dimension.SPECIALITY: lambda _, speciality: speciality,
}


@pytest.mark.parametrize("split", _GROUPS)
@pytest.mark.parametrize(
    ("kind", "states"),
    [
        (EventKind.KEPT_OR_MISSED, _DUE),
        (EventKind.BOOKED_VISIT, _DUE | {"cancelled"}),
    ],
    ids=["of due visits", "of booked visits"],
)
def test_a_rate_is_that_of_the_visits_themselves(lived, split, kind, states):
    lived.change("DELETE FROM told_groups")
    lived.change("DELETE FROM told_answers")
    people = lived.database.read_latest(cast.get_demo, identity=SYSTEM).value
    analyst, now = people[Role.ANALYST], lived.now.astimezone(ZONE)
    rate = Figure(
        cohort=Cohort(entry=CohortEvent(kind=kind)),
        by=(split,),
        measure=FigureMeasure.PROPORTION,
        numerator=CohortEvent(kind=EventKind.NO_SHOW),
    )
    every, missed = defaultdict(set), defaultdict(set)
    for patient, at, status, speciality in lived.rows(_VISITS):
        starts_at = at.astimezone(ZONE)
        event = (patient, starts_at.date(), starts_at.hour, speciality)
        group = _GROUPS[split](starts_at, speciality)
        if status in states:
            every[group].add(event)
        if status == "no-show":
            missed[group].add(event)

    def ask(session):
        counted = figures.count(session, analyst, rate, now=now, smallest_group=2)
        return cohorts.disclose(session, analyst, counted)

    cells = ActorDatabase(lived.database, analyst).write(ask).value.cells

    shown = {c.values[0]: (c.number, c.entered) for c in cells if c.number}
    assert len(shown) > 3
    assert shown == {group: (len(missed[group]), len(every[group])) for group in shown}
