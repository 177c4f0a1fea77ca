"""Lists of documents as SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, or_
from sqlalchemy.orm import Session

from services.actors import Actor, Role
from services.criteria import Criteria, Direction, Order
from services.criteria.paging import Key
from services.criteria.shape import Branch, Typed, take_apart
from services.criteria.sql import condition, parameter_names
from services.document_fields import FIELDS, require_list, require_visible
from services.document_lists.listed import LISTED, MAY_BE_EMPTY, SORTED_BY, TARGETS
from services.listing.folding import comparable, fold

_NEWEST: Final = (Order("created_at", Direction.DESC),)
_LAST_DELETED: Final = (Order("deleted_at", Direction.DESC),)


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything about a list's SQL but the values.

    `is_own` is a patient's list of their own documents.
    """

    is_own: bool
    where: Branch
    archived: bool
    keys: tuple[Key, ...]


Build = Callable[[Shape], str]


class Understood:
    """Criteria taken apart, with all that is the same each time they are asked."""

    def __init__(self, criteria: Criteria, today: datetime, *, is_own: bool) -> None:
        question = take_apart(criteria, FIELDS, today)
        usual = _LAST_DELETED if criteria.archived else _NEWEST
        self.shape = Shape(
            is_own,
            question.shape,
            criteria.archived,
            _keys(criteria.orders or usual, archived=criteria.archived),
        )
        names = parameter_names(len(question.values))
        self._values = dict(zip(names, question.values, strict=True))
        self._learned: dict[str, object] | None = None
        self._texts: dict[Build, str] = {}

    def parameters(self, session: Session) -> dict[str, object]:
        """Return the parameters, folded once by the database."""
        if self._learned is None:
            values = self._values.values()
            typed = [value.text for value in values if isinstance(value, Typed)]
            folded = fold(session, typed)
            self._learned = {
                name: comparable(value, folded) for name, value in self._values.items()
            }
        return self._learned

    def text(self, build: Build) -> str:
        """Return the statement that `build`, a cached function, makes of the shape."""
        text = self._texts.get(build)
        if text is None:
            text = self._texts[build] = build(self.shape)
        return text


@dataclass(frozen=True, slots=True)
class Asked:
    """A list that is ready to be asked for."""

    understood: Understood
    parameters: dict[str, object]

    def text(self, build: Build) -> str:
        """Return the statement that `build` makes of the list's shape."""
        return self.understood.text(build)


def prepare(
    session: Session, actor: Actor, criteria: Criteria, now: datetime | None
) -> Asked:
    """Make the criteria ready to be asked by the actor.

    Raises InvalidInput, NotAllowed, Unavailable.
    """
    require_list(actor)
    now = now or datetime.now(UTC)
    today = datetime.combine(now, time.min, now.tzinfo)
    # First what is wrong with the criteria, then what is wrong for this actor.
    understood = _understand(criteria, today, is_own=actor.role is Role.PATIENT)
    require_visible(actor, criteria)
    return Asked(understood, {**understood.parameters(session), "actor": actor.id})


@lru_cache(maxsize=256)
def _understand(criteria: Criteria, today: datetime, *, is_own: bool) -> Understood:
    """Take the criteria apart; a page and its count do it only once."""
    return Understood(criteria, today, is_own=is_own)


def belongs(shape: Shape) -> ColumnElement[bool]:
    """Return the condition for the documents on the list."""
    return and_(_is_there(shape), condition(shape.where, TARGETS))


def _is_there(shape: Shape) -> ColumnElement[bool]:
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
