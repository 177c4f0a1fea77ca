"""Issuing, amending and withdrawing prescriptions."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.consultation import Prescription, PrescriptionVersion
from db.models.doctor import Doctor
from db.models.patient import Patient
from db.postgres import assume_role
from services.consultations import code_lists
from services.consultations.prescriptions import current_medications, rows
from services.consultations.prescriptions.content import PrescriptionOrder
from services.consultations.prescriptions.errors import (
    AlreadyPrescribed,
    NoSuchPrescription,
    NotAtVisit,
    PrescribedToDeceased,
    RecordsMerged,
    Superseded,
    VisitNotFound,
    Withdrawn,
)
from services.consultations.prescriptions.records import (
    DraftPrescription,
    PrescriptionLine,
    PrescriptionRecord,
    PrescriptionStatus,
    SignedPaper,
)
from services.consultations.prescriptions.rules import (
    check_draft,
    find_warnings,
    require_reasons,
)
from services.core import reasons
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.records import patients
from services.patients.records.refusals import PatientArchived
from services.visits.front_desk.appointments import locking

_AT_WORK: Final = ("checked-in", "completed")


def prepare(
    session: Session, actor: Actor, visit_id: UUID, draft: DraftPrescription
) -> PrescriptionOrder:
    """Return the content of a first prescription's paper; nothing is written.

    Raises InvalidPrescription, DrugWarnings, AlreadyPrescribed, NotAtVisit,
    PrescribedToDeceased, PatientArchived, VisitNotFound, NotAllowed.
    """
    actor.require(Permission.PRESCRIBE)
    visit = _visit(session, visit_id)
    taken = select(Prescription.id).where(Prescription.appointment_id == visit_id)
    if session.scalar(taken) is not None:
        raise AlreadyPrescribed
    return _order(session, actor, visit, draft, order_id=uuid4(), number=1)


def prepare_amendment(
    session: Session,
    actor: Actor,
    prescription_id: UUID,
    draft: DraftPrescription,
    *,
    number: int,
) -> PrescriptionOrder:
    """Return the content of the next version's paper; nothing is written.

    `number` is the version that was read. Raises InvalidPrescription, DrugWarnings,
    Superseded, Withdrawn, PrescribedToDeceased, PatientArchived, NoSuchPrescription,
    NotAllowed.
    """
    actor.require(Permission.PRESCRIBE)
    before = _current(session, actor, prescription_id, number)
    visit = _visit(session, before.appointment_id)
    return _order(session, actor, visit, draft, order_id=before.id, number=number + 1)


def issue(
    session: Session, actor: Actor, order: PrescriptionOrder, paper: SignedPaper
) -> PrescriptionRecord:
    """Write an order whose signed paper is stored; the caller commits.

    A visit has at most one prescription, however many try at once. The allergies are
    read again here, and the patient's current medications follow. Raises
    AlreadyPrescribed, Superseded, Withdrawn, DrugWarnings, NotAtVisit, RecordsMerged,
    PrescribedToDeceased, PatientArchived, VisitNotFound, NoSuchPrescription,
    NotAllowed.
    """
    actor.require(Permission.PRESCRIBE)
    visit = _lock(session, order)
    _require_possible(session, actor, visit)
    lines = find_warnings(order.lines, visit.allergies, code_lists.drugs(session))
    require_reasons(lines, [line.warning for line in order.lines])
    if order.number == 1:
        _insert(session, order)
        stopped: tuple[PrescriptionLine, ...] = ()
        action = Action.PRESCRIPTION_ISSUE
    else:
        stopped = _advance(session, actor, order)
        action = Action.PRESCRIPTION_AMEND
    current_medications.update_current_medications(
        session, actor, order.patient_id, started=lines, stopped=stopped
    )
    session.execute(
        insert(PrescriptionVersion).values(
            prescription_id=order.id,
            number=order.number,
            lines=rows.kept_lines(lines),
            note=order.note,
            file_id=paper.file_id,
            filename=paper.filename,
            filesize=paper.filesize,
            sha256=paper.sha256,
            signer=paper.signer,
            author_id=actor.id,
            author_name=actor.name,
        )
    )
    issued = rows.find(session, actor, order.id)
    if issued is None:
        raise NoSuchPrescription
    rows.record_event(
        session,
        actor,
        action,
        issued,
        sha256=paper.sha256.hex(),
        lines=len(lines),
        overridden=sum(bool(line.warning) for line in lines),
    )
    return issued


def withdraw(
    session: Session, actor: Actor, prescription_id: UUID, *, number: int, reason: str
) -> PrescriptionRecord:
    """Withdraw a prescription, so that it no longer counts; the caller commits.

    Its drugs leave the patient's current medications. Raises Superseded, Withdrawn,
    NoSuchPrescription, InvalidInput, NotAllowed.
    """
    actor.require(Permission.PRESCRIBE)
    read_reason = reasons.read(reason)
    _lock_patient(session, _current(session, actor, prescription_id, number).patient_id)
    # A merge that came first has moved it to another record, and its drugs with it.
    before = _current(session, actor, prescription_id, number)
    _lock_patient(session, before.patient_id)
    _move(session, before.id, number, {"status": PrescriptionStatus.WITHDRAWN.value})
    current_medications.update_current_medications(
        session, actor, before.patient_id, stopped=before.version.lines
    )
    rows.record_event(
        session, actor, Action.PRESCRIPTION_WITHDRAW, before, reason=read_reason
    )
    return replace(before, status=PrescriptionStatus.WITHDRAWN)


def _order(
    session: Session,
    actor: Actor,
    visit: Any,
    draft: DraftPrescription,
    *,
    order_id: UUID,
    number: int,
) -> PrescriptionOrder:
    _require_possible(session, actor, visit)
    checked = check_draft(draft)
    drugs = code_lists.drugs(session)
    lines = find_warnings(checked.lines, visit.allergies, drugs)
    require_reasons(lines, [line.warning or None for line in draft.lines])
    return PrescriptionOrder(
        id=order_id,
        appointment_id=visit.id,
        number=number,
        patient_id=visit.patient_id,
        patient_name=f"{visit.first_name} {visit.last_name}",
        record_number=visit.record_number,
        date_of_birth=visit.date_of_birth,
        allergies=tuple(visit.allergies),
        no_known_allergies=visit.no_known_allergies,
        doctor_id=visit.doctor_id,
        license_number=visit.license_number if visit.user_id == actor.id else None,
        lines=lines,
        note=checked.note,
        author_name=actor.name,
    )


def _require_possible(session: Session, actor: Actor, visit: Any) -> None:
    """Raise NotAtVisit, PrescribedToDeceased or PatientArchived."""
    if visit.status not in _AT_WORK:
        raise NotAtVisit
    if visit.deceased_on is not None:
        raise PrescribedToDeceased
    if visit.deleted_at is not None:
        raise PatientArchived(patients.look_up(session, actor, visit.patient_id))


def _lock(session: Session, order: PrescriptionOrder) -> Any:
    """Lock the patient and the visit until the transaction ends; return the visit.

    What became of both meanwhile counts: the check-in may have been undone, and a merge
    moves the visit to another record, with other allergies. Raises RecordsMerged.
    """
    _lock_patient(session, order.patient_id)
    locking.lock(session, order.appointment_id)
    visit = _visit(session, order.appointment_id)
    if visit.patient_id != order.patient_id:
        raise RecordsMerged
    return visit


def _visit(session: Session, visit_id: UUID) -> Any:
    row = session.execute(
        select(
            Appointment.id,
            Appointment.status,
            Appointment.patient_id,
            Appointment.doctor_id,
            Doctor.license_number,
            Doctor.user_id,
            Patient.first_name,
            Patient.last_name,
            Patient.record_number,
            Patient.date_of_birth,
            Patient.allergies,
            Patient.no_known_allergies,
            Patient.deceased_on,
            Patient.deleted_at,
        )
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(Appointment.id == visit_id)
    ).one_or_none()
    if row is None:
        raise VisitNotFound
    return row


def _lock_patient(session: Session, patient_id: UUID) -> None:
    """Lock the record against changes until the transaction ends."""
    statement = select(Patient.id).where(Patient.id == patient_id)
    # The clinician may no longer see a merged record, and it has to be locked as well.
    with assume_role(session, "system"):
        session.execute(statement.with_for_update())


def _insert(session: Session, order: PrescriptionOrder) -> None:
    created = session.scalar(
        postgresql_insert(Prescription)
        .values(
            id=order.id,
            appointment_id=order.appointment_id,
            patient_id=order.patient_id,
            doctor_id=order.doctor_id,
        )
        .on_conflict_do_nothing(index_elements=[Prescription.appointment_id])
        .returning(Prescription.id)
    )
    if created is None:
        raise AlreadyPrescribed


def _advance(
    session: Session, actor: Actor, order: PrescriptionOrder
) -> tuple[PrescriptionLine, ...]:
    """Make the order the version that counts; return the lines of the one before."""
    before = _current(session, actor, order.id, order.number - 1)
    _move(session, before.id, before.latest, {"latest": order.number})
    return before.version.lines


def _current(
    session: Session, actor: Actor, prescription_id: UUID, number: int
) -> PrescriptionRecord:
    prescription = rows.find(session, actor, prescription_id)
    if prescription is None:
        raise NoSuchPrescription
    if prescription.status is PrescriptionStatus.WITHDRAWN:
        raise Withdrawn
    if prescription.latest != number:
        raise Superseded
    return prescription


def _move(
    session: Session, prescription_id: UUID, number: int, values: dict[str, Any]
) -> None:
    moved = session.scalar(
        update(Prescription)
        .where(
            Prescription.id == prescription_id,
            Prescription.latest == number,
            Prescription.status == PrescriptionStatus.ISSUED.value,
        )
        .values(**values, updated_at=func.now())
        .returning(Prescription.id)
        .execution_options(synchronize_session=False)
    )
    if moved is None:
        raise Superseded
