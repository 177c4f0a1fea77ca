"""Criteria: which records a list shows, written once for page, API and export."""

from services.lists.criteria.model import (
    MAX_DEPTH,
    MAX_FILTERS,
    MAX_ORDERS,
    OPERATORS,
    Combine,
    Count,
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
from services.lists.criteria.query_string import (
    DEFAULT_PER_PAGE,
    MAX_PER_PAGE,
    QueryCriteria,
    from_query,
)
from services.lists.criteria.rules import validate
from services.lists.criteria.stored import Json, from_json, to_json
from services.lists.criteria.wording import operator_label, sentence

__all__ = [
    "DEFAULT_PER_PAGE",
    "MAX_DEPTH",
    "MAX_FILTERS",
    "MAX_ORDERS",
    "MAX_PER_PAGE",
    "OPERATORS",
    "Combine",
    "Count",
    "Criteria",
    "Direction",
    "Field",
    "Fields",
    "Filter",
    "Group",
    "Json",
    "Kind",
    "Operator",
    "Order",
    "QueryCriteria",
    "Value",
    "from_json",
    "from_query",
    "operator_label",
    "sentence",
    "to_json",
    "validate",
]
