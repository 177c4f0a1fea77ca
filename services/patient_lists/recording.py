"""What the audit log is told of a list: what was asked for, and who was shown."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from services import audit, criteria
from services.actors import Actor
from services.audit import Action
from services.criteria import Criteria


class _Shown(Protocol):
    """A patient as a list shows one, with or without a name."""

    @property
    def id(self) -> UUID: ...


def record(
    session: Session,
    actor: Actor,
    action: Action,
    asked: Criteria,
    *,
    shown: Iterable[_Shown] | None = None,
    reason: str | None = None,
    **details: object,
) -> None:
    """Write down the criteria, the ids of all who were shown, and the rest."""
    told: dict[str, object] = {"criteria": criteria.to_json(asked), **details}
    if shown is not None:
        told["patients"] = [patient.id for patient in shown]
    audit.record(session, actor, action, reason=reason, details=told)
