"""One page of a list, counted from whichever row or end it begins at."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import Session

from services.core.errors import InvalidInput
from services.lists.criteria.paging import Key
from services.lists.statements import compiled, run

MAX_SIZE: Final = 1_000
MAX_OFFSET: Final = 100_000


class _Row(Protocol):
    @property
    def id(self) -> UUID: ...


Row = TypeVar("Row", bound=_Row)
Shape = TypeVar("Shape", bound=Hashable)


# Without slots: Python 3.11 cannot make a frozen one by the name of Page[SomeRow].
@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the ids that the pages around them begin at.

    `next` is passed as `after`, `previous` as `before`; None where the list ends.
    """

    rows: tuple[Row, ...]
    next: UUID | None
    previous: UUID | None


class PageEnd(Enum):
    """Which end of the list a page counts from."""

    FIRST = auto()
    AFTER = auto()
    BEFORE = auto()
    LAST = auto()

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
        return [key.turned() for key in keys] if self.is_backwards else keys


def part_of(
    after: UUID | None, before: UUID | None, *, last: bool
) -> tuple[PageEnd, UUID | None]:
    """Return which page is asked for, and the row it begins at.

    Raises InvalidInput for two at once.
    """
    if sum((after is not None, before is not None, last)) > 1:
        raise InvalidInput("after", "Ask for one page: after, before, or the last.")
    if after is not None:
        return PageEnd.AFTER, after
    if before is not None:
        return PageEnd.BEFORE, before
    return (PageEnd.LAST if last else PageEnd.FIRST), None


def require_size(size: int, name: str = "size") -> None:
    """Raise InvalidInput for a page of too many rows or none."""
    if not 1 <= size <= MAX_SIZE:
        raise InvalidInput(name, f"A page has 1 to {MAX_SIZE:,} rows.")


def offset_of(page: int, per_page: int, noun: str) -> int:
    """Return how many rows come before a numbered page, or raise InvalidInput.

    All of them are read to be skipped, so the numbers are bounded.
    """
    require_size(per_page, "per_page")
    offset = (page - 1) * per_page
    if page < 1 or offset > MAX_OFFSET:
        raise InvalidInput(
            "page",
            f"Numbered pages reach the first {MAX_OFFSET:,} {noun} of a list. "
            "Add a filter, turn the order round, or export the list.",
        )
    return offset


def require_row(
    session: Session, id_column: ColumnElement[UUID], cursor: UUID | None
) -> None:
    """Raise InvalidInput for a page that begins at a row nobody knows."""
    if cursor is None:
        return
    known = select(id_column).where(id_column == bindparam("cursor"))
    if not run(session, compiled(known), {"cursor": cursor}):
        raise InvalidInput(
            "after", "The place in this list is gone; begin again at its first page."
        )


def cut(
    rows: Sequence[Any], size: int, part: PageEnd, record_of: Callable[[Any], Row]
) -> Page[Row]:
    """Take away the row that was only read to see whether the list goes on."""
    goes_on = len(rows) > size
    records = tuple(map(record_of, rows[:size]))
    if part.is_backwards:
        records = records[::-1]
    if not records:
        return Page((), None, None)
    has_next = goes_on if not part.is_backwards else part is PageEnd.BEFORE
    has_previous = goes_on if part.is_backwards else part is PageEnd.AFTER
    return Page(
        records,
        records[-1].id if has_next else None,
        records[0].id if has_previous else None,
    )
