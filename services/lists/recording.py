"""Recording lists in the audit log: the criteria, and what was shown."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor
from services.core.audit import Action
from services.lists import criteria
from services.lists.criteria import Criteria


class _Shown(Protocol):
    """A row as a list shows one."""

    @property
    def id(self) -> UUID: ...


def record(
    session: Session,
    actor: Actor,
    action: Action,
    list_criteria: Criteria,
    *,
    shown: Iterable[_Shown] | None = None,
    called: str = "patients",
    reason: str | None = None,
    **details: object,
) -> None:
    """Record the criteria, the ids of all that was shown, and the details."""
    recorded: dict[str, object] = {
        "criteria": criteria.to_json(list_criteria),
        **details,
    }
    if shown is not None:
        recorded[called] = [row.id for row in shown]
    audit.record(session, actor, action, reason=reason, details=recorded)
