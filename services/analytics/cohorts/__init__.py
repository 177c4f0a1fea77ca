"""Cohorts: how many patients had an event, and how many of them what came next."""

from services.analytics.cohorts.comparing import (
    FEWEST as FEWEST,
    MOST as MOST,
    ComparedShare as ComparedShare,
    Comparison as Comparison,
    compare as compare,
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
    Hidden as Hidden,
)
from services.analytics.cohorts.running import count as count
from services.analytics.cohorts.storing import (
    COHORTS as COHORTS,
    from_json as from_json,
    recall as recall,
    remember as remember,
    to_json as to_json,
)
from services.analytics.cohorts.telling import (
    JointAnswer as JointAnswer,
    RevealsFew as RevealsFew,
    UndisclosedAnswer as UndisclosedAnswer,
    tell as tell,
)
