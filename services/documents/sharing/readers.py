"""Confidential documents at the front desk: how many there are, and who opens them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentReader
from db.models.user import User
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput
from services.core.sentences import Sentence
from services.documents.records import look_up
from services.documents.records.model import DocumentRecord
from services.documents.records.revising import revise
from services.documents.sharing import notifying
from services.lists.folding import by_name

_MOST_NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody at the front desk who can be named for a confidential document."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class ConfidentialCount:
    """How many confidential documents of a patient somebody may not see."""

    number: int
    urgent: int
    last_filed_at: datetime | None


class NotConfidential(Conflict):
    """Everybody who may open the patient's documents can open this one."""

    def __init__(self) -> None:
        super().__init__(
            "This document is not confidential, so nobody has to be named for it."
        )


def count_confidential(
    session: Session, actor: Actor, patient_id: UUID
) -> ConfidentialCount:
    """Count documents that the front desk knows of without seeing title or content.

    For other roles there are none: a document that a clinician or a patient may not
    open is not mentioned to them. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_DOCUMENTS)
    if actor.role is not Role.STAFF:
        return ConfidentialCount(0, 0, None)
    named = select(DocumentReader.document_id).where(DocumentReader.user_id == actor.id)
    with assume_role(session, "system"):
        row = session.execute(
            select(
                func.count(),
                func.count().filter(Document.urgent),
                func.max(Document.created_at),
            ).where(
                Document.patient_id == patient_id,
                Document.confidential,
                Document.deleted_at.is_(None),
                Document.created_by != actor.id,
                Document.id.not_in(named),
            )
        ).one()
    return ConfidentialCount(*row)


def list_candidates(session: Session, actor: Actor) -> tuple[Reader, ...]:
    """Return who at the front desk can be named, by name. Raises NotAllowed."""
    _require_naming(actor)
    # Not every role that names somebody may see the accounts of the front desk.
    with assume_role(session, "system"):
        rows = session.execute(
            select(User.id, User.name)
            .where(User.role == Role.STAFF.value, User.deactivated_at.is_(None))
            .order_by(by_name(User.name), User.id)
        )
    return tuple(Reader(*row) for row in rows)


def list_readers(
    session: Session, actor: Actor, document_id: UUID
) -> tuple[Reader, ...]:
    """Return who is named for the document, by name.

    Raises NoSuchDocument, NotAllowed.
    """
    _require_naming(actor)
    look_up(session, actor, document_id)
    with assume_role(session, "system"):
        rows = session.execute(
            select(User.id, User.name)
            .join(DocumentReader, DocumentReader.user_id == User.id)
            .where(DocumentReader.document_id == document_id)
            .order_by(by_name(User.name), User.id)
        )
    return tuple(Reader(*row) for row in rows)


def name_readers(
    session: Session,
    actor: Actor,
    document_id: UUID,
    user_ids: Collection[UUID],
    *,
    revision: int,
) -> DocumentRecord:
    """Name the only people of the front desk who may open the document.

    Whoever filed it can open it as well. The caller commits. Raises InvalidInput,
    NotConfidential, StaleRevision, NoSuchDocument, NotAllowed.
    """
    _require_naming(actor)
    document = look_up(session, actor, document_id)
    if not document.confidential:
        raise NotConfidential
    wanted = _known(session, actor, user_ids)
    before = {reader.id for reader in list_readers(session, actor, document_id)}
    if wanted == before:
        return document
    revise(
        session,
        actor,
        document,
        revision,
        {"updated_at": func.now()},
        Document.confidential.is_(True),
    )
    _write(session, actor, document_id, before, wanted)
    notifying.notify_readers(session, actor, document_id, wanted - before)
    notifying.withdraw_from_readers(session, document_id, before - wanted)
    with assume_role(session, "system"):
        after = look_up(session, actor, document_id)
    changed = {"readers": [sorted(before), sorted(wanted)]}
    audit.record(
        session,
        actor,
        Action.DOCUMENT_CHANGE,
        patient_id=after.patient_id,
        subject=("document", after.id),
        details=audit.document_change(after.latest, after.revision, changed),
    )
    return after


def _require_naming(actor: Actor) -> None:
    actor.require(Permission.FILE_DOCUMENTS)


def _known(session: Session, actor: Actor, user_ids: Collection[UUID]) -> set[UUID]:
    wanted = set(user_ids)
    there = {candidate.id for candidate in list_candidates(session, actor)}
    if len(wanted) > _MOST_NAMED or not wanted <= there:
        raise InvalidInput(
            "readers",
            Sentence(
                "Only people at the front desk can be named, {most} at most; "
                "clinicians who treat the patient can open the document anyway.",
                most=_MOST_NAMED,
            ),
        )
    return wanted


def _write(
    session: Session,
    actor: Actor,
    document_id: UUID,
    before: set[UUID],
    wanted: set[UUID],
) -> None:
    if added := wanted - before:
        named = [
            {"document_id": document_id, "user_id": user_id, "named_by": actor.id}
            for user_id in sorted(added)
        ]
        session.execute(insert(DocumentReader), named)
    session.execute(
        delete(DocumentReader).where(
            DocumentReader.document_id == document_id,
            DocumentReader.user_id.in_(before - wanted),
        )
    )
