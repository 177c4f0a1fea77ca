"""What is in the inbox, as far as whoever asks is shown documents."""

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
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.documents.records.errors import NoSuchDocument
from services.documents.records.kinds import DocumentType
from services.documents.records.visibility import is_visible_to

# What nobody was assigned to goes by itself after so long; what somebody was, stays.
CAME_WITHIN: Final = timedelta(days=30)
MOST_LISTED: Final = 200
_PLACE: Final = (~Document.urgent, Document.created_at, Document.id)


class InboxView(StrEnum):
    """Whose part of the inbox is meant."""

    MINE = "Assigned to me"
    UNASSIGNED = "Unassigned"
    EVERYBODY = "Everybody"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody whom a document can be assigned to."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A document in the inbox; without an assignee whoever is first takes it."""

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
    """How many documents wait for somebody, and how many for nobody in particular."""

    mine: int
    unassigned: int


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Some of the inbox; `next` is where what follows begins, None at the end."""

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
    """Return what is not done yet, the urgent and then the oldest first.

    A clinician's inbox has what others filed of their patients; the front desk's what
    patients sent, and what has no patient or no type yet. Beyond that it has what
    somebody was assigned to. It comes 200 at a time, or `limit`: `next` of a page leads
    to what comes `after` it. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.VIEW_DOCUMENTS)
    most = min(limit, MOST_LISTED)
    rows = session.execute(
        _selected(actor)
        .where(_waits(actor, view, now), _follows(session, after) if after else true())
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
    """Count what waits for the actor; counts name nobody. Raises NotAllowed."""
    actor.require(Permission.VIEW_DOCUMENTS)
    # Each by an index of its own: one finds the assignments, one what came lately.
    mine, unassigned = (
        _documents(actor, func.count(Document.id))
        .where(_waits(actor, view, now))
        .scalar_subquery()
        for view in (InboxView.MINE, InboxView.UNASSIGNED)
    )
    return InboxCounts(*session.execute(select(mine, unassigned)).one())


def find_item(session: Session, actor: Actor, document_id: UUID) -> InboxItem:
    """Return a document as the inbox has it, whether it is in it or not.

    For whoever has just opened it, which is written down already. Raises
    NoSuchDocument, NotAllowed.
    """
    actor.require(Permission.VIEW_DOCUMENTS)
    row = session.execute(
        _selected(actor).where(Document.id == document_id)
    ).one_or_none()
    if row is None:
        raise NoSuchDocument
    return _item_of(row)


def _waits(actor: Actor, view: InboxView, now: datetime) -> ColumnElement[bool]:
    """Return what is not done in this part of the actor's inbox."""
    is_assigned = DocumentAssignment.assignee_id.is_not(None)
    if view is InboxView.MINE:
        wanted = DocumentAssignment.assignee_id == actor.id
    elif view is InboxView.UNASSIGNED:
        wanted = ~is_assigned & _came_in(actor, now)
    else:
        wanted = or_(is_assigned, _came_in(actor, now))
    return and_(DocumentAssignment.done_at.is_(None), wanted)


def _came_in(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Return what others filed lately and is for whoever has the actor's role."""
    came_lately = (Document.created_at >= now - CAME_WITHIN) & (
        Document.created_by != actor.id
    )
    if actor.role is Role.CLINICIAN:
        return came_lately
    # The front desk is shown the accounts of patients.
    patients = select(User.id).where(User.role == Role.PATIENT.value)
    is_for_the_desk = or_(
        Document.patient_id.is_(None),
        Document.document_type == DocumentType.OTHER.value,
        Document.created_by.in_(patients),
    )
    return came_lately & is_for_the_desk


def _follows(session: Session, document_id: UUID) -> ColumnElement[bool]:
    """Return what comes after a document in the inbox, which it may have left."""
    place = session.execute(
        select(*_PLACE).where(Document.id == document_id)
    ).one_or_none()
    if place is None:
        raise InvalidInput(
            "after", "The place in this list is gone; begin again at its first page."
        )
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
