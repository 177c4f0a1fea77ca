"""Ships waiting events into the log, each exactly once, whatever dies meanwhile.

PostgreSQL and MongoDB share no transaction. Entries are added to the log first; then
one transaction removes their events and moves the head on. If that transaction is lost,
the next call finds the entries beyond the head, sees that they are those of the waiting
events, and catches up: so the log never gets an event twice, and no event is removed
before it is in the log.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Float,
    Row,
    Uuid,
    any_,
    cast,
    delete,
    exists,
    extract,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent, AuditHead, AuditSeal
from db.mongo.audit_store import AuditStore, Document
from services.audit.chain.entries import (
    START,
    WAITING,
    ChainBroken,
    Link,
    chain,
    entry,
    follow,
)
from services.core.sentences import Sentence

BATCH = 1_000


def is_waiting(session: Session) -> bool:
    """Return whether there is anything to ship."""
    return bool(session.scalar(select(exists(select(AuditEvent.id)))))


def waiting_seconds(session: Session) -> float:
    """Return for how long the oldest waiting event has waited; 0 if none waits."""
    first = select(AuditEvent.at).order_by(AuditEvent.position).limit(1)
    age = func.clock_timestamp() - first.scalar_subquery()
    return session.scalar(select(cast(extract("epoch", age), Float))) or 0.0


def ship(session: Session, store: AuditStore, *, at_most: int = BATCH) -> int:
    """Ship the next events into the log and return how many; the caller commits.

    It may be called again after any failure, even one of COMMIT. Nothing is done while
    another transaction ships. Raises ChainBroken if somebody else has written to the
    log, or if it lacks the entry at the head, and AuditStoreUnavailable.
    """
    head = _take_head(session)
    if head is None:
        return 0
    documents = _beyond(session, head, store, at_most)
    end = _adopt(session, head, documents)
    if not documents:
        rows = session.execute(WAITING.limit(at_most)).all()
        documents, end = chain(head, rows, datetime.now(UTC))
        if documents:
            store.append(documents)
    if documents:
        _settle(session, documents, end)
    return len(documents)


def without_event(sequence: int) -> ChainBroken:
    """Return the finding that an entry was made from no event."""
    return ChainBroken(
        sequence,
        Sentence("Entry {number} was not written by Chartroom.", number=sequence),
    )


def is_entry_of(document: Document, row: Row[Any] | None) -> bool:
    """Return whether an entry is what its waiting event becomes."""
    if row is None:
        return False
    before = Link(document["_id"] - 1, bytes.fromhex(document["previous"]))
    expected = entry(before, row, document["shipped_at"])
    return expected == {n: value for n, value in document.items() if n != "hash"}


def waiting_events(
    session: Session, documents: Sequence[Document]
) -> dict[str, Row[Any]]:
    """Return the events of these entries that still wait, by id."""
    rows = session.execute(WAITING.where(_is_one_of(documents)))
    return {row.event: row for row in rows}


def _take_head(session: Session) -> Link | None:
    """Lock and return the end of the chain; None if another transaction holds it."""
    query = select(AuditHead.sequence, AuditHead.hash)
    head = session.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if head is not None:
        return Link(head.sequence, head.hash)
    if session.execute(query).one_or_none() is None:
        raise ChainBroken(0, "The head of the audit log is gone from PostgreSQL.")
    return None


def _beyond(
    session: Session, head: Link, store: AuditStore, at_most: int
) -> list[Document]:
    """Return the entries after the head; raises ChainBroken if its own is not there.

    Then the log is another one than it was, such as that of a MongoDB whose disk is not
    mounted: what was added there would be in no log once the disk is back. A site that
    was promoted without any of the log seals that it begins after the head.
    """
    if head == START:
        return store.list_after(head.sequence, limit=at_most)
    documents = store.list_after(head.sequence - 1, limit=at_most + 1)
    is_there = bool(documents) and documents[0]["_id"] == head.sequence
    if not is_there and _is_sealed(session, head):
        return documents
    require_entry(head, documents)
    return documents[1:]


def _is_sealed(session: Session, head: Link) -> bool:
    """Return whether the newest seal is at the head itself."""
    newest = select(AuditSeal.sequence, AuditSeal.hash).order_by(AuditSeal.id.desc())
    seal = session.execute(newest.limit(1)).one_or_none()
    return seal is not None and Link(seal.sequence, seal.hash) == head


def require_entry(link: Link, documents: Sequence[Document]) -> None:
    """Raise ChainBroken unless the first of these entries is the one of a link."""
    for document in documents[:1]:
        if document["_id"] == link.sequence:
            if document.get("hash") != link.hash.hex():
                raise ChainBroken(
                    link.sequence,
                    Sentence(
                        "Entry {number} is another one than it was.",
                        number=link.sequence,
                    ),
                )
            return
    raise ChainBroken(
        link.sequence, Sentence("Entry {number} is missing.", number=link.sequence)
    )


def _adopt(session: Session, head: Link, documents: Sequence[Document]) -> Link:
    """Return the end of the entries beyond the head; all of them have to be ours."""
    waiting = waiting_events(session, documents) if documents else {}
    for document in documents:
        head = follow(head, document)
        if not is_entry_of(document, waiting.get(document["event"])):
            raise without_event(head.sequence)
    return head


def _settle(session: Session, documents: Sequence[Document], end: Link) -> None:
    session.execute(delete(AuditEvent).where(_is_one_of(documents)))
    moved = {"sequence": end.sequence, "hash": end.hash, "updated_at": func.now()}
    session.execute(update(AuditHead).values(moved))


def _is_one_of(documents: Sequence[Document]) -> ColumnElement[bool]:
    ids = [_event_id(document) for document in documents]
    return AuditEvent.id == any_(literal(ids, ARRAY(Uuid)))


def _event_id(document: Document) -> UUID | None:
    # An entry written by somebody else may contain anything here.
    try:
        return UUID(document["event"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
