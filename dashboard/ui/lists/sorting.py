"""The order of a list in its table's header: its marks, and what clicks do."""

from collections.abc import Sequence
from dataclasses import replace

from dashboard.ui.record_table import Column, Sorted, TableEvent
from dashboard.ui.words import sorted_by
from services.lists.criteria import Direction, Order


def marks_of(orders: Sequence[Order]) -> list[Sorted]:
    """Return the marks of the header."""
    return [Sorted(order.field, order.direction is Direction.DESC) for order in orders]


def sorted_by_name(head: Column, orders: Sequence[Order]) -> Column:
    """Return the header of a column of names, sorted by the name that comes first.

    If the list is already sorted by either name, that one is marked.
    """
    names = ("last_name", "first_name")
    marked = next((order.field for order in orders if order.field in names), None)
    return replace(head, order=marked or sorted_by())


def reordered(orders: tuple[Order, ...], event: TableEvent) -> tuple[Order, ...]:
    """Return the sort keys after a click on a header: up, then down, then not at all.

    With `adds_key` the other keys keep their places.
    """
    before = next((order for order in orders if order.field == event.sort), None)
    after = _after_click(str(event.sort), before)
    if not event.adds_key:
        return after
    if before is None:
        return (*orders, *after)
    place = orders.index(before)
    return (*orders[:place], *after, *orders[place + 1 :])


def _after_click(field: str, before: Order | None) -> tuple[Order, ...]:
    if before is None:
        return (Order(field, Direction.ASC),)
    if before.direction is Direction.ASC:
        return (Order(field, Direction.DESC),)
    return ()
