"""What is to be erased next and what stops it, by record number and without names."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.document import Document
from db.models.patient import ErasurePostponement, Patient, PatientRetention
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.documents.erasure.rule import (
    ended,
    ends_at,
)

SOON: Final = timedelta(days=90)
MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class DueErasure:
    """A record to be erased: its number, when it was archived, what stops the erasure.

    `documents` are those not yet purged, `held` those of them on legal hold.
    """

    patient_id: UUID
    record_number: str
    archived_at: datetime
    due_at: datetime
    documents: int
    held: int
    visits: int
    postponed_until: date | None
    postponed_because: str | None


@dataclass(frozen=True, slots=True)
class Erasures:
    """The first of the erasures that are due soon, and how many there are."""

    dues: tuple[DueErasure, ...]
    total: int
    erased: int


def read_due_erasures(
    session: Session, actor: Actor, *, today: date | None = None
) -> Erasures:
    """Return what is due next, and record that somebody looked. Raises NotAllowed.

    `today` is the date by the clinic's clock; without it, the date by UTC.
    Who looks after retention need not know who the patients are, so records are named
    by their numbers.
    """
    actor.require(Permission.MANAGE_RETENTION)
    audit.record(
        session, actor, Action.RETENTION_READ, subject=("retention", "patients")
    )
    # An administrator's own role sees neither patients nor whose a document is.
    with assume_role(session, "system"):
        rows = session.execute(_dues(today).limit(MOST_LISTED)).all()
        erased = select(func.count()).where(Patient.erased_at.is_not(None))
        return Erasures(
            tuple(DueErasure(*row[:-1]) for row in rows),
            rows[0][-1] if rows else 0,
            session.scalars(erased).one(),
        )


def is_stopped(today: date | None) -> ColumnElement[bool]:
    """Select records that stay although their time is over.

    A document stays as long as its own rule, or its hold, requires, and so long its
    patient stays as well. `today` is as for `read_due_erasures`.
    """
    return or_(
        exists().where(_IS_KEPT),
        exists().where(_IS_AHEAD),
        exists().where(_is_postponed(today)),
    )


def _many(*conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.count()).where(*conditions).scalar_subquery()


_IS_KEPT: Final = and_(Document.patient_id == Patient.id, Document.purged_at.is_(None))
_IS_AHEAD: Final = and_(
    Appointment.patient_id == Patient.id,
    Appointment.status.in_(("scheduled", "checked-in")),
    Appointment.ends_at > func.now(),
)


def _is_postponed(today: date | None) -> ColumnElement[bool]:
    return and_(
        ErasurePostponement.patient_id == Patient.id,
        ErasurePostponement.until > (today or func.current_date()),
    )


def _dues(today: date | None) -> Select[Any]:
    return (
        select(
            Patient.id,
            Patient.record_number,
            Patient.deleted_at,
            ends_at(),
            _many(_IS_KEPT),
            _many(_IS_KEPT, Document.held_at.is_not(None)),
            _many(_IS_AHEAD),
            ErasurePostponement.until,
            ErasurePostponement.reason,
            func.count().over(),
        )
        .join(PatientRetention, ended(SOON))
        .outerjoin(ErasurePostponement, _is_postponed(today))
        .order_by(Patient.deleted_at, Patient.id)
    )
