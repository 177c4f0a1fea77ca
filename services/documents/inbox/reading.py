"""The inbox, limited to the documents that the actor may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import QueryableAttribute, Session

from db.models.document import Document, DocumentVersion
from db.models.incoming import DocumentAssignment
from db.models.patient import LISTED_NAME, PATIENT_NAME, Patient
from db.models.user import User
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import PlaceGone
from services.documents.records.errors import NoSuchDocument
from services.documents.records.kinds import DocumentType
from services.documents.records.visibility import is_visible_to

# Unassigned documents leave the inbox by themselves after this time; assigned ones
# stay.
CAME_WITHIN: Final = timedelta(days=30)
MOST_LISTED: Final = 200
# The roles that documents can be assigned to.
AT_WORK: Final = (Role.STAFF.value, Role.CLINICIAN.value)
_PLACE: Final = (~Document.urgent, Document.created_at, Document.id)


class InboxView(StrEnum):
    """The parts of the inbox."""

    MINE = "Assigned to me"
    UNASSIGNED = "Unassigned"
    EVERYBODY = "Everybody"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to whom a document can be assigned."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A document in the inbox; without an assignee anybody may take it."""

    id: UUID
    title: str
    document_type: DocumentType
    created_at: datetime
    created_by: UUID
    created_by_name: str
    patient_id: UUID | None
    patient_name: str
    listed_name: str
    urgent: bool
    assignee: Colleague | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How many documents wait for the actor, and how many are unassigned."""

    mine: int
    unassigned: int


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of the inbox; `next` is what the following page begins after, or None."""

    items: tuple[InboxItem, ...]
    next: UUID | None


def list_inbox(
    session: Session,
    actor: Actor,
    view: InboxView,
    now: datetime,
    *,
    after: UUID | None = None,
    limit: int = MOST_LISTED,
) -> InboxPage:
    """Return what is not done yet: urgent documents first, then the oldest first.

    A clinician's inbox has what others filed about their patients; the front desk's has
    what patients sent, and documents that have no patient or no type yet. Both also
    have what was assigned to somebody; what was assigned to a colleague who has left is
    unassigned again. A page has at most 200 documents, or `limit`;
    `next` of a page is the `after` of the following one. Raises InvalidInput,
    NotAllowed.
    """
    actor.require(Permission.VIEW_DOCUMENTS)
    most = min(limit, MOST_LISTED)
    rows = session.execute(
        _selected(actor)
        .where(
            _waits(session, actor, view, now),
            _follows(session, after) if after else true(),
        )
        .order_by(*_PLACE)
        .limit(most + 1)
    )
    items = tuple(map(_item_of, rows))
    listed = items[:most]
    audit.record(
        session,
        actor,
        Action.DOCUMENT_LIST,
        details={
            "inbox": view.name.lower(),
            "documents": [item.id for item in listed],
            "patients": sorted({i.patient_id for i in listed if i.patient_id}),
        },
    )
    return InboxPage(listed, listed[-1].id if len(items) > most else None)


def count_inbox(session: Session, actor: Actor, now: datetime) -> InboxCounts:
    """Count what waits for the actor, without names. Raises NotAllowed."""
    actor.require(Permission.VIEW_DOCUMENTS)
    # Two subqueries, each with an index of its own: assignments, and recent documents.
    mine, unassigned = (
        _documents(actor, func.count(Document.id))
        .where(_waits(session, actor, view, now))
        .scalar_subquery()
        for view in (InboxView.MINE, InboxView.UNASSIGNED)
    )
    return InboxCounts(*session.execute(select(mine, unassigned)).one())


def find_item(session: Session, actor: Actor, document_id: UUID) -> InboxItem:
    """Return a document as an item of the inbox, whether it is in it or not.

    For somebody who has just opened it, which is already recorded. Raises
    NoSuchDocument, NotAllowed.
    """
    actor.require(Permission.VIEW_DOCUMENTS)
    row = session.execute(
        _selected(actor).where(Document.id == document_id)
    ).one_or_none()
    if row is None:
        raise NoSuchDocument
    return _item_of(row)


def _list_departed(session: Session) -> Sequence[UUID]:
    """Return who still has documents in the inbox, and may not deal with them any more.

    They were deactivated, or have a role without an inbox. It may be undone, so their
    assignments are kept.
    """
    departed = (
        select(User.id)
        .select_from(DocumentAssignment)
        .join(User, User.id == DocumentAssignment.assignee_id)
        .where(
            DocumentAssignment.done_at.is_(None),
            or_(User.deactivated_at.is_not(None), User.role.not_in(AT_WORK)),
        )
        .distinct()
    )
    # Not every role that has an inbox may see all accounts.
    with assume_role(session, "system"):
        return session.scalars(departed).all()


def _waits(
    session: Session, actor: Actor, view: InboxView, now: datetime
) -> ColumnElement[bool]:
    """Select what is not done in this part of the actor's inbox."""
    is_assigned = DocumentAssignment.assignee_id.is_not(None)
    if view is InboxView.MINE:
        wanted = DocumentAssignment.assignee_id == actor.id
    elif view is InboxView.UNASSIGNED:
        is_left = DocumentAssignment.assignee_id.in_(_list_departed(session))
        wanted = or_(~is_assigned & _came_in(actor, now), is_left)
    else:
        wanted = or_(is_assigned, _came_in(actor, now))
    return and_(DocumentAssignment.done_at.is_(None), wanted)


def _came_in(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Select what others filed lately for people of the actor's role."""
    came_lately = (Document.created_at >= now - CAME_WITHIN) & (
        Document.created_by != actor.id
    )
    if actor.role is Role.CLINICIAN:
        return came_lately
    # The front desk may see the accounts of patients.
    patients = select(User.id).where(User.role == Role.PATIENT.value)
    is_for_the_desk = or_(
        Document.patient_id.is_(None),
        Document.document_type == DocumentType.OTHER.value,
        Document.created_by.in_(patients),
    )
    return came_lately & is_for_the_desk


def _follows(session: Session, document_id: UUID) -> ColumnElement[bool]:
    """Select what follows a document in the inbox, even if that has left the inbox."""
    place = session.execute(
        select(*_PLACE).where(Document.id == document_id)
    ).one_or_none()
    if place is None:
        raise PlaceGone
    return tuple_(*_PLACE) > tuple_(*place)


def _documents(
    actor: Actor, *columns: ColumnElement[Any] | QueryableAttribute[Any]
) -> Select[*tuple[Any, ...]]:
    is_latest = (DocumentVersion.document_id == Document.id) & (
        DocumentVersion.number == Document.latest
    )
    return (
        select(*columns)
        .select_from(Document)
        .join(DocumentVersion, is_latest)
        .outerjoin(DocumentAssignment, DocumentAssignment.document_id == Document.id)
        .where(is_visible_to(actor), Document.deleted_at.is_(None))
    )


def _selected(actor: Actor) -> Select[*tuple[Any, ...]]:
    return _documents(
        actor,
        Document.id,
        Document.title,
        Document.document_type,
        Document.created_at,
        Document.created_by,
        Document.created_by_name,
        Document.patient_id,
        PATIENT_NAME.label("patient_name"),
        LISTED_NAME.label("listed_name"),
        Document.urgent,
        DocumentAssignment.assignee_id,
        DocumentAssignment.assignee_name,
        DocumentAssignment.done_at,
    ).outerjoin(Patient, Patient.id == Document.patient_id)


def _item_of(row: Row[*tuple[Any, ...]]) -> InboxItem:
    return InboxItem(
        id=row.id,
        title=row.title,
        document_type=DocumentType(row.document_type),
        created_at=row.created_at,
        created_by=row.created_by,
        created_by_name=row.created_by_name,
        patient_id=row.patient_id,
        patient_name=row.patient_name,
        listed_name=row.listed_name,
        urgent=row.urgent,
        assignee=Colleague(row.assignee_id, row.assignee_name)
        if row.assignee_id
        else None,
        done_at=row.done_at,
    )
