"""Criteria as JSON, the form in which they are stored."""

from typing import Any, TypeVar

from services.core.errors import InvalidInput
from services.lists.criteria.model import (
    MAX_DEPTH,
    Combine,
    Criteria,
    Direction,
    Filter,
    Group,
    Operator,
    Order,
    Value,
)

Json = dict[str, Any]
_T = TypeVar("_T")


def to_json(criteria: Criteria) -> Json:
    """Return the criteria as a value that json.dumps takes."""
    return {
        "where": _group_to_json(criteria.where),
        "search": criteria.search,
        "orders": [
            {"field": order.field, "direction": order.direction.value}
            for order in criteria.orders
        ],
        "archived": criteria.archived,
    }


def from_json(kept: Json) -> Criteria:
    """Parse the output of to_json; raises InvalidInput if it is something else."""
    try:
        return Criteria(
            where=_group_from_json(kept["where"], 1),
            search=_expect(str, kept["search"]),
            orders=tuple(
                Order(_expect(str, order["field"]), Direction(order["direction"]))
                for order in kept["orders"]
            ),
            archived=_expect(bool, kept["archived"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidInput(
            "criteria", "These are not valid list criteria; build the list again."
        ) from None


def _group_to_json(group: Group) -> Json:
    return {
        "combine": group.combine.value,
        "members": [
            _filter_to_json(member)
            if isinstance(member, Filter)
            else _group_to_json(member)
            for member in group.members
        ],
    }


def _filter_to_json(filter_: Filter) -> Json:
    value = list(filter_.value) if isinstance(filter_.value, tuple) else filter_.value
    return {"field": filter_.field, "operator": filter_.operator.value, "value": value}


def _group_from_json(kept: Json, depth: int) -> Group:
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    return Group(
        Combine(kept["combine"]),
        tuple(
            _group_from_json(member, depth + 1)
            if "members" in member
            else _filter_from_json(member)
            for member in kept["members"]
        ),
    )


def _filter_from_json(kept: Json) -> Filter:
    return Filter(
        _expect(str, kept["field"]),
        Operator(kept["operator"]),
        _value_from_json(kept["value"]),
    )


def _value_from_json(kept: object) -> Value:
    if isinstance(kept, list):
        return tuple(_expect(str, part) for part in kept)
    return kept if isinstance(kept, bool) else _expect(str, kept)


def _expect(kind: type[_T], value: object) -> _T:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}")
    return value
