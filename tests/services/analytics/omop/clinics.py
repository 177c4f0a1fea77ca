"""A clinic for people of a table, and what Chartroom counts in any clinic."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.models.patient import ClinicalEntry
from services.analytics.cohorts import Cohort, Dimension, EventKind, classes
from tests.kit import cast
from tests.services.analytics.omop.cdm import Counted, Event, Person
from tests.services.visits import visit_samples

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
_ENTRIES = {
    EventKind.DIAGNOSIS: "condition",
    EventKind.MEDICATION: "medication",
    EventKind.ALLERGY: "allergy",
    EventKind.PROCEDURE: "procedure",
    EventKind.ENCOUNTER: "encounter",
    EventKind.VITAL: "observation",
}
_STATUSES = {
    EventKind.VISIT: "completed",
    EventKind.NO_SHOW: "no-show",
    EventKind.CANCELLATION: "cancelled",
}


def count_cohort(session: Session, cohort: Cohort, now: datetime = NOW) -> Counted:
    """Return what Chartroom counts of a cohort, before anything is suppressed."""
    by_day = replace(cohort, split_by=(Dimension.MONTH, Dimension.WEEKDAY))
    alike = classes.read_classes(session, by_day, now)
    last = len(cohort.steps)
    days: Counter[tuple[str, ...]] = Counter()
    for each in alike:
        if each.passed == last:
            days[each.values] += len(each.members)
    return Counted(
        frozenset(classes.find_remaining(session, cohort, now)),
        tuple(len(classes.members_of_all(alike, passed)) for passed in range(last + 1)),
        days,
    )


class Diary:
    """Writes into a clinic what happened to its patients."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._doctors: dict[str, UUID] = {}
        self._numbers = count()

    def keep(self, person: Person, events: Sequence[Event]) -> UUID:
        """Keep a patient and what happened to them, and return who that is."""
        patient_id = cast.add_patient(
            self._session,
            date_of_birth=person.born,
            sex=person.sex,
            # What stands on a list without a day, Circe knows nothing of.
            medical_history=[],
            current_medications=[],
            allergies=[],
        ).id
        for event in events:
            if event.kind in _STATUSES:
                self._keep_visit(patient_id, event)
            else:
                self._keep_entry(patient_id, event)
        self._session.flush()
        return patient_id

    def _keep_entry(self, patient_id: UUID, event: Event) -> None:
        entry = ClinicalEntry(
            patient_id=patient_id,
            kind=_ENTRIES[event.kind],
            term=event.term,
            code=event.code,
            value=event.value,
            started_on=event.day,
            ended_on=event.day,
            source="synthea",
            source_key=uuid4(),
        )
        self._session.add(entry)

    def _keep_visit(self, patient_id: UUID, event: Event) -> None:
        # A doctor sees nobody beside another: each visit is at a time of its own.
        minutes = next(self._numbers) * 20 % (15 * 60)
        midnight = datetime.combine(event.day, datetime.min.time(), UTC)
        starts_at = midnight + timedelta(hours=8, minutes=minutes)
        status = _STATUSES[event.kind]
        visit_samples.visit(
            self._session,
            self._doctor(event.term),
            patient_id,
            starts_at,
            status=status,
            cancelled_at=starts_at if status == "cancelled" else None,
        )

    def _doctor(self, speciality: str) -> UUID:
        if speciality not in self._doctors:
            doctor = cast.add_doctor(self._session, speciality=speciality)
            self._doctors[speciality] = doctor.id
        return self._doctors[speciality]
