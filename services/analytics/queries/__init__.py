"""Queries in SQL over what analysts may count, which return no row about anybody."""

from services.analytics.queries.counting import count as count
from services.analytics.queries.estimating import estimate as estimate
from services.analytics.queries.model import (
    LONGEST_TEXT as LONGEST_TEXT,
    Query as Query,
    QueryRefused as QueryRefused,
)
from services.analytics.queries.offered import (
    EXAMPLES as EXAMPLES,
    OFFERED as OFFERED,
    ColumnKind as ColumnKind,
    OfferedView as OfferedView,
)
from services.analytics.queries.reading import read as read
from services.analytics.queries.results import (
    CountedCells as CountedCells,
    QueryResult as QueryResult,
    show as show,
)
from services.analytics.queries.storing import (
    QUERIES as QUERIES,
    recall as recall,
    recall_text as recall_text,
    remember as remember,
)
