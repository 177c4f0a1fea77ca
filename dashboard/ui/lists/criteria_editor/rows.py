"""The rows of a criteria editor: their content, and its conversion into criteria.

What is typed is kept only in widget state. The numbers of rows and groups are never
reused, so no row inherits the content of one that was removed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import streamlit as st

from dashboard.ui.words import read_days, write_days
from services.lists.criteria import (
    Combine,
    Criteria,
    Direction,
    Field,
    Fields,
    Filter,
    Group,
    Kind,
    Operator,
    Order,
    Value,
)

#: Fields whose values are days.
DAYS: Final = frozenset({Kind.DATE, Kind.TIMESTAMP})
SPAN_UNITS: Final = ("days", "weeks", "months", "years")
# Shapes that consist of two inputs.
_COMPOSED: Final = {"ends": ("from", "to"), "span": ("span_count", "span_unit")}
_PARTS: Final = (
    *("text", "term", "choice", "choices", "yes"),
    *(part for parts in _COMPOSED.values() for part in parts),
)


@dataclass(slots=True)
class GroupBox:
    """A group on screen: the numbers of its filter rows, and nested groups."""

    number: int
    members: list["int | GroupBox"] = field(default_factory=list)


@dataclass(slots=True)
class _Tree:
    mark: str
    root: GroupBox
    orders: list[int]
    numbers: "count[int]"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one page; every change is a callback of a button or an input."""

    page: str
    fields: Fields

    @property
    def root(self) -> GroupBox:
        """The outermost group."""
        return self._tree.root

    @property
    def orders(self) -> list[int]:
        """The numbers of the sort keys."""
        return self._tree.orders

    def fill(self, shown: Criteria, *, mark: str) -> None:
        """Put criteria into the rows, once per mark."""
        tree: _Tree | None = st.session_state.get(self._tree_key)
        if tree is not None and tree.mark == mark:
            return
        numbers = count(1)
        root = self._box_of(shown.where, numbers)
        orders = [self._order_of(order, numbers) for order in shown.orders]
        st.session_state[self._tree_key] = _Tree(mark, root, orders, numbers)
        st.session_state[f"{self.page}_archived"] = shown.archived

    def criteria(self, search: str) -> Criteria:
        """Return the criteria in the rows, as typed."""
        orders = tuple(
            Order(self.value("order", n), self.value("direction", n))
            for n in self.orders
        )
        archived = bool(st.session_state[f"{self.page}_archived"])
        return Criteria(self._group_of(self.root), search, orders, archived)

    def field(self, number: int) -> Field:
        """Return the field of a filter row."""
        return self.fields[self.value("field", number)]

    def shape(self, number: int) -> str:
        """Return the kind of input that the row's field and operator need."""
        row_field, operator = self.field(number), self.value("operator", number)
        if operator is Operator.IS_EMPTY or row_field.kind is Kind.FLAG:
            return "yes"
        if operator is Operator.BETWEEN:
            return "ends"
        if operator is Operator.IN_THE_LAST:
            return "span"
        if row_field.choices:
            return "choices" if operator is Operator.IN else "choice"
        if row_field.kind is Kind.LIST and operator is not Operator.CONTAINS:
            return "term"
        return "text"

    def key(self, name: str, number: int) -> str:
        """Return the key of a row's widget."""
        return f"{self.page}_{name}_{number}"

    def input_of(self, field: str) -> str:
        """Return the name of the input in a field's first row, if there is a row.

        A name that is not the field of any row is returned as it is.
        """
        for number in self._numbers_in(self.root):
            if self.value("field", number) == field:
                shape = self.shape(number)
                return f"{_COMPOSED.get(shape, (shape,))[0]}_{number}"
        return field

    def _numbers_in(self, box: GroupBox) -> Iterator[int]:
        for member in box.members:
            if isinstance(member, GroupBox):
                yield from self._numbers_in(member)
            else:
                yield member

    def value(self, name: str, number: int) -> Any:
        """Return the value of a row's widget."""
        return st.session_state[self.key(name, number)]

    def add_filter(self, box: GroupBox) -> None:
        """Add a row for the first field to a group."""
        number = next(self._tree.numbers)
        self._set("field", number, next(iter(self.fields)))
        self.reset(number)
        box.members.append(number)

    def add_group(self, box: GroupBox) -> None:
        """Add a group with one row; a nested group is meant for "any of these"."""
        inner = GroupBox(next(self._tree.numbers))
        self._set("combine", inner.number, Combine.OR)
        box.members.append(inner)
        self.add_filter(inner)

    def free_orders(self) -> list[str]:
        """Return the fields that can still become a sort key."""
        taken = {self.value("order", number) for number in self.orders}
        return [
            name
            for name, known in self.fields.items()
            if known.is_sortable and name not in taken
        ]

    def add_order(self) -> None:
        """Add a sort key that is not there yet."""
        order = Order(self.free_orders()[0], Direction.ASC)
        self.orders.append(self._order_of(order, self._tree.numbers))

    def reset(self, number: int) -> None:
        """Reset a row after its field changed: the value was for the other field."""
        self._set("operator", number, self.field(number).operators[0])
        for part in _PARTS:
            # If an input is set, even to nothing, it loses what is typed into it before
            # the page has the answer.
            if st.session_state.get(self.key(part, number), "") != "":
                del st.session_state[self.key(part, number)]
        self.complete(number)

    def complete(self, number: int) -> None:
        """Give a row a value of the shape that its operator takes."""
        shape = self.shape(number)
        if shape in _COMPOSED:
            self._complete_parts(shape, number)
        elif self.key(shape, number) not in st.session_state:
            first = self.field(number).choices[0] if shape == "choice" else ""
            self._set(shape, number, _as_typed(shape, first))

    def _complete_parts(self, shape: str, number: int) -> None:
        """Begin with what was typed for another comparison, if it was one value."""
        typed = str(st.session_state.get(self.key("text", number), ""))
        given = (typed, "") if shape == "ends" else ("30", "days")
        for part, text in zip(_COMPOSED[shape], given, strict=True):
            if self.key(part, number) not in st.session_state:
                self._set(part, number, text)

    def keep_last_term(self, number: int) -> None:
        """Keep only the term that was chosen last."""
        # If set without need, the input would empty itself while somebody types.
        if len(terms := self.value("term", number)) > 1:
            self._set("term", number, terms[-1:])

    def _box_of(self, group: Group, numbers: "count[int]") -> GroupBox:
        box = GroupBox(next(numbers))
        self._set("combine", box.number, group.combine)
        box.members += [
            self._box_of(member, numbers)
            if isinstance(member, Group)
            else self._row_of(member, numbers)
            for member in group.members
        ]
        return box

    def _row_of(self, filter_: Filter, numbers: "count[int]") -> int:
        number = next(numbers)
        self._set("field", number, filter_.field)
        self._set("operator", number, filter_.operator)
        shape = self.shape(number)
        if shape in _COMPOSED:
            for part, text in zip(
                _COMPOSED[shape], _parts_of(shape, filter_.value), strict=True
            ):
                self._set(part, number, self._written(number, text))
        else:
            typed = self._written(number, _as_typed(shape, filter_.value))
            self._set(shape, number, _as_offered(self.field(number), typed))
        return number

    def _order_of(self, order: Order, numbers: "count[int]") -> int:
        number = next(numbers)
        self._set("order", number, order.field)
        self._set("direction", number, order.direction)
        return number

    def _group_of(self, box: GroupBox) -> Group:
        members = tuple(
            self._group_of(member)
            if isinstance(member, GroupBox)
            else self._filter(member)
            for member in box.members
        )
        return Group(self.value("combine", box.number), members)

    def _filter(self, number: int) -> Filter:
        shape = self.shape(number)
        return Filter(
            self.value("field", number),
            self.value("operator", number),
            self._typed(shape, number),
        )

    def _typed(self, shape: str, number: int) -> Value:
        """Return the content of a row's inputs as its filter's value."""
        if shape not in _COMPOSED:
            typed = self._read(number, self.value(shape, number))
            return _as_value(shape, typed)
        parts = [
            str(self._read(number, self.value(part, number)) or "")
            for part in _COMPOSED[shape]
        ]
        return tuple(parts) if shape == "ends" else " ".join(parts).strip()

    def _read(self, number: int, typed: Any) -> Any:
        is_days = isinstance(typed, str) and self.field(number).kind in DAYS
        return read_days(typed) if is_days else typed

    def _written(self, number: int, value: Any) -> Any:
        is_days = isinstance(value, str) and self.field(number).kind in DAYS
        return write_days(value) if is_days else value

    @property
    def _tree_key(self) -> str:
        return f"{self.page}_editor"

    @property
    def _tree(self) -> _Tree:
        tree: _Tree = st.session_state[self._tree_key]
        return tree

    def _set(self, name: str, number: int, value: object) -> None:
        st.session_state[self.key(name, number)] = value


def _parts_of(shape: str, value: Value) -> tuple[str, str]:
    """Return a filter's value as the two inputs of that shape need it."""
    if shape == "ends":
        listed = value if isinstance(value, tuple) else str(value).split(",")
        first, last, *_ = (*(text.strip() for text in listed), "", "")
        return first, last
    count, _, unit = str(value).strip().rpartition(" ")
    # "30days" is understood, too.
    match = re.fullmatch(r"([0-9]*) *([a-z]*)", f"{count}{unit}".lower())
    count, unit = match.groups() if match else (count, unit)
    unit = unit.removesuffix("s") + "s"
    return count, unit if unit in SPAN_UNITS else SPAN_UNITS[0]


def _as_typed(shape: str, value: Value) -> object:
    """Return a filter's value as an input of that shape needs it."""
    if shape == "yes":
        return str(value).lower() != "false"
    if shape == "choices":
        listed = value if isinstance(value, tuple) else str(value).split(",")
        return [text.strip().lower() for text in listed if text.strip()]
    if shape == "term":
        return [str(value)] if value else []
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _as_offered(row_field: Field, typed: object) -> object:
    """Return choices spelled as they are offered, however they were typed."""
    if not row_field.choices:
        return typed
    known = {choice.lower(): choice for choice in row_field.choices}
    if isinstance(typed, list):
        return [known.get(choice, choice) for choice in typed]
    return known.get(str(typed).lower(), typed)


def _as_value(shape: str, typed: object) -> Value:
    """Return the content of an input of that shape as a filter's value."""
    if isinstance(typed, bool):
        return typed
    if isinstance(typed, list):
        if shape == "term":
            return str(typed[0]) if typed else ""
        return tuple(str(item) for item in typed)
    return str(typed or "")
