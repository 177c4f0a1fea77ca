"""Criteria as plain values: which records a list shows, and in which order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

MAX_DEPTH: Final = 5
MAX_FILTERS: Final = 50
MAX_ORDERS: Final = 5
MAX_CHOICES: Final = 100
MAX_TEXT_LENGTH: Final = 200


class Operator(StrEnum):
    """How a filter compares a field with its value."""

    EQUAL = "EQUAL"
    NOT_EQUAL = "NOT_EQUAL"
    LESS_THAN = "LESS_THAN"
    LESS_THAN_OR_EQUAL = "LESS_THAN_OR_EQUAL"
    GREATER_THAN = "GREATER_THAN"
    GREATER_THAN_OR_EQUAL = "GREATER_THAN_OR_EQUAL"
    CONTAINS = "CONTAINS"
    STARTS_WITH = "STARTS_WITH"
    IN = "IN"
    BETWEEN = "BETWEEN"
    IN_THE_LAST = "IN_THE_LAST"
    IS_EMPTY = "IS_EMPTY"
    HAS = "HAS"


class Direction(StrEnum):
    """Ascending or descending."""

    ASC = "ASC"
    DESC = "DESC"

    @property
    def opposite(self) -> "Direction":
        """The other direction."""
        return Direction.ASC if self is Direction.DESC else Direction.DESC


class Combine(StrEnum):
    """Whether all members of a group must hold, or one is enough."""

    AND = "AND"
    OR = "OR"


class Kind(StrEnum):
    """What a field contains; decides its operators and how typed text is parsed."""

    TEXT = "text"
    PHONE = "phone"
    DATE = "date"
    TIMESTAMP = "moment"
    AGE = "age"
    YEAR = "year"
    CHOICE = "choice"
    FLAG = "flag"
    LIST = "list"
    ID = "id"
    NUMBER = "number"
    DECIMAL = "decimal"
    SIZE = "size"


_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
_RANGES = (
    Operator.LESS_THAN,
    Operator.LESS_THAN_OR_EQUAL,
    Operator.GREATER_THAN,
    Operator.GREATER_THAN_OR_EQUAL,
)
_SPANS = (Operator.BETWEEN, Operator.IN_THE_LAST)
_SUBSTRINGS = (Operator.CONTAINS, Operator.STARTS_WITH)

OPERATORS: Final[Mapping[Kind, tuple[Operator, ...]]] = MappingProxyType(
    {
        Kind.TEXT: (*_EQUALITY, *_SUBSTRINGS, *_RANGES, Operator.IN),
        Kind.PHONE: (*_EQUALITY, *_SUBSTRINGS, Operator.IN),
        Kind.DATE: (*_EQUALITY, *_RANGES, *_SPANS, Operator.IN),
        Kind.TIMESTAMP: (*_EQUALITY, *_RANGES, *_SPANS),
        Kind.AGE: (*_EQUALITY, *_RANGES, Operator.BETWEEN, Operator.IN),
        Kind.YEAR: (*_EQUALITY, *_RANGES, Operator.BETWEEN, Operator.IN),
        Kind.CHOICE: (*_EQUALITY, Operator.IN),
        Kind.FLAG: (Operator.EQUAL,),
        Kind.LIST: (
            Operator.HAS,
            Operator.NOT_EQUAL,
            Operator.CONTAINS,
            Operator.IS_EMPTY,
        ),
        Kind.ID: (*_EQUALITY, Operator.IN),
        Kind.NUMBER: (*_RANGES, *_EQUALITY, Operator.BETWEEN, Operator.IN),
        Kind.DECIMAL: (*_RANGES, *_EQUALITY, Operator.BETWEEN, Operator.IN),
        Kind.SIZE: (*_RANGES, Operator.BETWEEN),
    }
)

# Not offered on pages, where nobody asks which allergies come first; programs can
# compare every field in every way.
_FOR_PROGRAMS: Final[Mapping[Kind, tuple[Operator, ...]]] = MappingProxyType(
    {Kind.PHONE: _RANGES, Kind.LIST: (Operator.EQUAL, *_RANGES)}
)

# Those that take several values: any number of them, or both ends.
SEVERAL: Final = frozenset({Operator.IN, Operator.BETWEEN})

Value = str | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """One comparison; the value is kept as it was typed."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Group:
    """Filters and further groups; one without members restricts nothing."""

    combine: Combine = Combine.AND
    members: tuple["Filter | Group", ...] = ()

    def filters(self) -> Iterator[Filter]:
        """Yield every filter in the group and the groups in it."""
        for member in self.members:
            if isinstance(member, Filter):
                yield member
            else:
                yield from member.filters()

    def depth(self) -> int:
        """Return how deeply groups are nested, this one included."""
        inner = (m.depth() for m in self.members if isinstance(m, Group))
        return 1 + max(inner, default=0)

    def simplified(self) -> "Group":
        """Return the group without groups that restrict nothing or change nothing."""
        members: list[Filter | Group] = []
        for member in self.members:
            inner = member.simplified() if isinstance(member, Group) else member
            if isinstance(inner, Filter):
                members.append(inner)
            elif inner.combine is self.combine or len(inner.members) < 2:  # noqa: PLR2004
                members.extend(inner.members)
            else:
                members.append(inner)
        if len(members) == 1:
            [only] = members
            return only if isinstance(only, Group) else Group(Combine.AND, (only,))
        return Group(self.combine, tuple(members))


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key."""

    field: str
    direction: Direction = Direction.ASC


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a list shows: filters, the search box, sort keys, archived or current."""

    where: Group = Group()
    search: str = ""
    orders: tuple[Order, ...] = ()
    archived: bool = False

    def fields(self) -> Iterator[str]:
        """Yield the name of every field that the criteria use."""
        yield from (filter_.field for filter_ in self.where.filters())
        yield from (order.field for order in self.orders)


def narrowed(criteria: Criteria, filter_: Filter) -> Criteria:
    """Return the criteria with one more required filter, unless it is there already."""
    where = criteria.where
    if where.combine is Combine.OR and len(where.members) > 1:
        where = Group(Combine.AND, (where,))
    if filter_ in where.members:
        return criteria
    return replace(criteria, where=Group(Combine.AND, (*where.members, filter_)))


@dataclass(frozen=True, slots=True)
class Field:
    """A field that lists may be filtered and perhaps sorted by.

    `can_be_empty` adds IS_EMPTY to the operators of its kind. `phrase` and `denial` put
    the field into a sentence ("born", "allergic to"); without them it reads "whose last
    name ...". `statements` replace the sentence's text for the values True and False,
    and `choice_labels` that for its choices. A LIST with choices contains nothing else.
    If `has_accents`, accents matter in comparisons.
    """

    name: str
    label: str
    kind: Kind
    is_sortable: bool = False
    can_be_empty: bool = False
    has_accents: bool = False
    choices: tuple[str, ...] = ()
    phrase: str = field(default="", compare=False)
    denial: str = field(default="", compare=False)
    statements: tuple[str, str] = field(default=("", ""), compare=False)
    choice_labels: tuple[str, ...] = field(default=(), compare=False)

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators that make sense here, the most common first."""
        operators = OPERATORS[self.kind]
        if self.kind is Kind.LIST and self.choices:
            operators = tuple(o for o in operators if o is not Operator.CONTAINS)
        if self.can_be_empty and Operator.IS_EMPTY not in operators:
            return (*operators, Operator.IS_EMPTY)
        return operators

    @property
    def comparisons(self) -> tuple[Operator, ...]:
        """The operators that are accepted: the `operators`, and those for programs.

        A list that is EQUAL to an entry is one that HAS it.
        """
        more = () if self.choices else _FOR_PROGRAMS.get(self.kind, ())
        return (*self.operators, *more)

    def label_of(self, choice: str) -> str:
        """Return the label of a choice."""
        if not self.choice_labels:
            return choice
        return self.choice_labels[self.choices.index(choice)]


Fields = Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Count:
    """How many records meet criteria, as far as could be counted in time.

    An inexact count is a lower bound, the planner's guess if `is_estimate`, or an upper
    bound that is not reached if `is_few`.
    """

    value: int
    is_exact: bool = True
    is_estimate: bool = False
    is_few: bool = False

    @property
    def shown(self) -> int:
        """The number to be shown: a guess should not look precise."""
        is_guess = self.is_estimate and not self.is_exact and not self.is_few
        return _two_digits(self.value) if is_guess else self.value

    def __str__(self) -> str:
        if self.is_exact:
            return f"{self.shown:,}"
        if self.is_few:
            return f"fewer than {self.shown:,}"
        if self.is_estimate:
            return f"about {self.shown:,}"
        return f"over {self.shown:,}"


def _two_digits(number: int) -> int:
    """Round to two significant digits."""
    return int(float(f"{number:.1e}"))
