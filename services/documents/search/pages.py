"""One page of a list of documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.core.audit import Action
from services.documents.search import passages
from services.documents.search.listed import DOCUMENTS, JOINED, LISTED, WHOLE, unwrapped
from services.documents.search.queries import (
    Build,
    DocumentListQuery,
    DocumentListShape,
    DocumentSearch,
    belongs,
    prepare,
)
from services.documents.search.records import FoundDocument, found_of
from services.documents.search.spelling import Spelling, spellings
from services.documents.search.typed import ParsedSearch
from services.lists.criteria import Criteria
from services.lists.criteria.paging import Key, behind, order_by
from services.lists.pages import (
    Page,
    PageEnd,
    cut,
    offset_of,
    part_of,
    require_row,
    require_size,
)
from services.lists.recording import record
from services.lists.statements import MOST, OFFSET, compiled, run


@dataclass(frozen=True)
class DocumentPage(Page[FoundDocument]):
    """Some documents of a list, and what was taken for words that stand nowhere."""

    spelled: tuple[Spelling, ...] = ()


Row = tuple[Any, ...]


def list_documents(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    size: int = 20,
    after: UUID | None = None,
    before: UUID | None = None,
    last: bool = False,
    now: datetime | None = None,
) -> DocumentPage:
    """Return the page behind or before a document, or the list's first or last page.

    The newest come first, of deleted ones (`criteria.archived`) those deleted last.
    Raises InvalidInput, NotAllowed, Unavailable. A page deep in the list costs what
    the first one does.
    """
    require_size(size)
    part, cursor = part_of(after, before, last=last)
    asked = prepare(session, actor, criteria, now)
    given = {"most": size + 1, "cursor": cursor}
    rows, search = _find(session, asked, _PAGES[part], given)
    if not rows:
        require_row(session, DOCUMENTS.c.id, cursor)
    page = cut(rows, size, part, found_of)
    found = _with_passages(session, page.rows, asked, search)
    record_page(session, actor, criteria, found)
    return DocumentPage(found, page.next, page.previous, spellings(search))


def list_numbered(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    page: int,
    per_page: int,
    now: datetime | None = None,
) -> tuple[FoundDocument, ...]:
    """Return a page by its number, counted from 1.

    Raises InvalidInput, NotAllowed, Unavailable. All rows before the page are read
    to be skipped, so the numbers are bounded.
    """
    offset = offset_of(page, per_page, "documents")
    asked = prepare(session, actor, criteria, now)
    given = {"most": per_page, "offset": offset}
    rows, search = _find(session, asked, _numbered, given)
    found = _with_passages(session, tuple(map(found_of, rows)), asked, search)
    record_page(session, actor, criteria, found)
    return found


def _find(
    session: Session,
    asked: DocumentListQuery,
    build: Build,
    given: Mapping[str, object],
) -> tuple[Sequence[Row], ParsedSearch]:
    """Return the rows, and the search that found them: as typed, or put right.

    Whether a word was misspelt is only asked when nothing is found; a word that stands
    in no document lets nothing be found.
    """
    statement = asked.text(build)
    find = partial(run, session, statement, settings=asked.settings)
    rows = find({**asked.parameters, **given})
    if rows or not (corrected := asked.corrected(session)):
        return rows, asked.search
    return find({**corrected.parameters, **given}), corrected.search


def _with_passages(
    session: Session,
    found: tuple[FoundDocument, ...],
    asked: DocumentListQuery,
    search: ParsedSearch,
) -> tuple[FoundDocument, ...]:
    if not found or asked.shape.search is not DocumentSearch.WORDS:
        return found
    return passages.with_passages(session, found, search)


def record_page(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    shown: Sequence[FoundDocument],
) -> None:
    """Write down which documents of a list somebody was shown."""
    action = Action.DOCUMENT_LIST
    record(session, actor, action, criteria, shown=shown, called="documents")


def _page(part: PageEnd, shape: DocumentListShape) -> str:
    keys = part.read_by(shape.keys)
    statement = _rows(shape, keys)
    if part.has_cursor:
        cursor = bindparam("cursor", type_=LISTED.c.id.type)
        statement = statement.where(_here(shape, behind(shape.table, keys, cursor)))
    return compiled(_whole(shape, statement.limit(MOST), keys))


_PAGES: Final[dict[PageEnd, Build]] = {
    part: lru_cache(maxsize=256)(partial(_page, part)) for part in PageEnd
}


@lru_cache(maxsize=256)
def _numbered(shape: DocumentListShape) -> str:
    rows = _rows(shape, shape.keys).limit(MOST).offset(OFFSET)
    return compiled(_whole(shape, rows, shape.keys))


def _rows(shape: DocumentListShape, keys: Sequence[Key]) -> Select[Any]:
    """Select a list's rows; of a search only what they are sorted by.

    Whatever is common is found by the ten thousand: whole rows are fetched for one
    page of them, and not carried through the sorting of all.
    """
    table = shape.table
    if table is LISTED:
        rows = select(*map(unwrapped, WHOLE)).select_from(JOINED)
        rows = rows.where(unwrapped(LISTED.c.version_id.is_not(None)))
    else:
        rows = select(*(table.c[key.column] for key in shape.keys))
    order = (_here(shape, column) for column in order_by(table, keys))
    return rows.where(_here(shape, belongs(shape))).order_by(*order)


def _here(shape: DocumentListShape, clause: ColumnElement[Any]) -> ColumnElement[Any]:
    return unwrapped(clause) if shape.table is LISTED else clause


def _whole(
    shape: DocumentListShape, page: Select[Any], keys: Sequence[Key]
) -> Select[Any]:
    if shape.table is LISTED:
        return page
    found = page.subquery("of_page")
    whole = select(*WHOLE).join(found, found.c.id == LISTED.c.id)
    return whole.order_by(*order_by(found, keys))
