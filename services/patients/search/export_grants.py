"""Exports with names for actors who see none: requested with a reason, fetched once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.care import ExportGrant
from services.core import reasons
from services.core.actors import Actor, Permission
from services.core.errors import Conflict, NotFound
from services.lists import views
from services.patients.search.fields import PATIENTS

MINUTES: Final = 10


@dataclass(frozen=True, slots=True)
class Grant:
    """An export that one person may fetch once; without a key, of all patients."""

    id: UUID
    user_id: UUID
    criteria_key: str | None
    reason: str
    expires_at: datetime


class GrantUsed(Conflict):
    """The file was fetched before, or not in time."""

    def __init__(self) -> None:
        super().__init__(
            "This export was already downloaded or has expired; ask for it again."
        )


def request_export(
    session: Session, actor: Actor, key: str | None, reason: str
) -> Grant:
    """Let the actor fetch the list behind the key with names; the caller commits.

    What is exported, and why, is recorded when the file is fetched. Raises
    InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.EXPORT_NAMES)
    reason = reasons.read(reason)
    if key is not None:
        views.load_criteria(session, actor, key, subject=PATIENTS)
    grant = ExportGrant(
        user_id=actor.id,
        criteria_key=key,
        reason=reason,
        expires_at=func.now() + timedelta(minutes=MINUTES),
    )
    session.add(grant)
    session.flush()
    return _grant_of(grant)


def redeem(session: Session, actor: Actor, grant_id: UUID) -> Grant:
    """Use the grant up; the caller commits before anything is exported.

    Of two concurrent requests, one gets the file. Raises GrantUsed, NotFound,
    NotAllowed.
    """
    actor.require(Permission.EXPORT_NAMES)
    is_own = (ExportGrant.id == grant_id, ExportGrant.user_id == actor.id)
    used = session.scalars(
        update(ExportGrant)
        .where(*is_own)
        .where(ExportGrant.used_at.is_(None), ExportGrant.expires_at > func.now())
        .values(used_at=func.now())
        .returning(ExportGrant)
    ).one_or_none()
    if used is not None:
        return _grant_of(used)
    if session.scalar(select(ExportGrant.id).where(*is_own)) is None:
        raise NotFound("There is no such export of yours; ask for it in the list.")
    raise GrantUsed


def _grant_of(grant: ExportGrant) -> Grant:
    return Grant(
        id=grant.id,
        user_id=grant.user_id,
        criteria_key=grant.criteria_key,
        reason=grant.reason,
        expires_at=grant.expires_at,
    )
