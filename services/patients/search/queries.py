"""Lists of patients as SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, Text, and_, func
from sqlalchemy.orm import Session

from db.models import Patient
from services.core.actors import Actor
from services.lists.criteria import Criteria, Direction, Order
from services.lists.criteria.paging import Key
from services.lists.criteria.shape import Branch, FoldedText, Mention, take_apart
from services.lists.criteria.sql import Target, condition, parameter_names
from services.lists.folding import comparable, fold
from services.patients.search import terms, typed as search
from services.patients.search.fields import FIELDS, require_visible
from services.patients.search.visibility import PatientVisibility, sight_of

assert isinstance(Patient.__table__, Table)  # noqa: S101 - for the type checker
PATIENTS: Final[Table] = Patient.__table__


def _folded(column: ColumnElement[Any]) -> Target:
    return Target(func.fold(column, type_=Text).collate("C"))


_TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "last_name": Target(PATIENTS.c.last_name_key, PATIENTS.c.name_key),
        "first_name": Target(PATIENTS.c.first_name_key, PATIENTS.c.name_key),
        "date_of_birth": Target(PATIENTS.c.date_of_birth),
        "age": Target(PATIENTS.c.date_of_birth),
        "birth_year": Target(PATIENTS.c.birth_year),
        "sex": Target(PATIENTS.c.sex),
        "allergies": Target(PATIENTS.c.allergies),
        "no_known_allergies": Target(PATIENTS.c.no_known_allergies),
        "medical_history": Target(PATIENTS.c.medical_history),
        "current_medications": Target(PATIENTS.c.current_medications),
        "email": Target(PATIENTS.c.email_key),
        "phone_number": Target(PATIENTS.c.phone_key),
        "address": _folded(PATIENTS.c.address),
        "emergency_contact": _folded(PATIENTS.c.emergency_contact),
        "created_at": Target(PATIENTS.c.created_at),
        "updated_at": Target(PATIENTS.c.updated_at),
        "id": Target(PATIENTS.c.id),
    }
)

_SORTED_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "last_name": "last_name_key",
        "first_name": "first_name_key",
        "email": "email_key",
        "phone_number": "phone_key",
        "age": "date_of_birth",
    }
)

# Accents matter in an address of e-mail, as they do in its column.
_WITH_ACCENTS: Final = frozenset({"email"})


@dataclass(frozen=True, slots=True)
class PatientListShape:
    """Everything about a list's SQL but the values."""

    sight: PatientVisibility
    where: Branch
    search: search.SearchShape
    archived: bool
    keys: tuple[Key, ...]


Build = Callable[[PatientListShape], str]


class PatientListCriteria:
    """Criteria taken apart, with all that is the same each time they are asked."""

    def __init__(
        self, criteria: Criteria, sight: PatientVisibility, today: datetime
    ) -> None:
        question = take_apart(criteria, FIELDS, today)
        self._search = search.read(criteria.search)
        self.shape = PatientListShape(
            sight,
            question.shape,
            self._search.shape,
            criteria.archived,
            _keys(criteria.orders or sight.orders),
        )
        names = parameter_names(len(question.values))
        self._values = dict(zip(names, question.values, strict=True))
        self._learned: _Learned | None = None
        self._texts: dict[Build, str] = {}

    def parameters(self, session: Session) -> dict[str, object]:
        """Return the parameters; only spellings are looked up anew each time."""
        learned = self._learned
        if learned is None:
            learned = self._learned = self._learn(session)
        if not learned.wanted:
            return learned.parameters
        return {**learned.parameters, **terms.spell_out(session, learned.wanted)}

    def text(self, build: Build) -> str:
        """Return the statement that `build`, a cached function, makes of the shape."""
        text = self._texts.get(build)
        if text is None:
            # Two criteria of one shape share it; but finding a shape takes longer
            # than all else that is done for a page outside the database.
            text = self._texts[build] = build(self.shape)
        return text

    def _learn(self, session: Session) -> "_Learned":
        values = self._values.values()
        typed = [
            value.text for value in values if isinstance(value, FoldedText | Mention)
        ]
        folded = fold(session, [*typed, *self._search.words])
        return _Learned(
            {
                name: comparable(value, folded, lowered=_WITH_ACCENTS)
                for name, value in self._values.items()
            }
            | self._search.parameters(folded),
            {
                name: terms.Wanted(
                    value.field, folded[value.text], value.is_whole_words
                )
                for name, value in self._values.items()
                if isinstance(value, Mention)
            },
        )


@dataclass(frozen=True, slots=True)
class _Learned:
    """Parameters that never change, and the spellings wanted for the others."""

    parameters: dict[str, object]
    wanted: dict[str, terms.Wanted]


@dataclass(frozen=True, slots=True)
class PatientListQuery:
    """A list that is ready to be asked for."""

    understood: PatientListCriteria
    parameters: dict[str, object]

    @property
    def sight(self) -> PatientVisibility:
        """What is shown of the patients on the list."""
        return self.understood.shape.sight

    def text(self, build: Build) -> str:
        """Return the statement that `build` makes of the list's shape."""
        return self.understood.text(build)


def prepare(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    now: datetime | None,
    *,
    sight: PatientVisibility | None = None,
) -> PatientListQuery:
    """Make the criteria ready to be asked by the actor.

    A `sight` other than the actor's own is for who has checked that it may be.
    Raises InvalidInput, NotAllowed, Unavailable.
    """
    now = now or datetime.now(UTC)
    today = datetime.combine(now, time.min, now.tzinfo)
    # First what is wrong with the criteria, then what is wrong for this actor.
    understood = _understand(criteria, sight or sight_of(actor), today)
    require_visible(actor, criteria)
    return PatientListQuery(understood, understood.parameters(session))


@lru_cache(maxsize=256)
def _understand(
    criteria: Criteria, sight: PatientVisibility, today: datetime
) -> PatientListCriteria:
    """Take the criteria apart; a page, its count and its charts do it only once."""
    return PatientListCriteria(criteria, sight, today)


def belongs(shape: PatientListShape) -> ColumnElement[bool]:
    """Return the condition for the patients on the list."""
    deleted_at = PATIENTS.c.deleted_at
    return and_(
        deleted_at.is_not(None) if shape.archived else deleted_at.is_(None),
        condition(shape.where, _TARGETS),
        search.condition(shape.search),
    )


def _keys(orders: tuple[Order, ...]) -> tuple[Key, ...]:
    """Return the columns that a list is sorted by; `id` decides in the end.

    Where the last name would decide last, the first name follows: people expect it,
    and the index has them in this order.
    """
    last = orders[-1]
    if last.field == "last_name" and not any(o.field == "first_name" for o in orders):
        orders = (*orders, Order("first_name", last.direction))
    keys: dict[str, Key] = {}
    for key in map(_key, orders):
        # Once sorted by the day of birth, age changes nothing any more.
        keys.setdefault(key.column, key)
    ordered = tuple(keys.values())
    return (*ordered, Key("id", ordered[-1].direction))


def _key(order: Order) -> Key:
    column = PATIENTS.c[_SORTED_BY.get(order.field, order.field)]
    # The older somebody is, the earlier the day of birth.
    is_turned = order.field == "age"
    direction = order.direction.opposite if is_turned else order.direction
    return Key(column.name, Direction(direction), bool(column.nullable))
