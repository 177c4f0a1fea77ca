"""Lists of documents as SQL."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Text,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.util import ClauseAdapter

from services.core.actors import Actor, Role
from services.documents import records
from services.documents.search import spelling, typed
from services.documents.search.fields import FIELDS, require_visible
from services.documents.search.listed import (
    FOUND,
    LISTED,
    MAY_BE_EMPTY,
    PAIRS,
    QUERY,
    SEARCHED,
    SORTED_BY,
    TARGETS,
)
from services.lists.criteria import Criteria, Direction, Order
from services.lists.criteria.paging import Key
from services.lists.criteria.shape import Branch, FoldedText, take_apart
from services.lists.criteria.sql import condition, parameter_names
from services.lists.folding import comparable, fold

_NEWEST: Final = (Order("created_at", Direction.DESC),)
_LAST_DELETED: Final = (Order("deleted_at", Direction.DESC),)


# What it costs to unpack the words of a row is not known to the planner, which would
# rather read all of them than ask the index for a common word. The rest would take
# longer to begin than a search takes.
_BY_INDEX: Final = (
    "SET LOCAL enable_seqscan = off; SET LOCAL jit = off; "
    "SET LOCAL max_parallel_workers_per_gather = 0; "
)
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
class DocumentListShape:
    """Everything about a list's SQL but the values.

    `is_own` is a patient's list of their own documents.
    """

    is_own: bool
    where: Branch
    search: DocumentSearch
    has_pairs: bool
    archived: bool
    keys: tuple[Key, ...]

    @property
    def table(self) -> FromClause:
        """Where the list is looked for: in as few tables as will do."""
        if self.search is not DocumentSearch.WORDS or self.archived:
            return LISTED
        is_bare = self.keys == _BEST and not (self.is_own or self.where.members)
        return SEARCHED if is_bare else FOUND


Build = Callable[[DocumentListShape], str]


class DocumentListCriteria:
    """Criteria taken apart, with all that is the same each time they are asked."""

    def __init__(self, criteria: Criteria, today: datetime, *, is_own: bool) -> None:
        question = take_apart(criteria, FIELDS, today)
        self._criteria, self._is_own, self._where = criteria, is_own, question.shape
        names = parameter_names(len(question.values))
        self._values = dict(zip(names, question.values, strict=True))
        self._learned: DocumentListQuery | None = None
        self._texts: dict[Build, str] = {}

    def ask(self, session: Session) -> "DocumentListQuery":
        """Return the list and its parameters, which the database folds once."""
        if self._learned is None:
            values = self._values.values()
            words = [value.text for value in values if isinstance(value, FoldedText)]
            folded = fold(session, words)
            search = typed.split(session, typed.read(self._criteria.search))
            self._learned = DocumentListQuery(
                self,
                self._shape(search),
                {n: comparable(value, folded) for n, value in self._values.items()},
                search,
            )
        return self._learned

    def text(self, build: Build, shape: DocumentListShape) -> str:
        """Return the statement that `build`, a cached function, makes of the shape."""
        text = self._texts.get(build)
        if text is None:
            text = self._texts[build] = build(shape)
        return text

    def _shape(self, search: typed.ParsedSearch) -> DocumentListShape:
        criteria = self._criteria
        kind = _kind(criteria.search, search)
        orders, archived = criteria.orders, criteria.archived
        if kind is DocumentSearch.WORDS and not (orders or archived):
            keys = _BEST
        else:
            usual = _LAST_DELETED if archived else _NEWEST
            keys = _keys(orders or usual, archived=archived)
        has_pairs = bool(search.pairs)
        return DocumentListShape(
            self._is_own, self._where, kind, has_pairs, archived, keys
        )


@dataclass(frozen=True, slots=True)
class DocumentListQuery:
    """A list that is ready to be asked for."""

    understood: DocumentListCriteria
    shape: DocumentListShape
    filters: dict[str, object]
    search: typed.ParsedSearch

    @property
    def parameters(self) -> dict[str, object]:
        """The values of the list's statements, but for who asks."""
        return {
            **self.filters,
            "searched": self.search.query,
            "ranking": self.search.ranking,
            "pairs": self.search.pairs,
            "document": self.search.document_id,
        }

    @property
    def settings(self) -> str:
        """How the planner is to be set for the list's statements."""
        return _BY_INDEX if self.shape.search is DocumentSearch.WORDS else ""

    def text(self, build: Build) -> str:
        """Return the statement that `build` makes of the list's shape."""
        return self.understood.text(build, self.shape)

    def corrected(self, session: Session) -> "DocumentListQuery | None":
        """Return the list with misspelt words put right; None if none were."""
        if self.shape.search is not DocumentSearch.WORDS or self.shape.archived:
            return None
        search = spelling.correct(session, self.search)
        return None if search == self.search else replace(self, search=search)


def prepare(
    session: Session, actor: Actor, criteria: Criteria, now: datetime | None
) -> DocumentListQuery:
    """Make the criteria ready to be asked by the actor.

    Raises InvalidInput, NotAllowed, Unavailable.
    """
    records.require_view(actor)
    now = now or datetime.now(UTC)
    today = datetime.combine(now, time.min, now.tzinfo)
    # First what is wrong with the criteria, then what is wrong for this actor.
    understood = _understand(criteria, today, is_own=actor.role is Role.PATIENT)
    require_visible(actor, criteria)
    asked = understood.ask(session)
    return replace(asked, filters={**asked.filters, "actor": actor.id})


@lru_cache(maxsize=256)
def _understand(
    criteria: Criteria, today: datetime, *, is_own: bool
) -> DocumentListCriteria:
    """Take the criteria apart; a page and its count do it only once."""
    return DocumentListCriteria(criteria, today, is_own=is_own)


def _kind(text: str, search: typed.ParsedSearch) -> DocumentSearch:
    if search.document_id is not None:
        return DocumentSearch.DOCUMENT
    if search.terms:
        return DocumentSearch.WORDS
    return DocumentSearch.HOPELESS if text.strip() else DocumentSearch.NOTHING


def belongs(shape: DocumentListShape) -> ColumnElement[bool]:
    """Return the condition for the documents on the list, of the shape's table."""
    if shape.table is SEARCHED:
        return _is_found(shape)
    listed = and_(_is_there(shape), condition(shape.where, TARGETS))
    match shape.search:
        case DocumentSearch.NOTHING:
            return listed
        case DocumentSearch.HOPELESS:
            return false()
        case DocumentSearch.DOCUMENT:
            wanted = bindparam("document", type_=LISTED.c.id.type)
            return and_(listed, LISTED.c.id == wanted)
        case DocumentSearch.WORDS if shape.archived:
            return and_(listed, _kept_words().bool_op("@@")(QUERY))
        case DocumentSearch.WORDS:
            found: ColumnElement[bool] = ClauseAdapter(FOUND).traverse(listed)
            return and_(found, _is_found(shape))


def _is_found(shape: DocumentListShape) -> ColumnElement[bool]:
    columns = shape.table.c
    found: ColumnElement[bool] = columns.words.bool_op("@@")(QUERY)
    return and_(columns.pairs.bool_op("@>")(PAIRS), found) if shape.has_pairs else found


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
        return and_(deleted, filed) if shape.is_own else deleted
    current = c.deleted_at.is_(None)
    # What the clinic files reaches the patient once it is known to be clean.
    return and_(current, or_(~c.is_quarantined, filed)) if shape.is_own else current


def _keys(orders: tuple[Order, ...], *, archived: bool) -> tuple[Key, ...]:
    """Return the columns that a list is sorted by; `id` decides in the end."""
    keys: dict[str, Key] = {}
    for order in orders:
        column = SORTED_BY.get(order.field, order.field)
        is_nullable = column in MAY_BE_EMPTY or (
            column == "deleted_at" and not archived
        )
        keys.setdefault(column, Key(column, order.direction, is_nullable))
    ordered = tuple(keys.values())
    return (*ordered, Key("id", ordered[-1].direction))
