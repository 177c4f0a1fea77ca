"""Who did what with a document, for whoever may see it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.mongo.audit_store import AuditCursor, AuditEntry, AuditFilter, AuditStore
from db.postgres import assume_role
from services.audit.log import descriptions
from services.audit.log.accesses import RecordAccess, disclosed_actor
from services.audit.log.reading import find, names_of
from services.core import audit
from services.core.actors import Actor
from services.core.audit import Action
from services.core.sentences import Sentence
from services.documents import records

PAGE_SIZE: Final = 200
_SUBJECT: Final = "document"
_BY_LINK: Final = Sentence("Somebody with a link")
# An open page asks again and again, and the pages of a document are fetched one by one:
# what belongs together is shown once.
_REPEATED: Final = frozenset(
    {
        Action.DOCUMENT_READ,
        Action.DOCUMENT_VIEW,
        Action.DOCUMENT_PRINT,
        Action.DOCUMENT_COMPARE,
    }
)
_TOGETHER: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class DocumentAccesses:
    """What was done with a document, the newest first, and where older ones follow."""

    accesses: tuple[RecordAccess, ...]
    next: AuditCursor | None


def list_document_accesses(
    session: Session,
    store: AuditStore,
    actor: Actor,
    document_id: UUID,
    *,
    after: AuditCursor | None = None,
) -> DocumentAccesses:
    """Return who did what with a document, for whoever sees the document.

    Looks of one person within half an hour are one access. Raises NoSuchDocument,
    NotAllowed, Unavailable.
    """
    records.look_up(session, actor, document_id, even_deleted=True)
    details = {"of": f"{_SUBJECT} {document_id}"}
    audit.record(session, actor, Action.AUDIT_READ, details=details)
    wanted = AuditFilter(subject_kind=_SUBJECT, subject_id=str(document_id))
    entries = find(store, wanted, after, PAGE_SIZE)
    # Not every role sees the names of colleagues.
    with assume_role(session, "system"):
        names = names_of(session, {entry.actor_id for entry in entries})
    goes_on = len(entries) == PAGE_SIZE
    return DocumentAccesses(
        tuple(_access(group, actor, names) for group in _grouped(entries)),
        entries[-1].cursor if goes_on else None,
    )


@dataclass(slots=True)
class _GroupedAccess:
    """An entry, or several that together are one look at a document."""

    newest: AuditEntry
    oldest: AuditEntry
    pages: set[int] = field(default_factory=set)

    def takes(self, entry: AuditEntry) -> bool:
        """Return whether an older entry is part of this look, and add it if so."""
        if self.oldest.at - entry.at > _TOGETHER:
            return False
        self.oldest = entry
        self.add_page(entry)
        return True

    def add_page(self, entry: AuditEntry) -> None:
        """Remember the page that an entry names."""
        if isinstance(page := entry.details.get("page"), int):
            self.pages.add(page)


def _grouped(entries: Iterable[AuditEntry]) -> list[_GroupedAccess]:
    groups: list[_GroupedAccess] = []
    latest: dict[tuple[object, ...], _GroupedAccess] = {}
    for entry in entries:
        what = (
            entry.actor_id,
            entry.action,
            entry.outcome,
            entry.details.get("version"),
            entry.details.get("app"),
        )
        before = latest.get(what) if entry.action in _REPEATED else None
        if before is None or not before.takes(entry):
            group = latest[what] = _GroupedAccess(entry, entry)
            group.add_page(entry)
            groups.append(group)
    return groups


def _access(
    group: _GroupedAccess, actor: Actor, names: Mapping[UUID, str]
) -> RecordAccess:
    entry = group.newest
    is_stranger = entry.action == Action.SHARE_OPEN
    return RecordAccess(
        sequence=entry.sequence,
        at=entry.at,
        who=_BY_LINK if is_stranger else disclosed_actor(entry, actor, names),
        what=Sentence(
            "{what}{pages}",
            what=descriptions.describe_document_event(entry.action, entry.details),
            pages=_pages(group.pages),
        ),
        is_refused=entry.outcome != "done",
        cursor=entry.cursor,
    )


def _pages(pages: set[int]) -> str:
    if not pages:
        return ""
    first, last = min(pages), max(pages)
    if first == last:
        return Sentence(", page {page}", page=first)
    if last - first + 1 == len(pages):
        return Sentence(", pages {first} to {last}", first=first, last=last)
    return Sentence(", {count} of its pages", count=len(pages))
