"""Conditions that OR and NOT join, and whether few decide what is disclosed of many.

Joined to a condition on many, a condition on somebody is an oracle: if the number of
the many is disclosed, nobody meets it, and if it is refused, somebody does. So each
joined condition has to bring in or leave out at least the smallest group. Nobody counts
as few: otherwise the refusal would distinguish the two.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    case,
    false,
    literal_column,
    not_,
    or_,
    true,
)

from services.analytics.members import Members, distinct, union_of
from services.core.errors import NotAllowed
from services.core.sentences import Sentence

# Each is counted twice: as if it held for everybody, and as if for nobody.
MOST_JOINED: Final = 12


class DecidedByFew(NotAllowed):
    """Whether a number is disclosed would reveal if anybody meets a condition."""

    def __init__(self, smallest_group: int) -> None:
        super().__init__(
            Sentence(
                "These counts are suppressed: each condition that OR or NOT joins "
                "with others has to bring in or leave out at least {k} patients, or "
                "they would reveal fewer. Leave one out, or ask for what it says in a "
                "separate question.",
                k=smallest_group,
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Predicate:
    """A condition that is true or false as a whole; it is equal only to itself."""

    value: ColumnElement[bool]


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    """Conditions that are joined by AND."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """Conditions that are joined by OR."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Negated:
    """The condition that another one is not met."""

    part: "Condition"


@dataclass(frozen=True, slots=True, eq=False)
class Existing:
    """The condition that something exists which meets `part`; it is a condition itself.

    `known` is the same condition where it was evaluated before.
    """

    part: "Condition"
    build: Callable[[ColumnElement[bool]], ColumnElement[bool]]
    known: ColumnElement[bool] | None = None


Condition = Predicate | AllOf | AnyOf | Negated | Existing


def find_joined(
    condition: Condition, *, is_joined: bool = False
) -> Iterator[Condition]:
    """Yield the conditions that OR or NOT joins with others."""
    match condition:
        case Predicate():
            if is_joined:
                yield condition
        case Existing(part=part):
            if is_joined:
                yield condition
            yield from find_joined(part)
        case AllOf(parts=parts):
            for each in parts:
                yield from find_joined(each, is_joined=is_joined)
        case AnyOf(parts=parts):
            for each in parts:
                yield from find_joined(each, is_joined=is_joined or len(parts) > 1)
        case Negated(part=part):
            yield from find_joined(part, is_joined=True)


def render(
    condition: Condition, replaced: Condition | None = None, *, by: bool = False
) -> ColumnElement[bool]:
    """Return a condition as it is run, with `replaced` in it set to true or false.

    Where the replaced condition is NULL, it stays so: otherwise everybody who lacks a
    value would come in or go out with the few for whom it is true.
    """
    if condition is replaced:
        return _render_replaced(condition, by=by)
    match condition:
        case Predicate(value=value):
            return value
        case Existing():
            return _render_existing(condition, replaced, by=by)
        case AllOf(parts=parts):
            return and_(true(), *(render(each, replaced, by=by) for each in parts))
        case AnyOf(parts=parts):
            return or_(false(), *(render(each, replaced, by=by) for each in parts))
        case Negated(part=part):
            return not_(render(part, replaced, by=by))


def _render_existing(
    condition: Existing, replaced: Condition | None, *, by: bool
) -> ColumnElement[bool]:
    is_varied = any(each is replaced for each in find_joined(condition.part))
    if condition.known is not None and not is_varied:
        return condition.known
    return condition.build(render(condition.part, replaced, by=by))


def _render_replaced(condition: Condition, *, by: bool) -> ColumnElement[bool]:
    answer = true() if by else false()
    match condition:
        case Predicate(value=value):
            return case((value.is_not(None), answer))
    return answer


def variations(condition: Condition) -> tuple[ColumnElement[bool], ...]:
    """Return a condition with each joined condition in it set to false, and to true."""
    return tuple(
        render(condition, each, by=by)
        for each in find_joined(condition)
        for by in (False, True)
    )


def signature(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Return a number whose bits say which conditions a row meets, the first lowest."""
    none = literal_column("0", BigInteger)
    bits = (
        case((each, literal_column(str(1 << place), BigInteger)), else_=none)
        for place, each in enumerate(conditions)
    )
    total: ColumnElement[int] = next(bits)
    for bit in bits:
        total = total.op("|")(bit)
    return total


def unions_by_bit(
    classes: Iterable[tuple[int, Members]], number: int
) -> tuple[Members, ...]:
    """Return the members that meet each condition, from members by signature."""
    rows = list(classes)
    return tuple(
        union_of([members for bits, members in rows if bits >> place & 1])
        for place in range(number)
    )


def is_decided_by_few(
    by_variation: Sequence[Members], k: int, *, patient_shift: int = 0
) -> bool:
    """Return whether a joined condition brings in or leaves out fewer than `k`.

    `by_variation` are hashes of the members of an answer, and then of the answer with
    each condition replaced; their bits from `patient_shift` on are those of the
    patient. If a group may be of one patient, there are no few to protect.
    """
    if k <= 1 or not by_variation:
        return False
    answer, *varied = map(distinct, by_variation)
    return any(
        len(distinct(np.setxor1d(answer, each, assume_unique=True) >> patient_shift))
        < k
        for each in varied
    )
