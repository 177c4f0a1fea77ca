"""A clinic for the people of a table, and what Chartroom counts in any clinic."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, groupby
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, func, update
from sqlalchemy.orm import Session

from db.models.consultation import Prescription, PrescriptionVersion
from db.models.document import Document
from db.models.patient import ClinicalEntry, Patient
from services.analytics.cohorts import Cohort, Dimension, EventKind, classes
from tests.kit import cast
from tests.services.analytics.omop.cdm import Cdm, Counted, Event, Person
from tests.services.visits import visit_samples

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
# The content of papers that no analyst counts, one next to each paper that counts.
AMENDED, WITHDRAWN, UNSEEN = "Warfarin 5 mg", "Digoxin 125 mcg", "invoice"
# By name: the sex, the date of birth, and the events.
People = Mapping[str, tuple[str, str, list[Event]]]
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
    """Return Chartroom's count of a cohort before suppression."""
    by_day = replace(cohort, split_by=(Dimension.MONTH, Dimension.WEEKDAY))
    alike = classes.read_classes(session, by_day, now)
    last = len(cohort.steps)
    days: Counter[tuple[str, ...]] = Counter()
    for each in alike:
        if each.passed == last:
            days[each.values] += len(each.members)
    return Counted(
        frozenset(classes.find_remaining(session, cohort, now)),
        tuple(
            len(classes.members_who_passed(alike, passed)) for passed in range(last + 1)
        ),
        days,
    )


class Diary:
    """Writes patients' events into a clinic."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._doctors: dict[str, UUID] = {}
        self._numbers = count()

    def keep(self, person: Person, events: Sequence[Event]) -> UUID:
        """Add a patient with these events, and return the id."""
        patient_id = cast.add_patient(
            self._session,
            date_of_birth=person.born,
            sex=person.sex,
            # Circe does not know entries of a list without a date.
            medical_history=[],
            current_medications=[],
            allergies=[],
        ).id
        prescribed = [each for each in events if each.kind is EventKind.PRESCRIPTION]
        for day, lines in groupby(prescribed, key=lambda each: each.day):
            drugs = [each.term for each in lines]
            self._keep_prescription(patient_id, day, [AMENDED], drugs)
            self._keep_prescription(patient_id, day, [WITHDRAWN], status="withdrawn")
        for event in events:
            if event.kind in _STATUSES:
                self._keep_visit(patient_id, event)
            elif event.kind is EventKind.DOCUMENT:
                self._keep_documents(patient_id, event)
            elif event.kind is not EventKind.PRESCRIPTION:
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

    def _keep_prescription(
        self, patient_id: UUID, day: date, *versions: Sequence[str], **more: Any
    ) -> None:
        """Add a prescription with its versions, made in the last minute of a day."""
        doctor_id = self._doctor("Cardiology")
        number = next(self._numbers)
        visit_id = visit_samples.visit(
            self._session, doctor_id, patient_id, NOW + timedelta(hours=number)
        )
        row = Prescription(
            appointment_id=visit_id,
            patient_id=patient_id,
            doctor_id=doctor_id,
            latest=len(versions),
            created_at=datetime.combine(day, time(23, 59), UTC),
            **more,
        )
        self._session.add(row)
        self._session.flush()
        for place, drugs in enumerate(versions, start=1):
            version = PrescriptionVersion(
                prescription_id=row.id,
                number=place,
                lines=[{"drug": drug} for drug in drugs],
                file_id=uuid4().hex,
                filename="prescription.pdf",
                filesize=1,
                sha256=bytes(32),
                signer=bytes(32),
                author_id=uuid4(),
                author_name=cast.DORA.name,
            )
            self._session.add(version)

    def _keep_documents(self, patient_id: UUID, event: Event) -> None:
        """Add a document, and with it a confidential and a deleted one."""
        filed_at = datetime.combine(event.day, time(23, 59), UTC)
        # Every other one has no date: it counts as of when it was filed.
        dated: dict[str, Any] = (
            {"created_at": filed_at}
            if next(self._numbers) % 2
            else {"dated_on": event.day}
        )
        deleted = {"deleted_at": NOW, "deleted_by": uuid4()}
        for of_type, more in (
            (event.term, {}),
            (UNSEEN, {"confidential": True}),
            (UNSEEN, deleted),
        ):
            document = Document(
                patient_id=patient_id,
                title="Paper",
                document_type=of_type,
                created_by=uuid4(),
                created_by_name=cast.CLEO.name,
                **dated,
                **more,
            )
            self._session.add(document)

    def _keep_visit(self, patient_id: UUID, event: Event) -> None:
        # A doctor sees one patient at a time: each visit has a time of its own.
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


@dataclass(frozen=True)
class BothSides:
    """A clinic and a CDM whose patients have had the same events."""

    session: Session
    cdm: Cdm
    names: Mapping[UUID, str]

    def count(self, cohort: Cohort) -> Counted:
        """Return Chartroom's count, by the names of the people."""
        counted = count_cohort(self.session, cohort)
        names = frozenset(self.names[patient_id] for patient_id in counted.members)
        return replace(counted, members=names)


@contextmanager
def both_sides(engine: Engine, people: People, archived: str) -> Iterator[BothSides]:
    """Add the people on both sides, and one like `archived` with an unused record.

    That one has had every event.
    """
    persons = {
        name: Person(name, sex, date.fromisoformat(born))
        for name, (sex, born, _) in people.items()
    }
    events = events_of(people)
    with engine.connect() as connection, connection.begin() as outer:
        session = Session(connection, join_transaction_mode="create_savepoint")
        diary = Diary(session)
        names = {
            diary.keep(person, [each for each in events if each.patient == name]): name
            for name, person in persons.items()
        }
        unused = diary.keep(persons[archived], events)
        session.execute(
            update(Patient).where(Patient.id == unused).values(deleted_at=func.now())
        )
        with closing(Cdm(persons.values(), events)) as cdm:
            yield BothSides(session, cdm, names)
        session.close()
        outer.rollback()


def events_of(people: People) -> list[Event]:
    """Return the events of all people, by their names."""
    return [
        replace(event, patient=name)
        for name, (_, _, events) in people.items()
        for event in events
    ]
