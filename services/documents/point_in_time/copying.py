"""Bringing an earlier document back into today; sessions write to the primary."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from services.core import reasons
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict
from services.documents import records
from services.documents.point_in_time.comparing import (
    DocumentChange,
    DocumentComparison,
    compare_today,
)
from services.documents.point_in_time.definitions import NOTHING_DEFINED, Definitions
from services.documents.records.drafts import (
    ChangedDocument,
    DraftDocument,
    StoredContent,
)
from services.documents.records.errors import NoSuchVersion, StaleRevision
from services.documents.records.model import DocumentRecord


class DocumentUnchanged(Conflict):
    """The document is the same today as it was then."""

    def __init__(self) -> None:
        super().__init__("Nothing to bring back: it is the same today.")


@dataclass(frozen=True, slots=True)
class DocumentCopy:
    """The document to bring back, as of when, and why.

    `revision` is that of today's document as it was seen; None if there was none.
    `content` is the earlier file, stored again, where today's clinic no longer has it;
    `of_then` has the tags and fields that the clinic had then.
    """

    then: DocumentRecord
    revision: int | None
    as_of: datetime | None
    reason: str
    content: StoredContent | None = None
    of_then: Definitions = NOTHING_DEFINED


def needs_content(compared: DocumentComparison) -> bool:
    """Return whether the earlier file must be stored again to bring it back."""
    is_replaced = compared.change is DocumentChange.REPLACED
    return compared.change is DocumentChange.GONE or (
        is_replaced and compared.kept_as is None
    )


def bring_back(session: Session, actor: Actor, copy: DocumentCopy) -> DocumentRecord:
    """Make a document what it was, and keep what came since; the caller commits.

    A document that is gone is filed again under its id, one in the trash is restored,
    one that was moved belongs to its patient again, and a file that was replaced
    becomes the next version. Unless a restore or a new version is enough, title, tags
    and fields come back too, tags and fields as far as the clinic still has them.
    Raises InvalidInput, DocumentUnchanged, StaleRevision, NoSuchDocument for what was
    purged, PatientArchived, NotAllowed.
    """
    actor.require(Permission.COPY_BACK, copy.then.patient_id)
    reason = reasons.read(copy.reason)
    compared = _compare(session, actor, copy)
    brought = _bring(session, actor, copy, compared)
    records.record_event(
        session,
        actor,
        Action.POINT_IN_TIME_COPY_DOCUMENT,
        brought,
        reason=reason,
        as_of=copy.as_of and copy.as_of.isoformat(),
        was=compared.change.value,
    )
    return brought


def _compare(session: Session, actor: Actor, copy: DocumentCopy) -> DocumentComparison:
    shown = compare_today(session, actor, [copy.then], copy.of_then)
    if not shown:
        # It raises NoSuchDocument, as for somebody who may not know of the document.
        records.look_up(session, actor, copy.then.id)
    (compared,) = shown
    today = compared.today
    if today is not None and today.revision != copy.revision:
        raise StaleRevision(today)
    if compared.change is DocumentChange.SAME:
        raise DocumentUnchanged
    return compared


def _bring(
    session: Session, actor: Actor, copy: DocumentCopy, compared: DocumentComparison
) -> DocumentRecord:
    then, revision = copy.then, copy.revision
    if compared.today is None or revision is None:
        filed = records.file(session, actor, _draft_of(then), _content_of(copy))
        if compared.own.are_of(filed):
            return filed
        return _describe(session, actor, filed, compared)
    match compared.change:
        case DocumentChange.DELETED:
            return records.restore(session, actor, then.id, revision=revision)
        case DocumentChange.REPLACED if (number := compared.kept_as) is not None:
            return records.restore_version(
                session, actor, then.id, number, revision=revision
            )
        case DocumentChange.REPLACED:
            content = _content_of(copy)
            return records.add_version(
                session, actor, then.id, content, revision=revision
            )
        case _:
            return _describe(session, actor, compared.today, compared)


def _describe(
    session: Session,
    actor: Actor,
    current: DocumentRecord,
    compared: DocumentComparison,
) -> DocumentRecord:
    """Restore a document's description, with its tags and fields."""
    # It may have been filed before a field was required.
    return records.change(
        session,
        actor,
        current.id,
        _described(current, compared),
        revision=current.revision,
        may_lack_fields=True,
    )


def _content_of(copy: DocumentCopy) -> StoredContent:
    if copy.content is None:
        raise NoSuchVersion(copy.then.version.number)
    return copy.content


def _draft_of(then: DocumentRecord) -> DraftDocument:
    return DraftDocument(
        title=then.title,
        document_type=then.document_type,
        classification=then.classification,
        description=then.description,
        metadata=then.metadata,
        patient_id=then.patient_id,
        id=then.id,
        dated_on=then.dated_on,
        urgent=then.urgent,
        confidential=then.confidential,
        withheld=then.withheld,
    )


def _described(today: DocumentRecord, compared: DocumentComparison) -> ChangedDocument:
    """Return today's facts, with the compared ones as they were then."""
    then = compared.then
    return replace(
        ChangedDocument.of(today),
        tags=compared.own.tags,
        fields=compared.own.fields or {},
        title=then.title,
        document_type=then.document_type,
        classification=then.classification,
        description=then.description,
        patient_id=then.patient_id,
        dated_on=then.dated_on,
        confidential=then.confidential,
        withheld=then.withheld,
    )
