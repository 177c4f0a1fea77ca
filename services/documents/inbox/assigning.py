"""How documents of the inbox are assigned to a colleague, finished and put back."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.incoming import DocumentAssignment
from db.models.user import User
from db.postgres import assume_identity, assume_role
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput
from services.core.sentences import Sentence
from services.documents.inbox.reading import AT_WORK, Colleague, InboxItem, find_item
from services.documents.records import look_up
from services.documents.records.errors import NoSuchDocument
from services.documents.records.model import DocumentRecord
from services.lists.folding import by_name
from services.patients.care import care


class AssigneeMayNotOpen(Conflict):
    """The colleague may not open the document, and an assignment grants no access."""

    def __init__(self, name: str) -> None:
        super().__init__(
            Sentence(
                "{name} may not open this document, and assigning it does not give "
                "access. Choose somebody who treats the patient, or give them access "
                "first.",
                name=name,
            )
        )


def list_colleagues(session: Session, actor: Actor) -> tuple[Colleague, ...]:
    """Return whom documents can be assigned to, by name. Raises NotAllowed."""
    actor.require(Permission.FILE_DOCUMENTS)
    # Not every role that assigns may see all accounts.
    with assume_role(session, "system"):
        rows = session.execute(_colleagues().order_by(by_name(User.name), User.id))
    return tuple(Colleague(row.id, row.name) for row in rows)


def assign(
    session: Session, actor: Actor, document_id: UUID, user_id: UUID | None
) -> InboxItem:
    """Assign a document to somebody, or to nobody; the caller commits.

    If it was done, it returns to the inbox. Raises InvalidInput, AssigneeMayNotOpen,
    NoSuchDocument, NotAllowed.
    """
    actor.require(Permission.FILE_DOCUMENTS)
    document = look_up(session, actor, document_id)
    name = _find_assignee(session, document, user_id).name if user_id else ""
    _write(
        session, actor, document, assignee_id=user_id, assignee_name=name, done_at=None
    )
    _record(session, actor, Action.DOCUMENT_ASSIGN, document, assignee=user_id)
    return find_item(session, actor, document_id)


def finish(session: Session, actor: Actor, document_id: UUID) -> InboxItem:
    """Take a document out of the inbox, as done; the caller commits.

    Raises NoSuchDocument, NotAllowed.
    """
    actor.require(Permission.FILE_DOCUMENTS)
    document = look_up(session, actor, document_id)
    _write(session, actor, document, done_at=func.now())
    _record(session, actor, Action.DOCUMENT_FINISH, document)
    return find_item(session, actor, document_id)


def reopen(session: Session, actor: Actor, document_id: UUID) -> InboxItem:
    """Put a document back into its place in the inbox; the caller commits.

    Raises NoSuchDocument, NotAllowed.
    """
    actor.require(Permission.FILE_DOCUMENTS)
    document = look_up(session, actor, document_id)
    _write(session, actor, document, done_at=None)
    _record(session, actor, Action.DOCUMENT_REOPEN, document)
    return find_item(session, actor, document_id)


def _colleagues() -> Select[UUID, str, str]:
    """Select possible assignees, in a session that may see all accounts."""
    return select(User.id, User.name, User.role).where(
        User.role.in_(AT_WORK),
        User.deactivated_at.is_(None),
        # A program has no address, and reads no inbox.
        User.email.is_not(None),
    )


def _find_assignee(
    session: Session, document: DocumentRecord, user_id: UUID
) -> Colleague:
    with assume_role(session, "system"):
        row = session.execute(_colleagues().where(User.id == user_id)).one_or_none()
    if row is None:
        raise InvalidInput(
            "assignee", "Documents are assigned to colleagues: choose one of them."
        )
    if not _opens(session, Actor(row.id, row.name, Role(row.role)), document):
        raise AssigneeMayNotOpen(row.name)
    return Colleague(row.id, row.name)


def _opens(session: Session, colleague: Actor, document: DocumentRecord) -> bool:
    """Return whether the database shows the document to a colleague.

    Emergency access does not count: it lasts only hours.
    """
    try:
        with assume_identity(session, colleague.database_identity):
            look_up(session, colleague, document.id)
            if document.patient_id is not None:
                care.require_own(session, colleague, document.patient_id)
    except (NoSuchDocument, care.NotYours):
        return False
    return True


def _write(
    session: Session, actor: Actor, document: DocumentRecord, **values: Any
) -> None:
    kept = values | {"changed_by": actor.id, "changed_at": func.now()}
    session.execute(
        insert(DocumentAssignment)
        .values(document_id=document.id, **kept)
        .on_conflict_do_update(index_elements=["document_id"], set_=kept)
    )


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    document: DocumentRecord,
    **details: UUID | None,
) -> None:
    audit.record(
        session,
        actor,
        action,
        patient_id=document.patient_id,
        subject=("document", document.id),
        details={"version": document.latest, **details},
    )
