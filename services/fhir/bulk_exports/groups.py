"""Groups of patients as the clinic has them: saved lists, and saved cohorts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.care import SystemGroup
from services.analytics import cohorts
from services.analytics.cohorts.checking import UnreadableCohort
from services.analytics.cohorts.classes import find_remaining
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.fhir.bulk_exports.model import (
    GroupNotGranted,
    NoSuchGroup,
    PatientGroup,
    UnreadableGroup,
)
from services.lists import views
from services.lists.subjects import Subject
from services.patients import search
from services.patients.records import patients
from services.patients.search.fields import PATIENTS

SUBJECTS: Final[tuple[tuple[Subject, Permission], ...]] = (
    (PATIENTS, Permission.LIST_PATIENTS),
    (cohorts.COHORTS, Permission.COUNT_COHORTS),
)


def list_groups(session: Session, actor: Actor) -> tuple[PatientGroup, ...]:
    """Return the actor's own groups, lists first. Raises NotAllowed."""
    actor.require(Permission.EXPORT_PATIENTS)
    actor.require(Permission.SAVE_VIEWS)
    return tuple(_groups(session, actor))


def get_group(session: Session, actor: Actor, group_id: UUID) -> PatientGroup:
    """Return one of the actor's own groups. Raises NoSuchGroup, NotAllowed."""
    for group in list_groups(session, actor):
        if group.id == group_id:
            return group
    raise NoSuchGroup


def list_granted(session: Session, actor: Actor) -> tuple[PatientGroup, ...]:
    """Return the groups that a connected system was granted. Raises NotAllowed."""
    actor.require(Permission.EXPORT_PATIENTS)
    rows = session.scalars(
        select(SystemGroup)
        .where(SystemGroup.system_id == actor.id)
        .order_by(func.lower(SystemGroup.name), SystemGroup.group_id)
    )
    return tuple(
        PatientGroup(
            row.group_id, row.name, row.subject, row.criteria_key, row.granted_at
        )
        for row in rows
    )


def get_granted(session: Session, actor: Actor, group_id: UUID) -> PatientGroup:
    """Return a group that a connected system was granted.

    Raises GroupNotGranted, NotAllowed.
    """
    for group in list_granted(session, actor):
        if group.id == group_id:
            return group
    raise GroupNotGranted


def find_members(
    session: Session, actor: Actor, subject: str, key: str, now: datetime
) -> tuple[UUID, ...]:
    """Return the ids of a group's patients, by the criteria stored under its key.

    A connected system gets those whom its role sees. For the export, which is recorded
    with its reason. Raises UnreadableGroup, NotFound, NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    if any(group.key == key for group in list_granted(session, actor)):
        # The scopes of a token limit what is exported about the members. Finding the
        # members is what was granted.
        actor = replace(actor, scopes=None)
    try:
        if subject == PATIENTS.name:
            criteria = views.load_criteria(session, actor, key, subject=PATIENTS)
            return search.list_exported_ids(session, actor, criteria, now=now)
        actor.require(patients.permission_to_stream(actor))
        cohort = cohorts.recall(session, actor, key)
    except (UnreadableCohort, InvalidInput) as error:
        raise UnreadableGroup from error
    return find_remaining(session, cohort, now)


def _groups(session: Session, actor: Actor) -> Iterator[PatientGroup]:
    for subject, permission in SUBJECTS:
        if actor.may(permission):
            for view in views.list_views(session, actor, subject=subject):
                yield PatientGroup(
                    view.id, view.name, subject.name, view.key, view.created_at
                )
