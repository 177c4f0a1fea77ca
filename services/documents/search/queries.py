"""Lists of documents as SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
)

from services.documents.search.listed import (
    LISTED,
    MATCHES,
    MAY_BE_EMPTY,
    PAIRS,
    QUERY,
    SEARCHED,
    SORTED_BY,
    TARGETS,
    WHOLE,
    tables_of,
    unwrapped,
)
from services.documents.search.parsing import ParsedSearch
from services.documents.search.records import ListedDocument, document_of
from services.lists.criteria import Criteria, Direction, Order
from services.lists.criteria.paging import Key, ending_in_id, order_by
from services.lists.criteria.shape import Branch
from services.lists.criteria.sql import condition
from services.lists.queries import ListShape
from services.lists.statements import IDS, MOST

_NEWEST: Final = (Order("created_at", Direction.DESC),)
_LAST_DELETED: Final = (Order("deleted_at", Direction.DESC),)


# The planner does not know what it costs to unpack the words of a row. It would rather
# read all rows than ask the index for a common word: sequentially, or in the order of
# their documents, to leave out confidential ones by a merge join. The other settings
# avoid what takes longer to start than a search takes.
_BY_INDEX: Final = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off; "
    "SET LOCAL jit = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0; "
)
# For the same reason a walk along the primary key looks cheaper than the bitmap of a
# common word, the more so where counting stops at ten thousand. An index of words is
# only ever read as a bitmap, and other indexes that a search without filters needs can
# be.
BY_BITMAP: Final = _BY_INDEX + "SET LOCAL enable_indexscan = off; "
_BEST: Final = tuple(
    Key(column, Direction.DESC) for column in ("rank", "created_at", "id")
)


class DocumentSearch(Enum):
    """What a list's search box asks for; HOPELESS is a search that can find nothing."""

    NOTHING = auto()
    WORDS = auto()
    DOCUMENT = auto()
    MATCHES_NOTHING = auto()


@dataclass(frozen=True, slots=True)
class DocumentListShape(ListShape[bool, DocumentSearch]):
    """Everything about a list's SQL except the values.

    The scope is whether it is a patient's list of their own documents.
    """

    has_pairs: bool

    @property
    def table(self) -> FromClause:
        """The table to search, of as few tables as possible."""
        if self.search is not DocumentSearch.WORDS or self.archived:
            return LISTED
        is_bare = self.keys == _BEST and not (self.scope or self.where.members)
        return SEARCHED if is_bare else MATCHES

    @property
    def settings(self) -> str:
        """The planner settings for the list's statements."""
        if self.search is not DocumentSearch.WORDS:
            return ""
        return BY_BITMAP if self.table is SEARCHED else _BY_INDEX

    @property
    def is_planned_once(self) -> bool:
        """Whether the statement of a page depends only on where the page begins."""
        return self.search is DocumentSearch.NOTHING and not self.where.members

    def membership(self) -> ColumnElement[bool]:
        """Return the condition for documents on the list, on its table."""
        if self.table is SEARCHED:
            return _meets_search(self)
        listed = and_(_is_there(self), condition(self.where, TARGETS))
        match self.search:
            case DocumentSearch.NOTHING:
                return listed
            case DocumentSearch.MATCHES_NOTHING:
                return false()
            case DocumentSearch.DOCUMENT:
                wanted = bindparam("document", type_=LISTED.c.id.type)
                return and_(listed, LISTED.c.id == wanted)
            case DocumentSearch.WORDS if self.archived:
                return and_(listed, _kept_words().bool_op("@@")(QUERY))
            case DocumentSearch.WORDS:
                return and_(listed, _meets_search(self))

    def select(
        self,
        *columns: ColumnElement[Any],
        where: Sequence[ColumnElement[bool]] = (),
        order: Sequence[ColumnElement[Any]] = (),
    ) -> Select[Any]:
        """Select columns of documents on the list that also meet `where`."""
        if self.table is SEARCHED:
            # Not super(): dataclass makes another class for slots than the one written
            # here.
            return ListShape.select(self, *columns, where=where, order=order)
        return _select_unwrapped(columns, (self.membership(), *where), order)

    def page(
        self,
        keys: Sequence[Key],
        *where: ColumnElement[bool],
        offset: BindParameter[int] | None = None,
        also: Sequence[ColumnElement[Any]] = (),
    ) -> Select[Any]:
        """Select the first MOST rows by the keys that also meet `where`.

        Of a filtered or searched list it selects only the ids: it is planned each time,
        which takes longer the more tables and policies there are. Besides, a common
        word matches tens of thousands of rows, and those must not be sorted as whole
        rows.
        """
        order = order_by(self.table, keys)
        if self.is_planned_once:
            has_version = LISTED.c.version_id.is_not(None)
            conditions = (has_version, *where)
            rows = self.select(*WHOLE, *also, where=conditions, order=order)
        else:
            rows = self.select(self.table.c.id, *also, where=where, order=order)
        return rows.limit(MOST).offset(offset)

    def whole(self) -> Select[Any] | None:
        """Select the rows of a page by id, as far as they are still on the list."""
        if self.is_planned_once:
            return None
        wanted = LISTED.c.id == func.any(cast(IDS, ARRAY(LISTED.c.id.type)))
        conditions = (LISTED.c.version_id.is_not(None), wanted, _is_there(self))
        return _select_unwrapped(WHOLE, conditions)

    @property
    def record_of(self) -> Callable[[Sequence[Any]], ListedDocument]:
        """The function that makes a record from a page's row."""
        return document_of


def _select_unwrapped(
    columns: Sequence[ColumnElement[Any]],
    where: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any]] = (),
) -> Select[Any]:
    shown = [*map(unwrapped, columns)]
    conditions = [*map(unwrapped, where)]
    ordered = [*map(unwrapped, order)]
    tables = tables_of(*shown, *conditions, *ordered)
    rows = select(*shown).select_from(tables)
    return rows.where(*conditions).order_by(*ordered)


def _meets_search(shape: DocumentListShape) -> ColumnElement[bool]:
    columns = shape.table.c
    words: ColumnElement[bool] = columns.words.bool_op("@@")(QUERY)
    return and_(columns.pairs.bool_op("@>")(PAIRS), words) if shape.has_pairs else words


def _kept_words() -> ColumnElement[Any]:
    # Deleted documents are not in the index; their title and description are searched.
    kept = LISTED.c.title + literal_column("' '", Text) + LISTED.c.description
    return func.to_search_vector(kept)


def _is_there(shape: DocumentListShape) -> ColumnElement[bool]:
    c = LISTED.c
    filed = c.created_by == bindparam("actor", type_=c.created_by.type)
    # The policies hide a newer version that is not clean, but not its document.
    has_version = c.version_id.is_not(None)
    if shape.archived:
        deleted = and_(c.deleted_at.is_not(None), c.purged_at.is_(None))
        # Patients do not see what others deleted, because they could not restore it.
        return and_(deleted, filed, has_version) if shape.scope else deleted
    current = c.deleted_at.is_(None)
    if not shape.scope:
        return current
    # What the clinic files reaches the patient once it is known to be clean, and unless
    # it is withheld from them.
    clean = or_(~c.is_quarantined, filed)
    return and_(current, has_version, clean, or_(~c.withheld, filed))


def shape_of(
    criteria: Criteria, is_own: bool, where: Branch, search: ParsedSearch
) -> DocumentListShape:
    """Return the shape of a list; a search orders by rank, the best first."""
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
    return DocumentSearch.MATCHES_NOTHING if text.strip() else DocumentSearch.NOTHING


def _key(order: Order, *, archived: bool) -> Key:
    column = SORTED_BY.get(order.field, order.field)
    is_empty = column == "deleted_at" and not archived
    return Key(column, order.direction, is_empty or column in MAY_BE_EMPTY)
