"""Records opened outside a clinician's own patients, with a reason, for review."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from db.models.care import BreakGlassAccess
from db.models.patient import Patient
from db.models.user import User
from db.postgres import assume_role
from services.core import audit, reasons
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence
from services.core.typed_text import is_storable, tidy_line
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from services.patients.care import care
from services.patients.records.refusals import NoSuchPatient

HOURS: Final = 8
MOST_LISTED: Final = 200
_LONGEST_REVIEW: Final = 500

_Clinician = aliased(User)
_Reviewer = aliased(User)


@dataclass(frozen=True, slots=True)
class EmergencyAccess:
    """A record that a clinician opened, why, until when, and who has reviewed it.

    It names the patient by id only: the reviewer need not know more.
    """

    id: UUID
    clinician_id: UUID
    clinician_name: str
    patient_id: UUID
    reason: str
    created_at: datetime
    expires_at: datetime
    reviewed_at: datetime | None
    reviewer_name: str | None
    review: str | None


class TreatsAlready(Conflict):
    """The clinician already treats the patient."""

    def __init__(self) -> None:
        super().__init__(
            "You treat this patient: open the record from your list, without a reason."
        )


class AlreadyReviewed(Conflict):
    """Another administrator has already reviewed the access."""

    def __init__(self) -> None:
        super().__init__("Somebody has already reviewed this; reload the page.")


def open_record(
    session: Session, actor: Actor, patient_id: UUID, reason: str
) -> EmergencyAccess:
    """Give the clinician the patient's record for some hours; the caller commits.

    If the clinician has it open already, that access is returned: a second click does
    not create another one. Of a record that was merged, the kept one is opened. Raises
    InvalidInput, TreatsAlready, NotFound, NotAllowed.
    """
    actor.require(Permission.BREAK_GLASS)
    reason = reasons.read(reason)
    patient_id = _patient_in_use(session, patient_id)
    if care.is_treated_by(session, actor.id, patient_id):
        raise TreatsAlready
    if known := _own_current(session, actor, patient_id):
        return known[0]
    # No ORM object: it would also write the review's columns, if only as NULL, and a
    # clinician may not write to them.
    access_id = session.scalars(
        insert(BreakGlassAccess)
        .values(
            clinician_id=actor.id,
            patient_id=patient_id,
            reason=reason,
            expires_at=func.now() + timedelta(hours=HOURS),
        )
        .returning(BreakGlassAccess.id)
    ).one()
    audit.record(
        session,
        actor,
        Action.GLASS_BREAK,
        patient_id=patient_id,
        subject=("access", access_id),
        reason=reason,
    )
    user_notifications.tell(
        session,
        NotificationTopic.EMERGENCY,
        user_notifications.ADMINISTRATORS,
        subject_id=access_id,
    )
    return _own_current(session, actor, patient_id)[0]


def list_current(
    session: Session, actor: Actor, patient_id: UUID
) -> tuple[EmergencyAccess, ...]:
    """Return the accesses through which the record is open now.

    The front desk sees all of them, a clinician their own. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_PATIENT)
    if actor.role is Role.CLINICIAN:
        return _own_current(session, actor, patient_id)
    statement = _current().where(BreakGlassAccess.patient_id == patient_id)
    return _read(session, statement)


def list_own(session: Session, actor: Actor) -> tuple[EmergencyAccess, ...]:
    """Return the clinician's own current accesses; raises NotAllowed."""
    actor.require(Permission.BREAK_GLASS)
    return _read(session, _current().where(BreakGlassAccess.clinician_id == actor.id))


def list_for_review(
    session: Session, actor: Actor, *, reviewed: bool = False
) -> tuple[EmergencyAccess, ...]:
    """Return the accesses that nobody has reviewed, the oldest first.

    With `reviewed`, those that were reviewed, the latest review first. Raises
    NotAllowed.
    """
    actor.require(Permission.REVIEW_BREAK_GLASS)
    reviewed_at = BreakGlassAccess.reviewed_at
    statement = (
        _accesses()
        .where(reviewed_at.is_not(None))
        .order_by(reviewed_at.desc(), BreakGlassAccess.id.desc())
        if reviewed
        else _accesses()
        .where(reviewed_at.is_(None))
        .order_by(BreakGlassAccess.created_at, BreakGlassAccess.id)
    )
    return _read(session, statement.limit(MOST_LISTED))


def review(session: Session, actor: Actor, access_id: UUID, finding: str) -> None:
    """Record the finding of a review; the caller commits.

    Raises InvalidInput, AlreadyReviewed, NotFound, NotAllowed.
    """
    actor.require(Permission.REVIEW_BREAK_GLASS)
    finding = _read_finding(finding)
    patient_id = session.scalar(
        update(BreakGlassAccess)
        .where(BreakGlassAccess.id == access_id, BreakGlassAccess.reviewed_at.is_(None))
        .values(reviewed_at=func.now(), reviewed_by=actor.id, review=finding)
        .returning(BreakGlassAccess.patient_id)
        .execution_options(synchronize_session=False)
    )
    if patient_id is None:
        is_there = select(BreakGlassAccess.id).where(BreakGlassAccess.id == access_id)
        if session.scalar(is_there) is None:
            raise NotFound("There is no such access to review.")
        raise AlreadyReviewed
    audit.record(
        session,
        actor,
        Action.GLASS_REVIEW,
        patient_id=patient_id,
        subject=("access", access_id),
        reason=finding,
    )


def _patient_in_use(session: Session, patient_id: UUID) -> UUID:
    """Return whose record is opened under an id, or raise NoSuchPatient."""
    there = select(Patient.id, Patient.merged_into_id).where(
        Patient.id == patient_id, Patient.erased_at.is_(None)
    )
    # A clinician's own role cannot see anybody but the clinician's patients. The lock
    # waits for somebody who merges the record right now.
    with assume_role(session, "staff"):
        row = session.execute(
            there.with_for_update(read=True, key_share=True)
        ).one_or_none()
    if row is None:
        raise NoSuchPatient(patient_id)
    own_id, kept_id = row
    return kept_id or own_id


def _own_current(
    session: Session, actor: Actor, patient_id: UUID
) -> tuple[EmergencyAccess, ...]:
    return _read(
        session,
        _current().where(
            BreakGlassAccess.clinician_id == actor.id,
            BreakGlassAccess.patient_id == patient_id,
        ),
    )


def _current() -> Select[*tuple[Any, ...]]:
    return (
        _accesses()
        .where(BreakGlassAccess.expires_at > func.now())
        .order_by(BreakGlassAccess.expires_at.desc(), BreakGlassAccess.id.desc())
    )


def _accesses() -> Select[*tuple[Any, ...]]:
    return (
        select(
            BreakGlassAccess.id,
            BreakGlassAccess.clinician_id,
            _Clinician.name,
            BreakGlassAccess.patient_id,
            BreakGlassAccess.reason,
            BreakGlassAccess.created_at,
            BreakGlassAccess.expires_at,
            BreakGlassAccess.reviewed_at,
            _Reviewer.name,
            BreakGlassAccess.review,
        )
        .join(_Clinician, _Clinician.id == BreakGlassAccess.clinician_id)
        .outerjoin(_Reviewer, _Reviewer.id == BreakGlassAccess.reviewed_by)
    )


def _read(
    session: Session, statement: Select[*tuple[Any, ...]]
) -> tuple[EmergencyAccess, ...]:
    rows: Sequence[Any] = session.execute(statement).all()
    return tuple(EmergencyAccess(*row) for row in rows)


def _read_finding(typed: str) -> str:
    if not is_storable(typed):
        raise InvalidInput(
            "review", "What you found contains a character that cannot be stored."
        )
    finding = tidy_line(typed)
    if not finding:
        raise InvalidInput("review", "Say in a few words what you found.")
    if len(finding) > _LONGEST_REVIEW:
        raise InvalidInput(
            "review",
            Sentence(
                "What you found is too long; shorten it to {most} characters.",
                most=_LONGEST_REVIEW,
            ),
        )
    return finding
