"""One page of a list of patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import lru_cache, partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.orm import Session

from services.actors import Actor, Permission
from services.audit import Action
from services.criteria import Criteria
from services.criteria.paging import behind, order_by
from services.errors import InvalidInput
from services.patient_lists.queries import PATIENTS, Build, Shape, belongs, prepare
from services.patient_lists.recording import record
from services.patient_lists.sights import Listed, Sight
from services.patient_lists.statements import compiled, run

MAX_SIZE: Final = 1_000
MAX_OFFSET: Final = 100_000


@dataclass(frozen=True, slots=True)
class PatientPage:
    """Some patients of a list, and the ids that the pages around them begin at.

    `next` is passed as `after`, `previous` as `before`; None where the list ends.
    """

    rows: tuple[Listed, ...]
    next: UUID | None
    previous: UUID | None


class _Part(Enum):
    """Which end of the list a page counts from."""

    FIRST = auto()
    AFTER = auto()
    BEFORE = auto()
    LAST = auto()

    @property
    def is_backwards(self) -> bool:
        return self in {_Part.BEFORE, _Part.LAST}

    @property
    def has_cursor(self) -> bool:
        return self in {_Part.AFTER, _Part.BEFORE}


def list_patients(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    size: int = 20,
    after: UUID | None = None,
    before: UUID | None = None,
    last: bool = False,
    now: datetime | None = None,
) -> PatientPage:
    """Return the page behind or before a patient, or the list's first or last page.

    Raises InvalidInput, NotAllowed, Unavailable. A page deep in the list costs what
    the first one does.
    """
    actor.require(Permission.LIST_PATIENTS)
    if not 1 <= size <= MAX_SIZE:
        raise InvalidInput("size", f"A page has 1 to {MAX_SIZE:,} rows.")
    part, cursor = _part(after, before, last=last)
    asked = prepare(session, actor, criteria, now)
    given = {**asked.parameters, "most": size + 1, "cursor": cursor}
    rows = run(session, asked.text(_PAGES[part]), given)
    if not rows and cursor is not None:
        _require_patient(session, cursor)
    page = _cut(rows, size, part, asked.sight)
    record(session, actor, Action.PATIENT_LIST, criteria, shown=page.rows)
    return page


def list_numbered(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    page: int,
    per_page: int,
    now: datetime | None = None,
) -> tuple[Listed, ...]:
    """Return a page by its number, counted from 1.

    Raises InvalidInput, NotAllowed, Unavailable. All rows before the page are read
    to be skipped, so the numbers are bounded.
    """
    actor.require(Permission.LIST_PATIENTS)
    if not 1 <= per_page <= MAX_SIZE:
        raise InvalidInput("per_page", f"A page has 1 to {MAX_SIZE:,} rows.")
    offset = (page - 1) * per_page
    if page < 1 or offset > MAX_OFFSET:
        raise InvalidInput(
            "page",
            f"Numbered pages reach the first {MAX_OFFSET:,} patients of a list. "
            "Add a filter, turn the order round, or export the list.",
        )
    asked = prepare(session, actor, criteria, now)
    given = {**asked.parameters, "most": per_page, "offset": offset}
    rows = run(session, asked.text(_numbered), given)
    records = tuple(map(asked.sight.patient_of, rows))
    record(session, actor, Action.PATIENT_LIST, criteria, shown=records)
    return records


def _part(
    after: UUID | None, before: UUID | None, *, last: bool
) -> tuple[_Part, UUID | None]:
    if sum((after is not None, before is not None, last)) > 1:
        raise InvalidInput("after", "Ask for one page: after, before, or the last.")
    if after is not None:
        return _Part.AFTER, after
    if before is not None:
        return _Part.BEFORE, before
    return (_Part.LAST if last else _Part.FIRST), None


def _page(part: _Part, shape: Shape) -> str:
    keys = shape.keys
    if part.is_backwards:
        keys = tuple(key.turned() for key in keys)
    statement = select(*shape.sight.columns).where(belongs(shape))
    if part.has_cursor:
        cursor = bindparam("cursor", type_=PATIENTS.c.id.type)
        statement = statement.where(behind(PATIENTS, keys, cursor))
    return compiled(statement.order_by(*order_by(PATIENTS, keys)).limit(_most()))


_PAGES: Final[dict[_Part, Build]] = {
    part: lru_cache(maxsize=256)(partial(_page, part)) for part in _Part
}


@lru_cache(maxsize=256)
def _numbered(shape: Shape) -> str:
    statement = select(*shape.sight.columns).where(belongs(shape))
    offset = bindparam("offset", type_=Integer)
    ordered = statement.order_by(*order_by(PATIENTS, shape.keys))
    return compiled(ordered.limit(_most()).offset(offset))


def _most() -> Any:
    return bindparam("most", type_=Integer)


def _require_patient(session: Session, cursor: UUID) -> None:
    known = select(PATIENTS.c.id).where(PATIENTS.c.id == bindparam("cursor"))
    if not run(session, compiled(known), {"cursor": cursor}):
        raise InvalidInput(
            "after", "The place in this list is gone; begin again at its first page."
        )


def _cut(
    rows: Sequence[tuple[Any, ...]], size: int, part: _Part, sight: Sight
) -> PatientPage:
    """Take away the row that was only read to see whether the list goes on."""
    goes_on = len(rows) > size
    records = tuple(map(sight.patient_of, rows[:size]))
    if part.is_backwards:
        records = records[::-1]
    if not records:
        return PatientPage((), None, None)
    has_next = goes_on if not part.is_backwards else part is _Part.BEFORE
    has_previous = goes_on if part.is_backwards else part is _Part.AFTER
    return PatientPage(
        records,
        records[-1].id if has_next else None,
        records[0].id if has_previous else None,
    )
