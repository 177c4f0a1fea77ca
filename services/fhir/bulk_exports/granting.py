"""How administrators grant groups of patients to connected systems, and withdraw them.

What is granted is a saved view or cohort as it is at that time. Which of its patients
the system may read depends on its own role, so a group gives it nobody whom it could
not read without one.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.care import BulkExport, SystemGroup
from db.models.user import User
from db.models.view import SavedView
from db.postgres import assume_role
from services.analytics import cohorts
from services.core import audit
from services.core.actors import PERMISSIONS, Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.fhir.bulk_exports.groups import SUBJECTS
from services.fhir.bulk_exports.model import GroupGrant, SavedGroup
from services.lists import views
from services.patients.search.fields import PATIENTS
from services.people import connected_systems
from services.people.connected_systems import ConnectedSystem
from services.people.sign_in import confirmations

_SYSTEM: Final = "system"


def list_grants(
    session: Session, actor: Actor, system_id: UUID
) -> tuple[GroupGrant, ...]:
    """Return the groups that a system was granted, by name. Raises NotAllowed."""
    actor.require(Permission.MANAGE_TOKENS)
    rows = session.execute(
        select(SystemGroup, User.name)
        .join(User, User.id == SystemGroup.saved_by)
        .where(SystemGroup.system_id == system_id)
        .order_by(func.lower(SystemGroup.name), SystemGroup.group_id)
    )
    return tuple(
        GroupGrant(row.group_id, row.name, row.subject, saved_by, row.granted_at)
        for row, saved_by in rows
    )


def list_people_with_groups(
    session: Session, actor: Actor, role: Role
) -> Mapping[UUID, tuple[str, str]]:
    """Return the people with views or cohorts that a role may be granted, by name.

    Each has the name and the e-mail address, which distinguishes people of one name.
    Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    rows = session.execute(
        select(User.id, User.name, User.email)
        .where(
            User.deactivated_at.is_(None),
            select(SavedView.id)
            .where(SavedView.owner_id == User.id, _is_open_to(role))
            .exists(),
        )
        .order_by(func.lower(User.name), User.id)
    )
    return {user_id: (name, email or "") for user_id, name, email in rows}


def list_saved_groups(
    session: Session, actor: Actor, role: Role, owner_id: UUID
) -> tuple[SavedGroup, ...]:
    """Return what a person has saved that a system with a role may be granted.

    Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    rows = session.execute(
        select(SavedView.id, SavedView.name, SavedView.subject)
        .where(SavedView.owner_id == owner_id, _is_open_to(role))
        .order_by(func.lower(SavedView.name), SavedView.id)
    )
    return tuple(SavedGroup(*row) for row in rows)


def list_systems_with(session: Session, actor: Actor, view_id: UUID) -> tuple[str, ...]:
    """Return the names of the systems that were granted one of the actor's own views.

    They keep it when the view is deleted. Raises NotFound, NotAllowed.
    """
    views.get_own(session, actor, view_id)
    names = (
        select(User.name)
        .join(SystemGroup, SystemGroup.system_id == User.id)
        .where(SystemGroup.group_id == view_id, User.deactivated_at.is_(None))
        .order_by(func.lower(User.name), User.id)
    )
    # Grants are not the owner's to see; who receives their own list is.
    with assume_role(session, "system"):
        return tuple(session.scalars(names))


def grant(
    session: Session,
    actor: Actor,
    system_id: UUID,
    group_id: UUID,
    *,
    session_id: UUID | None,
) -> None:
    """Let a system export a saved view or cohort as it is now; the caller commits.

    Raises NotConfirmed, InvalidInput, NoSuchSystem, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    confirmations.require_passkey(session, actor, session_id)
    system = connected_systems.get_system(session, actor, system_id)
    view = SavedView
    wanted = select(view.name, view.subject, view.criteria_key, view.owner_id)
    saved = session.execute(wanted.where(view.id == group_id)).one_or_none()
    if saved is None:
        raise NotFound("This view or cohort no longer exists. Choose another one.")
    _require_usable(session, system, saved.subject, saved.criteria_key)
    added = session.scalar(
        insert(SystemGroup)
        .values(
            system_id=system_id,
            group_id=group_id,
            subject=saved.subject,
            criteria_key=saved.criteria_key,
            name=saved.name,
            saved_by=saved.owner_id,
            granted_by=actor.id,
        )
        .on_conflict_do_nothing()
        .returning(SystemGroup.group_id)
    )
    if added is not None:
        details = _details(group_id, saved.name, saved.criteria_key)
        _record(session, actor, Action.SYSTEM_GRANT_GROUP, system_id, details)


def withdraw(session: Session, actor: Actor, system_id: UUID, group_id: UUID) -> None:
    """Withdraw a group from a system, and its exports of it; the caller commits.

    Equal criteria have the same key: exports stay as long as the system has another
    group with the same criteria. Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    row = session.execute(
        delete(SystemGroup)
        .where(SystemGroup.system_id == system_id, SystemGroup.group_id == group_id)
        .returning(SystemGroup.name, SystemGroup.criteria_key)
    ).one_or_none()
    if row is None:
        return
    # If two groups are withdrawn at the same time, each transaction still sees the
    # other group: their exports are then ended with those whose owners may no longer
    # have them.
    is_left = exists().where(
        SystemGroup.system_id == system_id,
        SystemGroup.criteria_key == row.criteria_key,
    )
    session.execute(
        update(BulkExport)
        .where(
            BulkExport.owner_id == system_id,
            BulkExport.group_key == row.criteria_key,
            BulkExport.expires_at > func.now(),
            ~is_left,
        )
        .values(expires_at=func.now())
        .execution_options(synchronize_session=False)
    )
    details = _details(group_id, row.name, row.criteria_key)
    _record(session, actor, Action.SYSTEM_WITHDRAW_GROUP, system_id, details)


def _is_open_to(role: Role) -> ColumnElement[bool]:
    """Select saved views and cohorts that a system with a role may be granted."""
    allowed = PERMISSIONS[role] if connected_systems.may_export(role) else frozenset()
    kinds = [subject.name for subject, needed in SUBJECTS if needed in allowed]
    return SavedView.subject.in_(kinds)


def _require_usable(
    session: Session, system: ConnectedSystem, subject: str, key: str
) -> None:
    """Raise InvalidInput unless the system's role may use these criteria.

    Administrators do not see the criteria, and the refusal does not reveal them.
    """
    program = system.actor
    try:
        program.require(Permission.EXPORT_PATIENTS)
        with assume_role(session, system.role.value):
            if subject == PATIENTS.name:
                views.load_criteria(session, program, key, subject=PATIENTS)
            else:
                cohorts.recall(session, program, key)
    except (NotAllowed, NotFound) as refusal:
        raise InvalidInput(
            "group",
            "A system with this role cannot have this group: it asks for data that "
            "the role does not see.",
        ) from refusal


def _details(group_id: UUID, name: str, key: str) -> Mapping[str, object]:
    return {"group": group_id, "name": name, "list": key}


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    system_id: UUID,
    details: Mapping[str, object],
) -> None:
    audit.record(session, actor, action, subject=(_SYSTEM, system_id), details=details)
