"""Conditions of a query, rebuilt from its tree with everything typed bound.

No accepted expression can fail for one row and not for another: an error that
distinguishes rows would be an answer that no rule sees. So there are no casts and no
divisions, and numbers, days and patterns have bounds.

What OR and NOT say of the values of one column is a single condition. Where they join
several, each of these is counted separately: `services.analytics.joined_conditions`. So
is each of several terms or codes where two columns have several: AND says of these what
OR would.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Numeric,
    String,
    false,
    literal,
    not_,
    true,
)

from services.analytics.joined_conditions import (
    AllOf,
    AnyOf,
    Condition,
    Negated,
    Predicate,
    render,
)
from services.analytics.queries.model import MOST_CONDITIONS, QueryRefused
from services.analytics.queries.queryable_views import (
    PATIENT,
    ColumnKind,
    QueryableView,
)
from services.analytics.queries.syntax_tree import (
    is_a,
    is_quoted,
    name_of,
    part,
    require_only,
    unsupported,
    without_parentheses,
)
from services.core.sentences import Sentence

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

MOST_LISTED: Final = 100
LONGEST_VALUE: Final = 200
# A day plus or minus this many days is always a day that PostgreSQL knows.
MOST_DAYS: Final = 36_600
_LARGEST: Final = 1_000_000_000
_NAMES: Final = frozenset({"term", "term_key", "code"})
_NUMBER: Final = re.compile(r"\d{1,10}(\.\d{1,6})?", re.ASCII)
_DAY: Final = re.compile(r"[1-9]\d{3}-\d{2}-\d{2}", re.ASCII)
_COMPARED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "EQ": eq,
    "NEQ": ne,
    "GT": gt,
    "GTE": ge,
    "LT": lt,
    "LTE": le,
}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A view in a query, which may be in it twice: each is equal only to itself."""

    view: QueryableView
    rows: FromClause


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison, and what it can be compared with.

    `name` is that of the column, if the operand is nothing but a column, and `values`
    are the only ones that it has; empty if it has any.
    """

    value: ColumnElement[Any]
    kind: ColumnKind
    name: str = ""
    values: tuple[str, ...] = ()


Sources = Mapping[str, Source]
# Reads the SELECT in an EXISTS, where the names of its own views come first.
ParseExists = Callable[["Expression", "NameScope"], Condition]


@dataclass(slots=True)
class NameScope:
    """The views that can be named at a place in the query, the nearest first."""

    sources: list[Sources]
    exists: ParseExists
    # Whether each of several terms or codes is counted, for whom it brings in.
    counts_each_name: bool
    # One for each condition of the whole query, whichever part it is in.
    conditions: list[None] = field(default_factory=list)
    # The columns of which several terms or codes are named.
    with_several: set[tuple[Source, str]] = field(default_factory=set)

    def within(self, sources: Sources) -> "NameScope":
        """Return the scope of a SELECT inside this one."""
        return replace(self, sources=[sources, *self.sources])

    def _columns(self) -> Iterable[str]:
        """Return the names of all columns once, those of the nearest views first."""
        views = [each.view for sources in self.sources for each in sources.values()]
        return dict.fromkeys(name for view in views for name in view.columns)

    def find(self, node: "Expression") -> tuple[Source, str]:
        """Return the view and the column that a name means; raises QueryRefused."""
        require_only(node, "this", "table")
        name = name_of(node.this)
        table = part(node, "table")
        wanted = name_of(table) if table else None
        for sources in self.sources:
            if wanted is not None:
                having = [sources[wanted]] if wanted in sources else []
            else:
                having = [
                    each for each in sources.values() if name in each.view.columns
                ]
            if len(having) > 1:
                raise QueryRefused(
                    Sentence(
                        "Several views have a column {name}. Say which one, for "
                        "example {example}.",
                        name=name,
                        example=f"v.{name}",
                    )
                )
            if having and name in having[0].view.columns:
                return having[0], name
            if having:
                break
        _require_single_quotes(node)
        raise QueryRefused(
            Sentence(
                "These views have no column “{name}”. They have: {columns}.",
                name=f"{wanted}.{name}" if wanted else name,
                columns=", ".join(self._columns()),
            )
        )


def conjuncts(node: Any) -> Iterator["Expression"]:
    """Yield the conditions that are joined by AND."""
    node = without_parentheses(node)
    if is_a(node, "And"):
        require_only(node, "this", "expression")
        yield from conjuncts(node.this)
        yield from conjuncts(node.expression)
    elif node is not None:
        yield node


def require_same_patient(
    node: Any, scope: NameScope, inner: Sources, outer: Sequence[Sources]
) -> None:
    """Raise QueryRefused if no condition ties two views to the same patient.

    The patient of one of `inner` has to be the patient of one of `outer`.
    """
    for each in conjuncts(node):
        if not (is_a(each, "EQ") and _are_columns(each.this, each.expression)):
            continue
        (left, left_name), (right, right_name) = map(
            scope.find, (each.this, each.expression)
        )
        if left_name == right_name == PATIENT and any(
            _is_of(mine, inner) and any(_is_of(theirs, some) for some in outer)
            for mine, theirs in ((left, right), (right, left))
        ):
            return
    raise QueryRefused(
        Sentence(
            "Join each further view by patient: ON v.patient_id = d.patient_id, and "
            "in EXISTS the same after WHERE."
        )
    )


def _are_columns(*nodes: Any) -> bool:
    return all(is_a(node, "Column") for node in nodes)


def _is_of(source: Source, sources: Sources) -> bool:
    return any(source is each for each in sources.values())


def condition(node: Any, scope: NameScope) -> Condition:
    """Return the condition that a node expresses; raises QueryRefused."""
    node = without_parentheses(node)
    scope.conditions.append(None)
    if len(scope.conditions) > MOST_CONDITIONS:
        raise QueryRefused(
            Sentence(
                "A query can have at most {most} conditions.", most=MOST_CONDITIONS
            )
        )
    read = _CONDITIONS.get(type(node).__name__)
    if read is None:
        raise unsupported()
    return read(node, scope)


def _all_of(node: "Expression", scope: NameScope) -> Condition:
    return AllOf(tuple(condition(each, scope) for each in conjuncts(node)))


def _either(node: "Expression", scope: NameScope) -> Condition:
    require_only(node, "this", "expression")
    parts = tuple(condition(each, scope) for each in _alternatives(node))
    return _as_one(AnyOf(parts), node, scope)


def _alternatives(node: Any) -> Iterator["Expression"]:
    """Yield the conditions that are joined by OR."""
    node = without_parentheses(node)
    if is_a(node, "Or"):
        require_only(node, "this", "expression")
        yield from _alternatives(node.this)
        yield from _alternatives(node.expression)
    else:
        yield node


def _not(node: "Expression", scope: NameScope) -> Condition:
    require_only(node, "this")
    return _as_one(Negated(condition(node.this, scope)), node, scope)


def _as_one(condition_: Condition, node: "Expression", scope: NameScope) -> Condition:
    """Return a condition on the values of one column as a single one.

    Several terms or codes are the exception, if each of these is counted.
    """
    if not _is_of_one_column(node, scope):
        return condition_
    if _names_several(node):
        [column] = _columns(node, scope)
        if column[1] in _NAMES:
            scope.with_several.add(column)
            if scope.counts_each_name:
                return condition_
    return Predicate(render(condition_))


def _names_several(node: Any) -> bool:
    return any(
        is_a(each, "And", "Or")
        or (is_a(each, "In") and len(part(each, "expressions") or ()) > 1)
        for each in node.walk()
    )


def _is_of_one_column(node: "Expression", scope: NameScope) -> bool:
    has_exists = any(is_a(each, "Exists") for each in node.walk())
    return not has_exists and len(_columns(node, scope)) == 1


def _columns(node: Any, scope: NameScope) -> set[tuple[Source, str]]:
    return {scope.find(each) for each in node.walk() if is_a(each, "Column")}


def _flag(node: "Expression", scope: NameScope) -> Condition:
    operand = _column(node, scope)
    _require_kind(operand, ColumnKind.FLAG)
    return Predicate(operand.value)


def _exists(node: "Expression", scope: NameScope) -> Condition:
    require_only(node, "this")
    if len(scope.sources) > 1:
        raise QueryRefused(
            Sentence("Write each EXISTS next to the others, not one within another.")
        )
    return scope.exists(node.this, scope)


def _comparison(node: "Expression", scope: NameScope) -> Condition:
    require_only(node, "this", "expression")
    compare = _COMPARED[type(node).__name__]
    compared = _compared(node, compare, scope)
    # <> is NOT =, and two columns together decide it.
    if compare is ne and not _is_of_one_column(node, scope):
        return Negated(Predicate(not_(compared)))
    return Predicate(compared)


def _compared(
    node: "Expression", compare: Callable[[Any, Any], Any], scope: NameScope
) -> ColumnElement[bool]:
    left, right = without_parentheses(node.this), without_parentheses(node.expression)
    if _is_literal(left) and _is_literal(right):
        raise QueryRefused(Sentence("A condition compares a column with something."))
    if _is_literal(left):
        operand = _operand(right, scope)
        _require_order(operand, compare)
        return _bool(compare(_value(left, operand), operand.value))
    operand = _operand(left, scope)
    _require_order(operand, compare)
    if _is_literal(right):
        return _bool(compare(operand.value, _value(right, operand)))
    other = _operand(right, scope)
    if other.kind is not operand.kind:
        raise QueryRefused(
            Sentence(
                "Compare text with text, numbers with numbers, days with days and "
                "patients with patients."
            )
        )
    if operand.kind is ColumnKind.PATIENT and compare is not eq:
        raise unsupported()
    _require_one_order(operand, other, compare)
    return _bool(compare(operand.value, other.value))


def _require_one_order(
    left: Operand, right: Operand, compare: Callable[[Any, Any], Any]
) -> None:
    """Raise QueryRefused where an order of unlike columns is an OR in disguise.

    Whether a value comes before another depends on both: some values of the one let in
    everybody, others nobody.
    """
    is_of_like = left.kind is ColumnKind.DAY or (left.name and left.name == right.name)
    if compare not in {eq, ne} and not is_of_like:
        raise QueryRefused(
            Sentence(
                "Two columns can be compared with < and > only if they are days, or "
                "the same column of two views: v.age > d.age. Compare others with = "
                "only."
            )
        )


def _require_order(operand: Operand, compare: Callable[[Any, Any], Any] = lt) -> None:
    if operand.kind is ColumnKind.FLAG and compare not in {eq, ne}:
        raise QueryRefused(Sentence("Compare true or false only with = and <>."))


def _between(node: "Expression", scope: NameScope) -> Condition:
    require_only(node, "this", "low", "high", "negate")
    operand = _operand(node.this, scope)
    _require_order(operand)
    low, high = (_literal(part(node, name), operand.kind) for name in ("low", "high"))
    bounds = (Predicate(operand.value >= low), Predicate(operand.value <= high))
    return _negated(node, scope, AllOf(bounds))


def _in(node: "Expression", scope: NameScope) -> Condition:
    require_only(node, "this", "expressions", "negate")
    operand = _operand(node.this, scope)
    listed = part(node, "expressions") or []
    if not 0 < len(listed) <= MOST_LISTED:
        raise QueryRefused(
            Sentence(
                "Write one to {most} values in brackets after IN.", most=MOST_LISTED
            )
        )
    values = [_value(each, operand) for each in listed]
    equals = (Predicate(_bool(operand.value == value)) for value in values)
    return _negated(node, scope, AnyOf(tuple(equals)))


def _like(node: "Expression", scope: NameScope) -> Condition:
    require_only(node, "this", "expression", "negate")
    operand = _operand(node.this, scope)
    _require_kind(operand, ColumnKind.TEXT)
    pattern = without_parentheses(node.expression)
    _require_single_quotes(pattern)
    # A pattern that ends with a backslash is an error, and only for rows that match
    # what comes before it.
    if not _is_literal(pattern) or "\\" in str(pattern.this):
        raise QueryRefused(
            Sentence("Write text in quotes after LIKE, without a backslash.")
        )
    sought = _literal(pattern, ColumnKind.TEXT)
    is_like = (
        operand.value.ilike(sought)
        if is_a(node, "ILike")
        else operand.value.like(sought)
    )
    return _negated(node, scope, Predicate(is_like))


def _is(node: "Expression", scope: NameScope) -> Condition:
    require_only(node, "this", "expression", "negate")
    operand = _operand(node.this, scope)
    if is_a(node.expression, "Boolean"):
        _require_kind(operand, ColumnKind.FLAG)
        wanted = true() if node.expression.this else false()
        return _negated(node, scope, Predicate(operand.value.is_(wanted)))
    if not is_a(node.expression, "Null"):
        raise unsupported()
    return _negated(node, scope, Predicate(operand.value.is_(None)))


def _negated(node: "Expression", scope: NameScope, part_: Condition) -> Condition:
    """Return a condition, or its opposite if the node has a NOT."""
    result = Negated(part_) if part(node, "negate") else part_
    return _as_one(result, node, scope)


def _operand(node: Any, scope: NameScope) -> Operand:
    """Return a column, a day plus or minus some days, or the days between two days."""
    node = without_parentheses(node)
    if is_a(node, "Column"):
        return _column(node, scope)
    if is_a(node, "Count", "Avg"):
        raise QueryRefused(
            Sentence(
                "Write conditions on counts and means after GROUP BY: HAVING count(*) "
                ">= 20."
            )
        )
    if not is_a(node, "Add", "Sub"):
        raise unsupported()
    require_only(node, "this", "expression")
    first, second = _operand(node.this, scope), without_parentheses(node.expression)
    _require_kind(first, ColumnKind.DAY)
    if is_a(second, "Literal"):
        # Repeated sums would go beyond the days that exist, for early ones first.
        if not is_a(without_parentheses(node.this), "Column"):
            raise QueryRefused(Sentence("Add days to a column once: occurred_on + 90."))
        days = literal(_days(second), Integer)
        sum_ = first.value + days if is_a(node, "Add") else first.value - days
        return Operand(sum_, ColumnKind.DAY)
    if is_a(node, "Add"):
        raise QueryRefused(Sentence("Add days to a column once: occurred_on + 90."))
    other = _operand(second, scope)
    _require_kind(other, ColumnKind.DAY)
    return Operand(first.value - other.value, ColumnKind.NUMBER)


def _column(node: "Expression", scope: NameScope) -> Operand:
    source, name = scope.find(node)
    view = source.view
    return Operand(source.rows.c[name], view.columns[name], name, view.values_of(name))


def _days(node: "Expression") -> int:
    days = _number(node)
    if days != int(days) or days > MOST_DAYS:
        raise QueryRefused(
            Sentence(
                "To a day, add a whole number of days up to {most:,}.", most=MOST_DAYS
            )
        )
    return int(days)


def _is_literal(node: Any) -> bool:
    return is_a(node, "Literal", "Boolean") or (
        is_a(node, "Neg") and is_a(without_parentheses(node.this), "Literal")
    )


def _value(node: Any, operand: Operand) -> ColumnElement[Any]:
    """Return a literal that the operand may equal; raises QueryRefused."""
    value = _literal(node, operand.kind)
    if operand.values and str(without_parentheses(node).this) not in operand.values:
        raise QueryRefused(
            Sentence(
                "{column} has only these values: {values}.",
                column=operand.name,
                values=", ".join(f"'{each}'" for each in operand.values),
            )
        )
    return value


def _literal(node: Any, kind: ColumnKind) -> ColumnElement[Any]:
    """Return a literal, bound as what it is compared with; raises QueryRefused."""
    node = without_parentheses(node)
    _require_single_quotes(node)
    match kind:
        case ColumnKind.TEXT if _is_text(node):
            if len(node.this) > LONGEST_VALUE:
                raise QueryRefused(
                    Sentence(
                        "Text in quotes can have at most {most} characters.",
                        most=LONGEST_VALUE,
                    )
                )
            return literal(str(node.this), String)
        case ColumnKind.NUMBER if _is_literal(node) and not (
            _is_text(node) or is_a(node, "Boolean")
        ):
            return literal(number_of(node), Numeric)
        case ColumnKind.DAY if _is_text(node):
            return literal(_day(str(node.this)), Date)
        case ColumnKind.FLAG if is_a(node, "Boolean"):
            return true() if node.this else false()
    raise QueryRefused(
        Sentence(
            "Compare text with 'text', a number with a number, a day with "
            "'2026-01-31', and whether something is so with true or false. Patients "
            "are compared with each other only."
        )
    )


def _require_single_quotes(node: Any) -> None:
    """Raise QueryRefused for text in double quotes, which would be a column's name."""
    if is_a(node, "Column") and is_quoted(node.this):
        raise QueryRefused(
            Sentence(
                "These views have no column of the name in double quotes. Write text "
                "in single quotes: 'like this'."
            )
        )


def _is_text(node: Any) -> bool:
    return is_a(node, "Literal") and bool(part(node, "is_string"))


def _day(text: str) -> date:
    try:
        # date.fromisoformat() would accept the weekday of a week as well.
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise QueryRefused(Sentence("Write days that exist, as '2026-01-31'."))


def number_of(node: Any) -> Decimal:
    """Return a typed number with its sign; raises QueryRefused."""
    node = without_parentheses(node)
    if is_a(node, "Neg"):
        require_only(node, "this")
        return -_number(without_parentheses(node.this))
    return _number(node)


def _number(node: Any) -> Decimal:
    if (
        not is_a(node, "Literal")
        or part(node, "is_string")
        or not _NUMBER.fullmatch(str(node.this))
        or (number := Decimal(str(node.this))) > _LARGEST
    ):
        raise QueryRefused(
            Sentence(
                "Write numbers as 12 or 12.5, up to {most:,} and with at most six "
                "digits after the point.",
                most=_LARGEST,
            )
        )
    return number


def _require_kind(operand: Operand, kind: ColumnKind) -> None:
    if operand.kind is not kind:
        raise QueryRefused(
            Sentence(
                "Use LIKE for text, a sum for days, and a column on its own for true "
                "or false."
            )
        )


def _bool(value: Any) -> ColumnElement[bool]:
    result: ColumnElement[bool] = value
    return result


_CONDITIONS: Final[Mapping[str, Callable[[Any, NameScope], Condition]]] = {
    "And": _all_of,
    "Or": _either,
    "Not": _not,
    "Column": _flag,
    "Exists": _exists,
    "Between": _between,
    "In": _in,
    "Like": _like,
    "ILike": _like,
    "Is": _is,
    **dict.fromkeys(_COMPARED, _comparison),
}
