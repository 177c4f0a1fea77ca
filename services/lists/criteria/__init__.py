"""Criteria: which records a list shows, written once for page, API and export."""

from services.lists.criteria.model import (
    MAX_DEPTH as MAX_DEPTH,
    MAX_FILTERS as MAX_FILTERS,
    MAX_TEXT_LENGTH as MAX_TEXT_LENGTH,
    OPERATORS as OPERATORS,
    Combine as Combine,
    Count as Count,
    Criteria as Criteria,
    Direction as Direction,
    Field as Field,
    Fields as Fields,
    Filter as Filter,
    Group as Group,
    Kind as Kind,
    Operator as Operator,
    Order as Order,
    Value as Value,
    narrowed as narrowed,
)
from services.lists.criteria.query_string import (
    QueryCriteria as QueryCriteria,
    from_query as from_query,
)
from services.lists.criteria.rules import validate as validate
from services.lists.criteria.stored import (
    Json as Json,
    from_json as from_json,
    to_json as to_json,
)
from services.lists.criteria.wording import (
    operator_label as operator_label,
    sentence as sentence,
)
