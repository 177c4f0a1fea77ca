"""Lists of documents as SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.util import ClauseAdapter

from services.documents.search.listed import (
    JOINED,
    LISTED,
    MATCHES,
    MAY_BE_EMPTY,
    PAIRS,
    QUERY,
    SEARCHED,
    SORTED_BY,
    TARGETS,
    WHOLE,
    unwrapped,
)
from services.documents.search.records import ListedDocument, document_of
from services.documents.search.typed import ParsedSearch
from services.lists.criteria import Criteria, Direction, Order
from services.lists.criteria.paging import Key, ending_in_id, order_by
from services.lists.criteria.shape import Branch
from services.lists.criteria.sql import condition
from services.lists.queries import ListShape
from services.lists.statements import MOST

_NEWEST: Final = (Order("created_at", Direction.DESC),)
_LAST_DELETED: Final = (Order("deleted_at", Direction.DESC),)


# What it costs to unpack the words of a row is not known to the planner, which would
# rather read all of them than ask the index for a common word: one after the other, or
# in the order of their documents to leave out confidential ones by merging. The rest
# would take longer to begin than a search takes.
_BY_INDEX: Final = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off; "
    "SET LOCAL jit = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0; "
)
# For the same reason to walk along the primary key looks cheaper than the bitmap of a
# common word, the more so where counting stops at ten thousand. An index of words is
# only ever read as a bitmap, and what else a search without filters needs may be.
_BY_BITMAP: Final = _BY_INDEX + "SET LOCAL enable_indexscan = off; "
_BEST: Final = tuple(
    Key(column, Direction.DESC) for column in ("rank", "created_at", "id")
)


class DocumentSearch(Enum):
    """What a list's search box asks for; HOPELESS is nothing that could be found."""

    NOTHING = auto()
    WORDS = auto()
    DOCUMENT = auto()
    HOPELESS = auto()


@dataclass(frozen=True, slots=True)
class DocumentListShape(ListShape[bool, DocumentSearch]):
    """Everything about a list's SQL but the values.

    The scope is whether it is a patient's list of their own documents.
    """

    has_pairs: bool

    @property
    def table(self) -> FromClause:
        """Where the list is looked for: in as few tables as will do."""
        if self.search is not DocumentSearch.WORDS or self.archived:
            return LISTED
        is_bare = self.keys == _BEST and not (self.scope or self.where.members)
        return SEARCHED if is_bare else MATCHES

    @property
    def settings(self) -> str:
        """How the planner is to be set for the list's statements."""
        if self.search is not DocumentSearch.WORDS:
            return ""
        return _BY_BITMAP if self.table is SEARCHED else _BY_INDEX

    @property
    def is_planned_once(self) -> bool:
        """Whether all that a page of the list is told is where it begins."""
        return self.search is DocumentSearch.NOTHING and not self.where.members

    def belongs(self) -> ColumnElement[bool]:
        """Return the condition for the documents on the list, of its table."""
        if self.table is SEARCHED:
            return _meets_search(self)
        listed = and_(_is_there(self), condition(self.where, TARGETS))
        match self.search:
            case DocumentSearch.NOTHING:
                return listed
            case DocumentSearch.HOPELESS:
                return false()
            case DocumentSearch.DOCUMENT:
                wanted = bindparam("document", type_=LISTED.c.id.type)
                return and_(listed, LISTED.c.id == wanted)
            case DocumentSearch.WORDS if self.archived:
                return and_(listed, _kept_words().bool_op("@@")(QUERY))
            case DocumentSearch.WORDS:
                adapted: ColumnElement[bool] = ClauseAdapter(MATCHES).traverse(listed)
                return and_(adapted, _meets_search(self))

    def page(
        self,
        keys: Sequence[Key],
        *where: ColumnElement[bool],
        offset: BindParameter[int] | None = None,
    ) -> Select[Any]:
        """Select the first MOST rows by the keys, of those that meet also `where`.

        Whatever is common is found by the ten thousand: of a search, whole rows are
        fetched for one page of them, and not carried through the sorting of all.
        """
        conditions, order = (self.belongs(), *where), order_by(self.table, keys)
        if self.table is LISTED:
            conditions = (LISTED.c.version_id.is_not(None), *conditions)
            rows = select(*map(unwrapped, WHOLE)).select_from(JOINED)
            rows = rows.where(*map(unwrapped, conditions))
            rows = rows.order_by(*map(unwrapped, order))
            return rows.limit(MOST).offset(offset)
        rows = select(*(self.table.c[key.column] for key in self.keys))
        rows = rows.where(*conditions).order_by(*order).limit(MOST).offset(offset)
        page = rows.subquery("of_page")
        whole = select(*WHOLE).join(page, page.c.id == LISTED.c.id)
        return whole.order_by(*order_by(page, keys))

    @property
    def record_of(self) -> Callable[[Sequence[Any]], ListedDocument]:
        """What makes of a page's row what is shown of it."""
        return document_of


def _meets_search(shape: DocumentListShape) -> ColumnElement[bool]:
    columns = shape.table.c
    words: ColumnElement[bool] = columns.words.bool_op("@@")(QUERY)
    return and_(columns.pairs.bool_op("@>")(PAIRS), words) if shape.has_pairs else words


def _kept_words() -> ColumnElement[Any]:
    # What was deleted is not in the index; its title and description still tell it.
    kept = LISTED.c.title + literal_column("' '", Text) + LISTED.c.description
    return func.to_search_vector(kept)


def _is_there(shape: DocumentListShape) -> ColumnElement[bool]:
    c = LISTED.c
    filed = c.created_by == bindparam("actor", type_=c.created_by.type)
    if shape.archived:
        deleted = and_(c.deleted_at.is_not(None), c.purged_at.is_(None))
        # What others deleted is gone for a patient, who could not restore it.
        return and_(deleted, filed) if shape.scope else deleted
    current = c.deleted_at.is_(None)
    if not shape.scope:
        return current
    # What the clinic files reaches the patient once it is known to be clean, and unless
    # it is kept from them.
    return and_(current, or_(~c.is_quarantined, filed), or_(~c.withheld, filed))


def shape_of(
    criteria: Criteria, is_own: bool, where: Branch, search: ParsedSearch
) -> DocumentListShape:
    """Return the shape of a list; a search puts the best first."""
    kind, archived = _kind(criteria.search, search), criteria.archived
    if kind is DocumentSearch.WORDS and not (criteria.orders or archived):
        keys = _BEST
    else:
        usual = _LAST_DELETED if archived else _NEWEST
        orders = criteria.orders or usual
        keys = ending_in_id(_key(order, archived=archived) for order in orders)
    pairs = bool(search.pairs)
    return DocumentListShape(is_own, where, kind, archived, keys, pairs)


def _kind(text: str, search: ParsedSearch) -> DocumentSearch:
    if search.document_id is not None:
        return DocumentSearch.DOCUMENT
    if search.terms:
        return DocumentSearch.WORDS
    return DocumentSearch.HOPELESS if text.strip() else DocumentSearch.NOTHING


def _key(order: Order, *, archived: bool) -> Key:
    column = SORTED_BY.get(order.field, order.field)
    is_empty = column == "deleted_at" and not archived
    return Key(column, order.direction, is_empty or column in MAY_BE_EMPTY)
