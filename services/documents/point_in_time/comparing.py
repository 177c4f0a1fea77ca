"""Earlier documents compared with today's; sessions read from the live clinic."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentVersion
from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.documents.point_in_time.definitions import (
    NOTHING_DEFINED,
    Definitions,
    OwnFacts,
    own_facts,
    read_definitions,
)
from services.documents.records.model import QUARANTINED, DocumentRecord
from services.documents.records.rows.documents import record_of, records
from services.documents.records.visibility import is_visible_to, require_view

# What somebody sees of a document apart from its file.
_FACTS: Final = (
    *("title", "document_type", "classification", "description", "dated_on"),
    *("confidential", "withheld"),
)


class DocumentChange(StrEnum):
    """What has become of a document since then."""

    SAME = "same"
    DESCRIBED = "described anew"
    REPLACED = "replaced"
    MOVED = "moved"
    DELETED = "deleted"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class DocumentComparison:
    """A document as of then, and as it is today unless it is gone.

    `kept_as` is the number of the version that has the earlier file, if one still does.
    `own` has the tags and fields to restore.
    """

    then: DocumentRecord
    today: DocumentRecord | None
    kept_as: int | None
    own: OwnFacts

    @property
    def change(self) -> DocumentChange:
        """What has become of it; of several changes, the most serious."""
        then, today = self.then, self.today
        if today is None:
            return DocumentChange.GONE
        if today.is_deleted:
            return DocumentChange.DELETED
        if today.patient_id != then.patient_id:
            return DocumentChange.MOVED
        if today.version.sha256 != then.version.sha256:
            return DocumentChange.REPLACED
        is_described = any(
            getattr(today, name) != getattr(then, name) for name in _FACTS
        )
        if is_described or not self.own.are_of(today):
            return DocumentChange.DESCRIBED
        return DocumentChange.SAME


def compare_today(
    session: Session,
    actor: Actor,
    documents: Sequence[DocumentRecord],
    of_then: Definitions = NOTHING_DEFINED,
) -> tuple[DocumentComparison, ...]:
    """Return earlier documents beside today's, in their order.

    `of_then` has the tags and fields that the clinic had. Documents that were purged
    since, or that the actor may not see today, are left out. Raises NotAllowed.
    """
    actor.require(Permission.COPY_BACK)
    require_view(actor)
    is_one = Document.id.in_([each.id for each in documents])
    rows = session.execute(records().where(is_one, is_visible_to(actor)))
    today = {each.id: each for each in map(record_of, rows)}
    # A document hidden from the actor, or a tombstone, must not be taken for gone.
    with assume_role(session, "system"):
        there = set(session.scalars(select(Document.id).where(is_one)))
    kept, of_today = _numbers_of(session, documents), read_definitions(session)
    return tuple(
        DocumentComparison(
            each,
            today.get(each.id),
            kept.get((each.id, each.version.sha256)),
            own_facts(each, today.get(each.id), of_then, of_today),
        )
        for each in documents
        if each.id in today or each.id not in there
    )


def _numbers_of(
    session: Session, documents: Sequence[DocumentRecord]
) -> dict[tuple[UUID, str], int]:
    """Return the numbers of today's versions that can be opened, by their content."""
    of_them = DocumentVersion.document_id.in_([each.id for each in documents])
    rows = session.execute(
        select(
            DocumentVersion.document_id, DocumentVersion.sha256, DocumentVersion.number
        )
        .where(of_them, DocumentVersion.file_id.is_not(None))
        .where(DocumentVersion.damaged_at.is_(None))
        .where(DocumentVersion.scan.not_in(QUARANTINED))
        .order_by(DocumentVersion.number)
    )
    return {(each, bytes(sha256).hex()): number for each, sha256, number in rows}
