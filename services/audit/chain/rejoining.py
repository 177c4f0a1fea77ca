"""Rows that went back in time, and the log that did not: the head is put at its end.

The log is never set back with the rows. So their head, which says how far it goes, has
to move on to where it ends, and what is in it already must not be added once more.
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
from services.core.sentences import Sentence

# How many entries are looked at to tell that one is not ours.
_FEW: Final = 2


def walk_after_head(session: Session, store: AuditStore) -> Iterator[Document]:
    """Yield what the log has after the rows' head, link by link.

    Raises ChainBroken where the log does not go on from it, and AuditStoreUnavailable.
    """
    link = read_head(session)
    if link != START:
        _require_entry(link, store)
    for document in store.walk_after(link.sequence):
        link = follow(link, document)
        yield document


def rejoin(
    session: Session, end: Link, events: Collection[UUID], keys: SealKeys
) -> None:
    """Put the head at the log's end, under a seal; the caller commits.

    `events` are those that the log has: they wait no more.
    """
    session.execute(delete(AuditEvent).where(AuditEvent.id.in_(list(events))))
    moved = {"sequence": end.sequence, "hash": end.hash, "updated_at": func.now()}
    session.execute(update(AuditHead).values(moved))
    seals.add(session, end, keys)


def find_break(session: Session, store: AuditStore) -> ChainBroken | None:
    """Return why nothing can be added to the log, if nothing can; ask the primary.

    Looks at the two entries at the head alone. Raises AuditStoreUnavailable.
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
        is_ours = shipping.belongs(document, waiting.get(document["event"]))
        # It may have been taken note of meanwhile.
        if not is_ours and read_head(session) == head:
            return shipping.not_ours(document["_id"])
    return None


def read_head(session: Session) -> Link:
    """Return how far the log goes, as the rows say."""
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
    for document in store.list_after(link.sequence - 1, limit=1):
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
