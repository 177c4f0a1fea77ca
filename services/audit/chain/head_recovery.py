"""Moves the head to the end of the log after rows, but not the log, went back in time.

The log is never set back with the rows. So the rows' head, which says how far the log
goes, has to move on to its end, and events that are in it already must not be added
again.
"""

from collections.abc import Collection, Iterator
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.files.seal_keys import SealKeys
from db.models.audit import AuditEvent, AuditHead
from db.mongo.audit_store import AuditStore, Document
from services.audit.chain import seals, shipping
from services.audit.chain.entries import START, ChainBroken, Link, follow

# How many entries are read to find out that one is not ours.
_FEW: Final = 2


def walk_after_head(session: Session, store: AuditStore) -> Iterator[Document]:
    """Yield the entries of the log after the rows' head, link by link.

    Raises ChainBroken if the log does not continue from there, and
    AuditStoreUnavailable.
    """
    link = read_head(session)
    if link != START:
        _require_entry(link, store)
    for document in store.walk_after(link.sequence):
        link = follow(link, document)
        yield document


def move_head_to_end(
    session: Session, end: Link, events: Collection[UUID], keys: SealKeys
) -> None:
    """Put the head at the log's end, under a seal; the caller commits.

    `events` are those that the log has: they no longer wait.
    """
    session.execute(delete(AuditEvent).where(AuditEvent.id.in_(list(events))))
    moved = {"sequence": end.sequence, "hash": end.hash, "updated_at": func.now()}
    session.execute(update(AuditHead).values(moved))
    seals.add(session, end, keys)


def find_break(session: Session, store: AuditStore) -> ChainBroken | None:
    """Return why nothing can be added to the log, if so; reads from the primary.

    Only the two entries at the head are examined. Raises AuditStoreUnavailable.
    """
    head = read_head(session)
    documents = store.list_after(max(0, head.sequence - 1), limit=_FEW)
    try:
        if head != START:
            _require_entry(head, store)
        beyond = [each for each in documents if _number(each, head) > head.sequence]
    except ChainBroken as broken:
        return broken
    waiting = shipping.waiting_events(session, beyond) if beyond else {}
    for document in beyond:
        is_ours = shipping.is_entry_of(document, waiting.get(document["event"]))
        # A shipment may have moved the head past it meanwhile.
        if not is_ours and read_head(session) == head:
            return shipping.without_event(document["_id"])
    return None


def read_head(session: Session) -> Link:
    """Return how far the log goes according to the rows."""
    row = session.execute(select(AuditHead.sequence, AuditHead.hash)).one_or_none()
    return Link(row.sequence, row.hash) if row else START


def _number(document: Document, head: Link) -> int:
    number = document["_id"]
    if not isinstance(number, int):
        raise ChainBroken(
            head.sequence + 1, "Something else than an entry is in the log."
        )
    return number


def _require_entry(link: Link, store: AuditStore) -> None:
    shipping.require_entry(link, store.list_after(link.sequence - 1, limit=1))
