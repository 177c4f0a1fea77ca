"""What is in the inbox, as far as whoever asks is shown documents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, Text, func, or_, select
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentVersion
from db.models.incoming import DocumentAssignment
from db.models.patient import Patient
from db.models.user import User
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.documents.records.errors import NoSuchDocument
from services.documents.records.kinds import DocumentType
from services.documents.records.visibility import is_visible_to

# What nobody was assigned to goes by itself after so long; what somebody was, stays.
CAME_WITHIN: Final = timedelta(days=30)
MOST_LISTED: Final = 200


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
    urgent: bool
    assignee: Colleague | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How many documents wait for somebody, and how many for nobody in particular."""

    mine: int
    unassigned: int


def list_inbox(
    session: Session, actor: Actor, view: InboxView, now: datetime
) -> tuple[InboxItem, ...]:
    """Return what is not done yet, the urgent and then the oldest first.

    A clinician's inbox has what others filed of their patients; the front desk's what
    patients sent, and what has no patient or no type yet. Beyond that it has what
    somebody was assigned to. Raises NotAllowed.
    """
    listed = _of_view(_items(session, actor, now), actor, view)[:MOST_LISTED]
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
    return listed


def count_inbox(session: Session, actor: Actor, now: datetime) -> InboxCounts:
    """Count what waits for the actor; counts name nobody. Raises NotAllowed."""
    items = _items(session, actor, now)
    return InboxCounts(
        len(_of_view(items, actor, InboxView.MINE)),
        len(_of_view(items, actor, InboxView.UNASSIGNED)),
    )


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


def _items(session: Session, actor: Actor, now: datetime) -> list[InboxItem]:
    actor.require(Permission.VIEW_DOCUMENTS)
    came_lately = (Document.created_at >= now - CAME_WITHIN) & (
        Document.created_by != actor.id
    )
    rows = session.execute(
        _selected(actor)
        .where(
            DocumentAssignment.done_at.is_(None),
            or_(DocumentAssignment.assignee_id.is_not(None), came_lately),
        )
        .order_by(Document.urgent.desc(), Document.created_at, Document.id)
        .limit(5 * MOST_LISTED)
    )
    items = list(map(_item_of, rows))
    if actor.role is Role.CLINICIAN:
        return items
    patients = _patients_among(session, {item.created_by for item in items})
    return [item for item in items if _is_for_the_desk(item, patients)]


def _is_for_the_desk(item: InboxItem, patients: frozenset[UUID]) -> bool:
    lacks_something = (
        item.patient_id is None or item.document_type is DocumentType.OTHER
    )
    was_assigned = item.assignee is not None
    return was_assigned or lacks_something or item.created_by in patients


def _patients_among(session: Session, ids: Iterable[UUID]) -> frozenset[UUID]:
    # Not every role is shown the accounts of patients.
    with assume_role(session, "system"):
        return frozenset(
            session.scalars(
                select(User.id).where(
                    User.id.in_(list(ids)), User.role == Role.PATIENT.value
                )
            )
        )


def _of_view(
    items: Iterable[InboxItem], actor: Actor, view: InboxView
) -> tuple[InboxItem, ...]:
    if view is InboxView.MINE:
        return tuple(i for i in items if i.assignee and i.assignee.id == actor.id)
    if view is InboxView.UNASSIGNED:
        return tuple(item for item in items if item.assignee is None)
    return tuple(items)


def _selected(actor: Actor) -> Select[*tuple[Any, ...]]:
    is_latest = (DocumentVersion.document_id == Document.id) & (
        DocumentVersion.number == Document.latest
    )
    return (
        select(
            Document.id,
            Document.title,
            Document.document_type,
            Document.created_at,
            Document.created_by,
            Document.created_by_name,
            Document.patient_id,
            func.concat_ws(
                " ", Patient.first_name, Patient.last_name, type_=Text()
            ).label("patient_name"),
            Document.urgent,
            DocumentAssignment.assignee_id,
            DocumentAssignment.assignee_name,
            DocumentAssignment.done_at,
        )
        .join(DocumentVersion, is_latest)
        .outerjoin(Patient, Patient.id == Document.patient_id)
        .outerjoin(DocumentAssignment, DocumentAssignment.document_id == Document.id)
        .where(is_visible_to(actor), Document.deleted_at.is_(None))
    )


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
        urgent=row.urgent,
        assignee=Colleague(row.assignee_id, row.assignee_name)
        if row.assignee_id
        else None,
        done_at=row.done_at,
    )
