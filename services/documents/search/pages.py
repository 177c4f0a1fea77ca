"""Lists of documents, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.core.actors import Actor, Role
from services.core.audit import Action
from services.documents import tags
from services.documents.search import fields, parsing, passages, spelling
from services.documents.search.parsing import ParsedSearch
from services.documents.search.queries import (
    DocumentListShape,
    DocumentSearch,
    shape_of,
)
from services.documents.search.records import ListedDocument
from services.documents.search.spelling import Spelling
from services.lists.criteria import Criteria
from services.lists.pages import (
    USUAL_SIZE,
    Page,
    PagePosition,
    Place,
    peek,
    read_page,
)
from services.lists.queries import ListDefinition, ListQuery
from services.lists.recording import record

_QUICK_MILLISECONDS: Final = 300
_QUICK_SIZE: Final = 5


@dataclass(frozen=True)
class DocumentPage(Page[ListedDocument]):
    """A page of a list, and the corrections of words that no document has."""

    spelled: tuple[Spelling, ...] = ()


def _correct(
    session: Session, shape: DocumentListShape, search: ParsedSearch
) -> ParsedSearch:
    if shape.search is not DocumentSearch.WORDS or shape.archived:
        return search
    return spelling.correct(session, search)


def _page_of(
    session: Session, page: Page[ListedDocument], query: ListQuery[bool, ParsedSearch]
) -> DocumentPage:
    rows = page.rows
    if rows and query.shape.search is DocumentSearch.WORDS:
        rows = passages.with_passages(session, rows, query.search)
    spelled = spelling.spellings(query.search)
    return DocumentPage(
        rows,
        page.next,
        page.previous,
        place=page.place,
        is_whole=page.is_whole,
        spelled=spelled,
    )


DOCUMENT_LISTS: Final = ListDefinition(
    subject=fields.DOCUMENTS,
    shown=Action.DOCUMENT_LIST,
    counted=Action.DOCUMENT_COUNT,
    scope_of=lambda actor: actor.role is Role.PATIENT,
    shape_of=shape_of,
    read_search=parsing.parse,
    fold_search=lambda session, search, _: parsing.split(session, search),
    correct_search=_correct,
    spell_out=tags.spell_out,
    page_of=_page_of,
)


def list_documents(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    size: int = USUAL_SIZE,
    after: UUID | None = None,
    before: UUID | None = None,
    last: bool = False,
    place: Place | None = None,
    is_placed: bool = False,
    now: datetime | None = None,
) -> DocumentPage:
    """Return the page after or before a document, or the list's first or last page.

    A page that `is_placed` also has where the next one begins; passed as its `place`,
    that holds whatever changes meanwhile. The newest come first; of deleted ones
    (`criteria.archived`) those deleted last. Raises InvalidInput, NotAllowed,
    Unavailable. A page deep in the list costs as much as the first one.
    """
    at = PagePosition(size, after, before, last, place=place, is_placed=is_placed)
    return read_page(session, actor, DOCUMENT_LISTS, criteria, at, now=now)


def find_quickly(
    session: Session, actor: Actor, typed: str
) -> tuple[ListedDocument, ...]:
    """Return the best matches for what somebody is typing, without passages.

    Returns none if that takes too long. What was shown is recorded, but not what was
    typed. Raises InvalidInput, NotAllowed.
    """
    shown: tuple[ListedDocument, ...] = peek(
        session,
        actor,
        DOCUMENT_LISTS,
        typed,
        size=_QUICK_SIZE,
        milliseconds=_QUICK_MILLISECONDS,
    )
    if shown:
        record_page(session, actor, Criteria(), shown)
    return shown


def list_numbered(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    page: int,
    per_page: int,
    now: datetime | None = None,
) -> tuple[ListedDocument, ...]:
    """Return a page by its number, counted from 1.

    Raises InvalidInput, NotAllowed, Unavailable. All rows before the page are read and
    skipped, so the numbers are bounded.
    """
    at = PagePosition(per_page, number=page)
    return read_page(session, actor, DOCUMENT_LISTS, criteria, at, now=now).rows


def record_page(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    shown: Sequence[ListedDocument],
) -> None:
    """Record which documents of a list somebody was shown."""
    action = Action.DOCUMENT_LIST
    record(session, actor, action, criteria, shown=shown, called="documents")
