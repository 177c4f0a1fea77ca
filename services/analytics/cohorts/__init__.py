"""Cohorts: how many patients had an event, and how many of them what came next."""

from services.analytics.cohorts.comparing import (
    FEWEST_COHORTS as FEWEST_COHORTS,
    MOST_COHORTS as MOST_COHORTS,
    ComparedShare as ComparedShare,
    Comparison as Comparison,
    compare as compare,
)
from services.analytics.cohorts.counting import count as count
from services.analytics.cohorts.disclosure import (
    CompositeAnswer as CompositeAnswer,
    RevealsFew as RevealsFew,
    UndisclosedAnswer as UndisclosedAnswer,
    disclose as disclose,
)
from services.analytics.cohorts.model import (
    Cohort as Cohort,
    CohortEvent as CohortEvent,
    Dimension as Dimension,
    EventKind as EventKind,
    Rule as Rule,
    Window as Window,
    WindowSide as WindowSide,
)
from services.analytics.cohorts.results import (
    CohortCount as CohortCount,
    CohortResult as CohortResult,
    SuppressionReason as SuppressionReason,
)
from services.analytics.cohorts.storing import (
    COHORTS as COHORTS,
    from_json as from_json,
    recall as recall,
    remember as remember,
    to_json as to_json,
)
