"""Files the papers of the invented clinic: documents, and signed prescriptions.

They are made once the clinic is open, because each is printed, read and encrypted like
any other: whoever stops the process meanwhile gets the rest at the next start.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from random import Random
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, Slot
from db.models.consultation import Prescription, PrescriptionVersion
from db.models.doctor import Doctor
from db.models.document import Document, DocumentVersion
from db.models.patient import Patient
from db.models.user import UserNotification
from db.postgres import SYSTEM, Database
from services.consultations import code_lists
from services.consultations.prescriptions import (
    PrescriptionIssuer,
    PrescriptionLine,
    PrescriptionOrder,
    SignedPaper,
)
from services.consultations.prescriptions.rules import find_warnings
from services.core import audit
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.core.errors import Conflict
from services.demo.history import own_fields
from services.demo.history.reasons import BY_WORDS
from services.demo.history.register import DEMO
from services.demo.history.sheets import KINDS, PaperKind
from services.demo.seeding.blocks import SEEDER_ID
from services.documents import inbox, records as documents
from services.documents.forms import generate
from services.documents.records.drafts import DraftDocument
from services.documents.records.ingest import DocumentIngest
from services.documents.records.kinds import DocumentType
from services.patients.records import patients
from services.people.accounts import demo_accounts

DOCUMENTS: Final = 100
PRESCRIPTIONS: Final = 60
# A clinic has more of some kinds than of others, so that those can be counted by type.
_COMMONER: Final = (
    "visit_summary",
    "lab_report",
    "referral_letter",
    "imaging",
    "sick_note",
    "visit_summary",
    "lab_report",
    "referral_letter",
    "lab_report",
    "visit_summary",
)
# The numbers of documents that are still unfiled; small numbers are the newest.
_UNFILED: Final = frozenset({1, 3, 7})
# The desk's inbox has what a clinician left there, and what the demo's own patient
# sent, by number, so many days ago.
_LEFT_AT_DESK: Final = 3
_SENT_BY_PATIENT: Final = MappingProxyType({8: 1, 9: 3})
_ASSIGNED: Final = MappingProxyType({1: Role.STAFF, 5: Role.CLINICIAN})
# Every sixth document belongs to the demo's own patient.
_OWN_EVERY: Final = 6
_CURVE: Final = 1.8
_NAMESPACE: Final = UUID("0198c0de-5eed-7000-8000-0000000000d0")

Visit = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Papers:
    """What is needed to file papers, their time zone, and how many there shall be."""

    database: Database
    ingest: DocumentIngest
    issuer: PrescriptionIssuer
    zone: ZoneInfo
    documents: int = DOCUMENTS
    prescriptions: int = PRESCRIPTIONS

    def file_missing(
        self, is_stopping: Callable[[], bool] = lambda: False
    ) -> tuple[int, int]:
        """File what is missing; return the numbers of documents and prescriptions.

        Files nothing if no past was invented. Raises FilesUnavailable,
        PapersUnavailable and db.postgres.DatabaseUnavailable.
        """
        plan = self.database.read_latest(self._plan, identity=SYSTEM).value
        keys = self._define_fields(plan)
        filed = prescribed = 0
        for number, visit in plan.documents:
            if is_stopping():
                return filed, prescribed
            self._file(number, visit, plan, keys)
            filed += 1
        for visit in plan.prescriptions:
            if is_stopping():
                break
            prescribed += self._prescribe(visit, plan.people[Role.CLINICIAN])
        return filed, prescribed

    def _plan(self, session: Session) -> "_Plan":
        people = {actor.role: actor for actor in demo_accounts.demo_people(session)}
        visits = session.execute(_visits()).all()
        if not visits or not {Role.STAFF, Role.CLINICIAN} <= people.keys():
            return _Plan(people, (), ())
        own = [visit for visit in visits if visit.source == DEMO]
        ids = [_document_id(number) for number in range(self.documents)]
        there = set(session.scalars(select(Document.id).where(Document.id.in_(ids))))
        chosen = [
            (
                number,
                _place(
                    own if own and _is_own(number) else visits, number, self.documents
                ),
            )
            for number in range(self.documents)
            if _document_id(number) not in there
        ]
        issued = set(session.scalars(select(Prescription.appointment_id)))
        treated = [visit for visit in visits if BY_WORDS[visit.note].doses]
        numbers = range(self.prescriptions) if treated else ()
        places = (_place(treated, number, self.prescriptions) for number in numbers)
        prescribed = {visit.id: visit for visit in places}
        return _Plan(
            people,
            chosen,
            [visit for visit in prescribed.values() if visit.id not in issued],
        )

    def _define_fields(self, plan: "_Plan") -> frozenset[str]:
        """Define the clinic's own fields before papers use them; return their keys."""
        administrator = plan.people.get(Role.ADMIN)
        if administrator is None or not plan.documents:
            return frozenset()
        define = partial(own_fields.define, administrator=administrator)
        return self.database.write(define, identity=SYSTEM).value

    def _file(
        self, number: int, visit: Visit, plan: "_Plan", keys: frozenset[str]
    ) -> None:
        kind = _kind(number)
        at = min(visit.completed_at + timedelta(minutes=20), visit.seeded_at)
        if number in _SENT_BY_PATIENT:
            at = visit.seeded_at - timedelta(days=_SENT_BY_PATIENT[number])
        actor = plan.author(number, visit)
        record = self.database.read_latest(
            lambda session: patients.look_up(session, actor, visit.patient_id),
            identity=SYSTEM,
        ).value
        document_id = _document_id(number)
        rng = Random(f"{number} {visit.starts_at}")  # noqa: S311 - nobody's secret
        day = at.astimezone(self.zone)
        form = {
            **kind.template.prefilled(record),
            **kind.words(record, BY_WORDS[visit.note], day.date(), rng),
        }
        paper = generate(
            kind.template,
            form,
            clinic=self.issuer.clinic,
            document_id=document_id,
            now=day,
            author=actor.name,
        )
        content = self.ingest.receive(
            BytesIO(paper),
            f"{kind.template.name.replace('_', '-')}-{day:%Y-%m-%d}.pdf",
            origin="form" if kind.is_own_form else "upload",
            template=kind.template.name if kind.is_own_form else None,
            form=form if kind.is_own_form else None,
        )
        document_type = DocumentType(kind.template.document_type)
        values = own_fields.values_of(document_type, number, day.date(), rng)
        draft = DraftDocument(
            title=f"{kind.template.title}, {day.day} {day:%B %Y}",
            document_type=document_type,
            patient_id=None if number in _UNFILED else visit.patient_id,
            id=document_id,
            dated_on=day.date(),
            fields={key: value for key, value in values.items() if key in keys},
        )
        with self.ingest.discarding_on_refusal(content):
            self.database.write(
                partial(
                    _file,
                    actor=actor,
                    draft=draft,
                    content=content,
                    at=at,
                    assignee=plan.assignee(number),
                ),
                identity=SYSTEM,
            )

    def _prescribe(self, visit: Visit, clinician: Actor) -> bool:
        """Issue the prescription of a visit; return whether there was one."""
        doses = BY_WORDS[visit.note].doses
        drugs = self.database.read_latest(code_lists.drugs, identity=SYSTEM).value
        lines = find_warnings(
            (PrescriptionLine(d.drug, d.dose, d.frequency, d.duration) for d in doses),
            visit.allergies,
            drugs,
        )
        if any(line.warning for line in lines):
            return False
        order = PrescriptionOrder(
            id=uuid5(_NAMESPACE, str(visit.id)),
            appointment_id=visit.id,
            number=1,
            patient_id=visit.patient_id,
            patient_name=f"{visit.first_name} {visit.last_name}",
            record_number=visit.record_number,
            date_of_birth=visit.date_of_birth,
            allergies=tuple(visit.allergies),
            no_known_allergies=visit.no_known_allergies,
            doctor_id=visit.doctor_id,
            license_number=visit.license_number,
            lines=lines,
            note="",
            author_name=clinician.name,
        )
        paper = self.issuer.make(order, now=visit.completed_at.astimezone(self.zone))
        with self.issuer.discarding_on_refusal(paper):
            self.database.write(
                partial(
                    _issue,
                    actor=clinician,
                    order=order,
                    paper=paper,
                    at=visit.completed_at,
                ),
                identity=SYSTEM,
            )
        return True


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is missing: documents by number, each with its visit, and prescriptions."""

    people: dict[Role, Actor]
    documents: Sequence[tuple[int, Visit]]
    prescriptions: Sequence[Visit]

    def author(self, number: int, visit: Visit) -> Actor:
        """Return who files a document about a visit."""
        patient = self.people.get(Role.PATIENT)
        if patient and number in _SENT_BY_PATIENT and visit.source == DEMO:
            return patient
        if number == _LEFT_AT_DESK:
            return self.people[Role.CLINICIAN]
        return self.people[Role(_kind(number).author)]

    def assignee(self, number: int) -> Actor | None:
        """Return whose inbox a document is in, if it is in anybody's."""
        role = _ASSIGNED.get(number)
        return self.people[role] if role else None


def _is_own(number: int) -> bool:
    return number % _OWN_EVERY == 0 or number in _SENT_BY_PATIENT


def _kind(number: int) -> PaperKind:
    names = (*KINDS, *_COMMONER)
    return KINDS[names[number % len(names)]]


def _place(visits: Sequence[Visit], number: int, of: int) -> Visit:
    """Return the visit for a number: longer ago for higher ones, ever further apart."""
    return visits[int((len(visits) - 1) * (number / of) ** _CURVE)]


def _visits() -> Any:
    """Select the clinician's visits invented as completed, the newest first."""
    return (
        select(
            Appointment.id,
            Appointment.patient_id,
            Appointment.doctor_id,
            Appointment.starts_at,
            Appointment.completed_at,
            Slot.created_at.label("seeded_at"),
            Booking.note,
            Doctor.license_number,
            Patient.record_number,
            Patient.first_name,
            Patient.last_name,
            Patient.date_of_birth,
            Patient.allergies,
            Patient.no_known_allergies,
            Patient.source,
        )
        .join(Booking, Booking.id == Appointment.booking_id)
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Booking.created_by == SEEDER_ID,
            Booking.note.in_(BY_WORDS),
            Doctor.source == DEMO,
            Appointment.status == "completed",
            # The number of visits completed since then may grow: the choice must stay
            # the same.
            Appointment.completed_at < Slot.created_at,
            Patient.deleted_at.is_(None),
        )
        .order_by(Appointment.starts_at.desc(), Appointment.id)
    )


def _document_id(number: int) -> UUID:
    return uuid5(_NAMESPACE, f"document {number}")


def _file(
    session: Session,
    *,
    actor: Actor,
    draft: DraftDocument,
    content: Any,
    at: datetime,
    assignee: Actor | None,
) -> None:
    """File a document as of an earlier time, and assign it to somebody if given."""
    filed = documents.file(session, actor, draft, content)
    session.execute(
        update(Document)
        .where(Document.id == filed.id)
        .values(created_at=at, updated_at=at)
    )
    session.execute(
        update(DocumentVersion)
        .where(DocumentVersion.id == filed.version.id)
        .values(created_at=at)
    )
    # The patient was notified at that time, and any e-mail was sent then.
    session.execute(
        update(UserNotification)
        .where(UserNotification.subject_id == filed.id)
        .values(created_at=at, mail_at=None)
    )
    if assignee is not None:
        # Somebody may have ended the treatment.
        with suppress(Conflict):
            inbox.assign(session, actor, filed.id, assignee.id)


def _issue(
    session: Session,
    *,
    actor: Actor,
    order: PrescriptionOrder,
    paper: SignedPaper,
    at: datetime,
) -> None:
    """Issue a prescription as of an earlier time.

    The patient's current medications stay as they are: it was long ago.
    """
    visit = {
        "appointment_id": order.appointment_id,
        "patient_id": order.patient_id,
        "doctor_id": order.doctor_id,
    }
    dates = {"created_at": at, "updated_at": at}
    session.execute(insert(Prescription).values(id=order.id, **visit, **dates))
    session.execute(
        insert(PrescriptionVersion).values(
            prescription_id=order.id,
            number=order.number,
            lines=[
                {
                    "drug": line.drug,
                    "dose": line.dose,
                    "frequency": line.frequency,
                    "duration": line.duration,
                }
                for line in order.lines
            ],
            note=order.note,
            file_id=paper.file_id,
            filename=paper.filename,
            filesize=paper.filesize,
            sha256=paper.sha256,
            signer=paper.signer,
            author_id=actor.id,
            author_name=actor.name,
            created_at=at,
        )
    )
    audit.record(
        session,
        actor,
        Action.PRESCRIPTION_ISSUE,
        patient_id=order.patient_id,
        subject=("prescription", order.id),
        details={"version": order.number, "sha256": paper.sha256.hex()},
    )
