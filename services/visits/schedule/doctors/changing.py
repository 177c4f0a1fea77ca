"""Adding and changing doctors."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.doctor import Doctor
from db.models.patient import Patient
from db.models.user import User
from db.postgres import assume_role
from db.postgres.violations import translate_violations
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.patients.care import care
from services.visits.schedule import visit_changes
from services.visits.schedule.doctors.errors import DoctorTaken, StaleDoctor
from services.visits.schedule.doctors.records import DoctorDraft, DoctorRecord
from services.visits.schedule.doctors.rows import find
from services.visits.schedule.doctors.rules import checked
from services.visits.schedule.plans import Calendar, apply_plans
from services.visits.schedule.plans.weeks import lock_doctor

_TAKEN: Final = {
    "doctors_email_once": (
        "email",
        "Another doctor has this e-mail address; look for them in the list.",
    ),
    "doctors_license_number_once": (
        "license_number",
        "Another doctor has this license number; look for them in the list.",
    ),
    "doctors_user_once": (
        "user_id",
        "This clinician signs in as another doctor; choose somebody else.",
    ),
}
_REFUSALS: Final[Mapping[str, Callable[[], Exception]]] = {
    constraint: partial(DoctorTaken, *taken) for constraint, taken in _TAKEN.items()
}


def add_doctor(session: Session, actor: Actor, draft: DoctorDraft) -> DoctorRecord:
    """Store a new doctor, who has no plan yet; the caller commits.

    Raises InvalidInput, DoctorTaken, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    wanted = checked(draft)
    _require_clinician(session, wanted.user_id)
    with translate_violations(session, _REFUSALS):
        doctor_id = session.scalars(
            insert(Doctor).values(asdict(wanted)).returning(Doctor.id)
        ).one()
    visit_changes.announce_change(session)
    kept = find(session, actor, doctor_id)
    _record(session, actor, Action.DOCTOR_ADD, None, kept)
    return kept


def change_doctor(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    draft: DoctorDraft,
    calendar: Calendar,
    *,
    revision: int,
) -> DoctorRecord:
    """Store the changes to a doctor, and adapt the slots.

    A doctor who cannot be booked any more loses free slots; visits stay. Whoever signs
    in as the doctor from now on treats the patients with visits to come, as if they had
    been booked now. The caller commits. Raises InvalidInput, DoctorTaken, StaleDoctor,
    NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    wanted = checked(draft)
    before = _lock(session, actor, doctor_id, revision)
    if wanted == before.draft():
        return before
    if wanted.user_id != before.user_id:
        _require_clinician(session, wanted.user_id)
    write_doctor(session, doctor_id, asdict(wanted))
    if wanted.user_id is not None and wanted.user_id != before.user_id:
        _begin_care(session, actor, doctor_id, wanted.user_id)
    planning = ("is_active", "slot_minutes")
    if any(getattr(before, name) != getattr(wanted, name) for name in planning):
        apply_plans(session, actor, [doctor_id], calendar)
    kept = find(session, actor, doctor_id)
    _record(session, actor, Action.DOCTOR_CHANGE, before, kept)
    return kept


def change_photo(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    photo_file_id: str | None,
    *,
    revision: int,
) -> DoctorRecord:
    """Set the photo in the doctor's row, for `photos` beside this module.

    Raises StaleDoctor, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    before = _lock(session, actor, doctor_id, revision)
    write_doctor(session, doctor_id, {"photo_file_id": photo_file_id})
    audit.record(
        session,
        actor,
        Action.DOCTOR_CHANGE,
        subject=("doctor", doctor_id),
        details={
            "photo": [before.photo_file_id is not None, photo_file_id is not None]
        },
    )
    return find(session, actor, doctor_id)


def write_doctor(session: Session, doctor_id: UUID, values: dict[str, Any]) -> None:
    """Write columns of a locked doctor; for other services."""
    with translate_violations(session, _REFUSALS):
        session.execute(
            update(Doctor)
            .where(Doctor.id == doctor_id)
            .values(**values, revision=Doctor.revision + 1, updated_at=func.now())
            .execution_options(synchronize_session=False)
        )
    visit_changes.announce_change(session)


def _lock(
    session: Session, actor: Actor, doctor_id: UUID, revision: int
) -> DoctorRecord:
    lock_doctor(session, doctor_id)
    before = find(session, actor, doctor_id)
    if before.revision != revision:
        raise StaleDoctor(before)
    return before


def _begin_care(
    session: Session, actor: Actor, doctor_id: UUID, clinician_id: UUID
) -> None:
    expected = (
        select(Appointment.patient_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Appointment.doctor_id == doctor_id,
            Appointment.status.in_(("scheduled", "checked-in")),
            Appointment.ends_at > func.now(),
            Patient.deleted_at.is_(None),
        )
        .distinct()
        .order_by(Appointment.patient_id)
    )
    # Whoever manages doctors need not see whose visits there are.
    with assume_role(session, "system"):
        for patient_id in session.scalars(expected).all():
            if not care.is_treated_by(session, clinician_id, patient_id):
                care.begin(session, patient_id, clinician_id, by=actor)


def _require_clinician(session: Session, user_id: UUID | None) -> None:
    if user_id is None:
        return
    clinician = select(User.id).where(
        User.id == user_id,
        User.role == Role.CLINICIAN.value,
        User.deactivated_at.is_(None),
    )
    if session.scalar(clinician) is None:
        raise InvalidInput("user_id", "There is no such clinician; choose another one.")


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    before: DoctorRecord | None,
    after: DoctorRecord,
) -> None:
    changed = audit.differences(before.draft() if before else None, after.draft())
    audit.record(
        session,
        actor,
        action,
        subject=("doctor", after.id),
        details={"changed": changed},
    )
