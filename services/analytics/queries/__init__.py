"""Queries in SQL over what analysts may count, which return no row about anybody."""

from services.analytics.queries.counting import count as count
from services.analytics.queries.estimating import estimate as estimate
from services.analytics.queries.model import (
    LONGEST_TEXT as LONGEST_TEXT,
    Query as Query,
    QueryRefused as QueryRefused,
)
from services.analytics.queries.parsing import parse as parse
from services.analytics.queries.queryable_views import (
    EXAMPLES as EXAMPLES,
    VIEWS as VIEWS,
    ColumnKind as ColumnKind,
    QueryableView as QueryableView,
)
from services.analytics.queries.results import (
    CountedCells as CountedCells,
    QueryResult as QueryResult,
    result_of as result_of,
)
from services.analytics.queries.storing import (
    QUERIES as QUERIES,
    recall as recall,
    recall_text as recall_text,
    remember as remember,
)
