"""The history of a prescription: who issued, amended and withdrew it, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from db.mongo.audit_store import AuditFilter, AuditStore
from services.audit.log.makers import Maker, find_maker
from services.consultations.prescriptions import reading
from services.consultations.prescriptions.records import (
    PrescriptionRecord,
    PrescriptionStatus,
)
from services.core.actors import Actor, Role
from services.core.audit import Action


@dataclass(frozen=True, slots=True)
class PrescriptionChange:
    """What made a version; a withdrawal counts as one more version.

    `lines` is the number of drugs in that version.
    """

    number: int
    made_at: datetime
    maker: Maker
    action: Action
    lines: int


def list_changes(
    session: Session, store: AuditStore, actor: Actor, prescription_id: UUID
) -> tuple[PrescriptionChange, ...]:
    """Return what made each version, the newest first, if the actor may read it.

    Raises NoSuchPrescription, NotAllowed and, for one that was withdrawn,
    AuditLogUnavailable.
    """
    latest = reading.get(session, actor, prescription_id)
    return (
        *_withdrawal(session, store, actor, latest),
        *(
            PrescriptionChange(
                version.number,
                version.created_at,
                Maker(version.author_id, version.author_name, Role.CLINICIAN),
                _action_of(version.number),
                len(version.lines),
            )
            for version in reading.versions(session, actor, prescription_id)
        ),
    )


def _action_of(number: int) -> Action:
    first = number == 1
    return Action.PRESCRIPTION_ISSUE if first else Action.PRESCRIPTION_AMEND


def _withdrawal(
    session: Session, store: AuditStore, actor: Actor, latest: PrescriptionRecord
) -> Iterator[PrescriptionChange]:
    """Yield the withdrawal; only the audit log has who made it."""
    if latest.status is not PrescriptionStatus.WITHDRAWN or not latest.withdrawn_at:
        return
    wanted = AuditFilter(
        subject_kind="prescription",
        subject_id=str(latest.id),
        actions=frozenset({Action.PRESCRIPTION_WITHDRAW.value}),
        outcome="done",
    )
    maker = find_maker(session, store, actor, wanted)
    if maker is not None:
        yield PrescriptionChange(
            latest.version.number + 1,
            latest.withdrawn_at,
            maker,
            Action.PRESCRIPTION_WITHDRAW,
            len(latest.version.lines),
        )
