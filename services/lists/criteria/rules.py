"""The rules that criteria must satisfy."""

from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import is_storable
from services.lists.criteria import values
from services.lists.criteria.model import (
    MAX_DEPTH,
    MAX_FILTERS,
    MAX_ORDERS,
    MAX_TEXT_LENGTH,
    Criteria,
    Field,
    Fields,
    Filter,
    Order,
)


def validate(criteria: Criteria, fields: Fields) -> None:
    """Raise InvalidInput, naming the field, unless every part is valid."""
    _validate_size(criteria)
    for filter_ in criteria.where.filters():
        values.read(field_of(filter_, fields), filter_)
    for order in criteria.orders:
        _validate_order(order, fields)
    if not is_storable(criteria.search):
        raise InvalidInput(
            "search", "The search contains a character that cannot be stored."
        )


def field_of(filter_: Filter, fields: Fields) -> Field:
    """Return the filter's field; raises InvalidInput if it or the operator is bad."""
    field = fields.get(filter_.field)
    if field is None:
        raise unknown_field(filter_.field, filter_.field, fields)
    if filter_.operator not in field.comparisons:
        raise InvalidInput(
            filter_.field,
            Sentence(
                "{label} cannot be compared by {operator}. Use one of: {comparisons}.",
                label=Sentence(field.label),
                operator=filter_.operator,
                comparisons=", ".join(field.comparisons),
            ),
        )
    return field


def unknown_field(property_name: str, name: str, fields: Fields) -> InvalidInput:
    """Return the refusal for a field that does not exist."""
    return InvalidInput(
        property_name,
        f'There is no field "{_short(name)}". The fields are {", ".join(fields)}.',
    )


def _validate_size(criteria: Criteria) -> None:
    if criteria.where.depth() > MAX_DEPTH:
        raise InvalidInput(
            "where",
            Sentence(
                "Groups can be nested at most {most} levels deep; simplify some.",
                most=MAX_DEPTH,
            ),
        )
    if sum(1 for _ in criteria.where.filters()) > MAX_FILTERS:
        raise InvalidInput(
            "where",
            Sentence(
                "A list can have at most {most} filters; remove some.",
                most=MAX_FILTERS,
            ),
        )
    if len(criteria.orders) > MAX_ORDERS:
        raise InvalidInput(
            "orderBy",
            Sentence(
                "A list can be sorted by at most {most} fields.",
                most=MAX_ORDERS,
            ),
        )
    if len({order.field for order in criteria.orders}) < len(criteria.orders):
        raise InvalidInput("orderBy", "Sort by each field only once.")
    if len(criteria.search) > MAX_TEXT_LENGTH:
        raise InvalidInput(
            "search",
            Sentence(
                "Search for at most {most} characters.",
                most=MAX_TEXT_LENGTH,
            ),
        )


def _validate_order(order: Order, fields: Fields) -> None:
    field = fields.get(order.field)
    if field is None or not field.is_sortable:
        sortable = ", ".join(f.name for f in fields.values() if f.is_sortable)
        raise InvalidInput(
            order.field,
            Sentence(
                'A list cannot be sorted by "{field}". Use one of: {sortable}.',
                field=_short(order.field),
                sortable=sortable,
            ),
        )


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004
