"""What is to be erased next and what stops it: numbers, moments and counts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, or_, select
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
    """A record to be erased: which by its number, since when archived, what stops it.

    `documents` are those that are kept still, `held` of these on legal hold.
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
    """The first of what is due within a while, and how many there are."""

    dues: tuple[DueErasure, ...]
    total: int
    erased: int


def look(session: Session, actor: Actor) -> Erasures:
    """Return what is due next, and write down that somebody looked.

    Who looks after retention need not know who the patients are: records have their
    numbers here. Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_RETENTION)
    audit.record(
        session, actor, Action.RETENTION_READ, subject=("retention", "patients")
    )
    # An administrator's own role sees no patients, nor whose a document is.
    with assume_role(session, "system"):
        rows = session.execute(_DUES.limit(MOST_LISTED)).all()
        erased = select(func.count()).where(Patient.erased_at.is_not(None))
        return Erasures(
            tuple(DueErasure(*row[:-1]) for row in rows),
            rows[0][-1] if rows else 0,
            session.scalars(erased).one(),
        )


def is_stopped() -> ColumnElement[bool]:
    """Select records that stay although their time is over.

    A document stays until its own rule, or its hold, lets it go; while it does, so
    does the person whose it is.
    """
    return or_(
        exists().where(_IS_KEPT),
        exists().where(_IS_AHEAD),
        exists().where(_IS_POSTPONED),
    )


def _many(*conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.count()).where(*conditions).scalar_subquery()


_IS_KEPT: Final = and_(Document.patient_id == Patient.id, Document.purged_at.is_(None))
_IS_AHEAD: Final = and_(
    Appointment.patient_id == Patient.id,
    Appointment.status.in_(("scheduled", "checked-in")),
    Appointment.ends_at > func.now(),
)
_IS_POSTPONED: Final = and_(
    ErasurePostponement.patient_id == Patient.id,
    ErasurePostponement.until > func.current_date(),
)
_DUES: Final = (
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
    .outerjoin(ErasurePostponement, _IS_POSTPONED)
    .order_by(Patient.deleted_at, Patient.id)
)
