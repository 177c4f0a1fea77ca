"""One page of a list, counted from whichever row or end it begins at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from functools import lru_cache, partial
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.core.actors import Actor
from services.core.errors import InvalidInput, PlaceGone
from services.core.sentences import Sentence
from services.lists.criteria import Criteria
from services.lists.criteria.paging import (
    Key,
    after_place,
    after_row,
    place_columns,
    place_names,
)
from services.lists.queries import (
    Build,
    ListDefinition,
    ListQuery,
    ListShape,
    prepare,
)
from services.lists.recording import record
from services.lists.statements import IDS, MOST, OFFSET, compiled, run, run_within

USUAL_SIZE: Final = 20
MAX_SIZE: Final = 1_000
MAX_OFFSET: Final = 100_000
_MOST: Final = f"%({MOST.key})s"


class _Row(Protocol):
    @property
    def id(self) -> UUID: ...


Row = TypeVar("Row", bound=_Row)


# What a row had, by each key of its list, when it was shown.
Place = tuple[str | None, ...]


# Without slots: Python 3.11 cannot create a frozen one named Page[SomeRow].
@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the ids at which the pages around them begin.

    `next` is passed as `after`, `previous` as `before`; None where the list ends. On a
    placed page, `place` is where the next one begins. A page that `is_whole` is the
    entire list; for others that is unknown.
    """

    rows: tuple[Row, ...]
    next: UUID | None
    previous: UUID | None
    place: Place | None = None
    is_whole: bool = False


class PageEnd(Enum):
    """Which end of the list a page counts from; NUMBERED skips the rows before it."""

    FIRST = auto()
    AFTER = auto()
    BEHIND = auto()
    BEFORE = auto()
    LAST = auto()
    NUMBERED = auto()

    @property
    def is_backwards(self) -> bool:
        """Whether the rows are read in the opposite order."""
        return self in {PageEnd.BEFORE, PageEnd.LAST}

    @property
    def has_cursor(self) -> bool:
        """Whether the page begins at a row."""
        return self in {PageEnd.AFTER, PageEnd.BEFORE}

    def read_by(self, keys: Sequence[Key]) -> Sequence[Key]:
        """Return the keys of the list in the order in which the rows are read."""
        return [key.reversed() for key in keys] if self.is_backwards else keys


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Which page of a list is requested, by a row or, from 1, by its number.

    A page that `is_placed` begins after a place or, without one, with the first row. It
    returns where the next one begins, which stays valid whatever happens to the rows.
    """

    size: int = USUAL_SIZE
    after: UUID | None = None
    before: UUID | None = None
    last: bool = False
    number: int | None = None
    place: Place | None = None
    is_placed: bool = False

    def end(self) -> PageEnd:
        """Return what the page counts from; raises InvalidInput if there are two."""
        candidates = (
            (PageEnd.AFTER, self.after),
            (PageEnd.BEHIND, self.place),
            (PageEnd.BEFORE, self.before),
            (PageEnd.LAST, self.last or None),
            (PageEnd.NUMBERED, self.number),
        )
        ends = [end for end, value in candidates if value is not None]
        if len(ends) > 1:
            raise InvalidInput("after", "Ask for one page: after, before, or the last.")
        return ends[0] if ends else PageEnd.FIRST

    def given(self, noun: str) -> dict[str, object]:
        """Return the parameters of the page's statement, or raise InvalidInput."""
        size = "size" if self.number is None else "per_page"
        if not 1 <= self.size <= MAX_SIZE:
            raise InvalidInput(
                size, Sentence("A page can have 1 to {most:,} rows.", most=MAX_SIZE)
            )
        if self.number is None:
            place = self.place or ()
            named = zip(place_names(len(place)), place, strict=True)
            cursor = self.after or self.before
            return {"most": self.size + 1, "cursor": cursor, **dict(named)}
        offset = (self.number - 1) * self.size
        # All rows before the page are read and skipped, so the numbers are bounded.
        if not 0 <= offset <= MAX_OFFSET:
            raise InvalidInput(
                "page",
                Sentence(
                    "Only the first {most:,} {noun} of a list have numbered pages. "
                    "Add a filter, reverse the order, or export the list.",
                    most=MAX_OFFSET,
                    noun=noun,
                ),
            )
        return {"most": self.size, "offset": offset}


AnyPage = TypeVar("AnyPage", bound=Page[Any])
_AnyQuery = ListQuery[Any, Any]


def read_page(
    session: Session,
    actor: Actor,
    definition: ListDefinition[Any, Any, AnyPage],
    criteria: Criteria,
    at: PagePosition,
    *,
    now: datetime | None,
) -> AnyPage:
    """Return a page, and record who was shown it.

    Raises InvalidInput, NotAllowed, Unavailable.
    """
    definition.subject.require_list(actor)
    given, end = at.given(definition.subject.name), at.end()
    query = prepare(session, actor, definition, criteria, now)
    keys = query.shape.keys
    if at.place is not None and len(at.place) != len(keys):
        raise PlaceGone
    builds = _PLACED if at.is_placed else _PAGES
    rows, query = _find(session, query, builds[end], given)
    places: Sequence[Place] = ()
    if at.is_placed:
        places = [row[-len(keys) :] for row in rows[: at.size]]
        rows = [row[: -len(keys)] for row in rows]
    if not rows and end.has_cursor:
        _require_place(session, query, given)
    records = _cut(session, rows, at.size, end, query)
    # Even if all of its rows have gone since they were found.
    if places and len(rows) > at.size:
        records = replace(records, place=places[-1])
    page = definition.page_of(session, records, query)
    action, called = definition.shown, definition.subject.name
    record(session, actor, action, criteria, shown=page.rows, called=called)
    return page


def peek(
    session: Session,
    actor: Actor,
    definition: ListDefinition[Any, Any, Any],
    search: str,
    *,
    size: int,
    milliseconds: int,
) -> tuple[Any, ...]:
    """Return the first rows that a search finds, none if that takes longer.

    For somebody who is still typing. The caller records who was shown what, since a
    record for every letter would tell nobody anything. Raises InvalidInput, NotAllowed.
    """
    definition.subject.require_list(actor)
    query = prepare(session, actor, definition, Criteria(search=search), None)
    shape, given = query.shape, {**query.parameters, "most": size}
    statement = query.text(_PAGES[PageEnd.FIRST])
    rows = run_within(session, milliseconds, statement, given, settings=shape.settings)
    return _records(session, query, rows or ())


def _find(
    session: Session, query: _AnyQuery, build: Build, given: Mapping[str, object]
) -> tuple[Sequence[tuple[Any, ...]], _AnyQuery]:
    """Return the rows, and the query that found them: as typed, or corrected.

    Spelling is checked only when nothing is found; a word that occurs nowhere always
    means that nothing is found.
    """
    shape, text = query.shape, query.text(build)
    is_planned_once = shape.is_planned_once and "offset" not in given
    if is_planned_once:
        # The number of rows decides the plan, and only a few sizes are in use.
        text = text.replace(_MOST, str(given["most"]))
    find = partial(
        run, session, text, settings=shape.settings, is_planned_once=is_planned_once
    )
    rows = find({**query.parameters, **given})
    if rows or not (corrected := query.corrected(session)):
        return rows, query
    return find({**corrected.parameters, **given}), corrected


def _require_place(
    session: Session, query: _AnyQuery, given: Mapping[str, object]
) -> None:
    """Raise PlaceGone unless the row at which the page begins has a place.

    Without one nothing is before or after it: the page would seem to be the last.
    """
    if not run(session, query.text(_place), {**query.parameters, **given}):
        raise PlaceGone


def _cut(
    session: Session, rows: Sequence[Any], size: int, end: PageEnd, query: _AnyQuery
) -> Page[Any]:
    """Drop the row that was only read to see whether the list goes on."""
    goes_on = len(rows) > size
    records = _records(session, query, rows[:size])
    if end.is_backwards:
        records = records[::-1]
    is_whole = not goes_on and end in {PageEnd.FIRST, PageEnd.LAST}
    if not records:
        return Page((), None, None, is_whole=is_whole)
    has_next = goes_on if not end.is_backwards else end is PageEnd.BEFORE
    has_previous = goes_on if end.is_backwards else end is PageEnd.AFTER
    return Page(
        records,
        records[-1].id if has_next else None,
        records[0].id if has_previous else None,
        is_whole=is_whole,
    )


def _records(
    session: Session, query: _AnyQuery, rows: Sequence[Any]
) -> tuple[Any, ...]:
    """Return the records of a page's rows, read now if those are only identifiers.

    Rows that have gone in between are left out.
    """
    shape, statement = query.shape, query.text(_whole)
    if statement and rows:
        ids = [row[0] for row in rows]
        given = {**query.parameters, IDS.key: [*map(str, ids)]}
        settings = shape.settings
        whole = run(session, statement, given, settings=settings, is_planned_once=True)
        by_id = {row[0]: row for row in whole}
        rows = [by_id[each] for each in ids if each in by_id]
    return tuple(map(shape.record_of, rows))


@lru_cache(maxsize=512)
def _place(shape: ListShape[Any, Any]) -> str:
    table, id_ = shape.table, shape.table.c.id
    known = (key.of(table).is_not(None) for key in shape.keys if not key.is_nullable)
    cursor = bindparam("cursor", type_=id_.type)
    return compiled(select(id_).where(id_ == cursor, *known))


@lru_cache(maxsize=512)
def _whole(shape: ListShape[Any, Any]) -> str:
    statement = shape.whole()
    return "" if statement is None else compiled(statement)


def _page(end: PageEnd, shape: ListShape[Any, Any]) -> str:
    keys = end.read_by(shape.keys)
    if end is PageEnd.NUMBERED:
        return compiled(shape.page(keys, offset=OFFSET))
    if not end.has_cursor:
        return compiled(shape.page(keys))
    cursor = bindparam("cursor", type_=shape.table.c.id.type)
    return compiled(shape.page(keys, after_row(shape.table, keys, cursor)))


def _placed_page(end: PageEnd, shape: ListShape[Any, Any]) -> str:
    table, keys = shape.table, shape.keys
    where = (after_place(table, keys),) if end is PageEnd.BEHIND else ()
    return compiled(shape.page(keys, *where, also=place_columns(table, keys)))


_PAGES: Final[dict[PageEnd, Build]] = {
    end: lru_cache(maxsize=512)(partial(_page, end))
    for end in PageEnd
    if end is not PageEnd.BEHIND
}
_PLACED: Final[dict[PageEnd, Build]] = {
    end: lru_cache(maxsize=512)(partial(_placed_page, end))
    for end in (PageEnd.FIRST, PageEnd.BEHIND)
}
