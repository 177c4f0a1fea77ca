"""Lists as SQL: what each kind of list defines, and what is common to all."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, select
from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.core.audit import Action
from services.lists.criteria import Criteria, Field
from services.lists.criteria.paging import Key
from services.lists.criteria.shape import Branch, FoldedText, TermLookup, parameterize
from services.lists.criteria.sql import parameter_names
from services.lists.folding import comparable, fold
from services.lists.subjects import Subject


class Search(Protocol):
    """Parsed text from the search box."""

    @property
    def parameters(self) -> Mapping[str, object]:
        """The values, by the names in the search's condition."""
        ...


Scope = TypeVar("Scope", bound=Hashable)
SearchKind = TypeVar("SearchKind", bound=Hashable)
AnySearch = TypeVar("AnySearch", bound=Search)
AnyPage = TypeVar("AnyPage")
Build = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class ListShape(ABC, Generic[Scope, SearchKind]):
    """Everything about a list's SQL except the values; `scope` is what may be seen."""

    scope: Scope
    where: Branch
    search: SearchKind
    archived: bool
    keys: tuple[Key, ...]

    @property
    @abstractmethod
    def table(self) -> FromClause:
        """The table that the list is read from."""

    @property
    def settings(self) -> str:
        """Planner settings for the list's statements."""
        return ""

    @property
    def is_planned_once(self) -> bool:
        """Whether the plan of a page is the same whatever the values are."""
        return False

    @abstractmethod
    def membership(self) -> ColumnElement[bool]:
        """Return the condition on the table for rows that are on the list."""

    @abstractmethod
    def page(
        self,
        keys: Sequence[Key],
        *where: ColumnElement[bool],
        offset: BindParameter[int] | None = None,
        also: Sequence[ColumnElement[Any]] = (),
    ) -> Select[Any]:
        """Select the first MOST rows by the keys that also meet `where`.

        The columns of `also` come last in each row.
        """

    def whole(self) -> Select[Any] | None:
        """Select the rows with the given IDS, by the same plan whatever they are.

        None if a page has them itself, and not only the identifiers.
        """
        return None

    def select(
        self,
        *columns: ColumnElement[Any],
        where: Sequence[ColumnElement[bool]] = (),
        order: Sequence[ColumnElement[Any]] = (),
    ) -> Select[Any]:
        """Select the columns for rows on the list that also meet `where`."""
        rows = select(*columns).select_from(self.table)
        return rows.where(self.membership(), *where).order_by(*order)

    @property
    @abstractmethod
    def record_of(self) -> Callable[[Sequence[Any]], Any]:
        """What turns a row of the page into the record that is shown."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ListDefinition(Generic[Scope, AnySearch, AnyPage]):
    """The definition of a kind of list.

    `shown` and `counted` are the actions under which the audit log records a look at
    the list. A search is parsed, then folded by the database and, if nothing is found,
    corrected.
    """

    subject: Subject
    shown: Action
    counted: Action
    scope_of: Callable[[Actor], Scope]
    shape_of: Callable[[Criteria, Scope, Branch, AnySearch], ListShape[Scope, Any]]
    read_search: Callable[[str], AnySearch]
    words_of: Callable[[AnySearch], Iterable[str]] = lambda _: ()
    fold_search: Callable[[Session, AnySearch, Mapping[str, str]], AnySearch]
    correct_search: Callable[[Session, Any, AnySearch], AnySearch] = lambda *given: (
        given[-1]
    )
    spell_out: Callable[[Session, Mapping[str, TermLookup]], Mapping[str, object]]
    page_of: Callable[[Session, Any, "ListQuery[Scope, AnySearch]"], AnyPage]


@dataclass(frozen=True, slots=True)
class ListQuery(Generic[Scope, AnySearch]):
    """A list that is ready to be queried."""

    definition: ListDefinition[Scope, AnySearch, Any]
    shape: ListShape[Scope, Any]
    search: AnySearch
    filters: dict[str, object]
    texts: dict[Build, str]

    @property
    def parameters(self) -> dict[str, object]:
        """The values of the list's statements."""
        return {**self.filters, **self.search.parameters}

    def text(self, build: Build) -> str:
        """Return the statement that `build`, a cached function, makes of the shape."""
        text = self.texts.get(build)
        if text is None:
            # Criteria of the same shape share it; but looking up a shape takes longer
            # than everything else that is done for a page outside the database.
            text = self.texts[build] = build(self.shape)
        return text

    def corrected(self, session: Session) -> "ListQuery[Scope, AnySearch] | None":
        """Return the list with misspelt words corrected; None if there were none."""
        search = self.definition.correct_search(session, self.shape, self.search)
        return None if search == self.search else replace(self, search=search)


def prepare(
    session: Session,
    actor: Actor,
    definition: ListDefinition[Scope, AnySearch, Any],
    criteria: Criteria,
    now: datetime | None,
    *,
    scope: Scope | None = None,
) -> ListQuery[Scope, AnySearch]:
    """Prepare the criteria to be queried by the actor.

    A `scope` other than the actor's own is for callers that have checked that it is
    allowed. Raises InvalidInput, NotAllowed, Unavailable.
    """
    now = now or datetime.now(UTC)
    today = datetime.combine(now, time.min, now.tzinfo)
    scope = definition.scope_of(actor) if scope is None else scope
    # First what is wrong with the criteria, then what is wrong for this actor.
    more = tuple(definition.subject.find_more(session, criteria.fields()).values())
    understood = _parse_criteria(definition, criteria, scope, today, more)
    definition.subject.require_visible(actor, criteria)
    return understood.ask(session, actor)


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """What the database returned for criteria, and the text to look up each time."""

    shape: ListShape[Any, Any]
    search: Any
    filters: dict[str, object]
    mentions: dict[str, TermLookup]


class _ParsedCriteria:
    """Parsed criteria, with all that is the same each time they are queried."""

    def __init__(
        self,
        definition: ListDefinition[Any, Any, Any],
        criteria: Criteria,
        scope: object,
        today: datetime,
        more: tuple[Field, ...],
    ) -> None:
        self._definition, self._criteria, self._scope = definition, criteria, scope
        fields = {**definition.subject.fields, **{field.name: field for field in more}}
        self._filters = parameterize(criteria, fields, today)
        self._search = definition.read_search(criteria.search)
        self._learned: _LookedUp | None = None
        self._texts: dict[Build, str] = {}

    def ask(self, session: Session, actor: Actor) -> ListQuery[Any, Any]:
        """Return the list; only spellings are looked up again each time."""
        known = self._learned
        if known is None:
            known = self._learned = self._learn(session)
        given = {**known.filters, "actor": actor.id}
        if known.mentions:
            given |= self._definition.spell_out(session, known.mentions)
        return ListQuery(
            self._definition, known.shape, known.search, given, self._texts
        )

    def _learn(self, session: Session) -> _LookedUp:
        definition, values = self._definition, self._filters.values
        typed = [
            value.text for value in values if isinstance(value, FoldedText | TermLookup)
        ]
        folded = fold(session, [*typed, *definition.words_of(self._search)])
        search = definition.fold_search(session, self._search, folded)
        where = self._filters.shape
        shape = definition.shape_of(self._criteria, self._scope, where, search)
        compared = [comparable(value, folded) for value in values]
        named = dict(zip(parameter_names(len(compared)), compared, strict=True))
        mentions = {
            name: value
            for name, value in named.items()
            if isinstance(value, TermLookup)
        }
        return _LookedUp(shape, search, named, mentions)


# A page, its count and its charts parse the criteria only once.
_parse_criteria = lru_cache(maxsize=512)(_ParsedCriteria)
