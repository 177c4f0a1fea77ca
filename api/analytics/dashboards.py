"""/api/v1/dashboards: figures on one page, counted as the page counts them."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.analytics.cohort_figures import FigureShown, shown_of
from api.analytics.cohorts import count_and_disclose
from api.core.answers import JsonResponse, Shown
from api.core.bodies import AS_TEXT
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from services.analytics import dashboards, figures
from services.analytics.dashboards import (
    BUILT_IN,
    Card,
    Dashboard,
    DashboardDraft,
    DashboardFilter,
    Timespan,
    narrow_card,
)
from services.core.actors import Permission
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.patients.records.model import Sex

router = APIRouter(prefix="/api/v1/dashboards", tags=["Statistics"])

TimespanName = Literal[
    "all time",
    "last month",
    "last three months",
    "last twelve months",
    "this year",
    "last year",
    "months",
]
_SexName = Literal["female", "male", "other", "unknown"]


class FilterShown(Shown):
    """What narrows every card: whole months, sexes (empty for all), and ages.

    `since` and `until` are days in the first and last month where `time` is `months`.
    An empty `age_band` means every age.
    """

    time: TimespanName
    since: date | None
    until: date | None
    sexes: list[_SexName]
    age_band: str


class ListedDashboardShown(Shown):
    """A dashboard; `key` is the one in the address of its page.

    `owner` is the name of the person who shares it; null for the caller's own and where
    `comes_with_app`.
    """

    key: str
    name: str
    description: str
    owner: str | None
    comes_with_app: bool
    cards: int
    changed_at: datetime | None


class DashboardsShown(Shown):
    """The caller's own dashboards by name, then shared ones, then those of the app."""

    dashboards: list[ListedDashboardShown]


class CardShown(Shown):
    """A card's figure, or null and a sentence that says why it may not be shown."""

    title: str
    figure: FigureShown | None
    refusal: str | None


class DashboardShown(Shown):
    """A dashboard's cards, as `filter` narrows them."""

    key: str
    name: str
    description: str
    filter: FilterShown
    cards: list[CardShown]


@router.get("", responses=shows(DashboardsShown))
def list_dashboards(caller: ProgramOrPerson) -> Response:
    """List the dashboards that the caller may open; nothing is counted."""
    saved = caller.read(
        lambda session: dashboards.list_dashboards(session, caller.actor)
    ).value
    listed = [
        *(_listed(str(each.id), each.draft, each) for each in saved),
        *(_listed(key, draft) for key, draft in BUILT_IN.items()),
    ]
    return JsonResponse({"dashboards": listed})


@router.get("/{key}", responses=shows(DashboardShown, 404))
def count_cards(
    caller: ProgramOrPerson,
    key: str,
    *,
    time: Annotated[
        TimespanName | None,
        Query(
            description="Time span of all cards; without any of the five "
            "parameters, the dashboard's own."
        ),
    ] = None,
    since: Annotated[
        date | None,
        AS_TEXT,
        Query(description="Any day in the first month of `months`."),
    ] = None,
    until: Annotated[
        date | None,
        AS_TEXT,
        Query(description="Any day in the last month of `months`."),
    ] = None,
    sexes: Annotated[
        list[_SexName] | None,
        Query(description="Sexes to include, repeatable; all by default."),
    ] = None,
    age_band: Annotated[
        str | None,
        Query(description="Age band at the time of the events: 0–9 to 80–89, or 90+."),
    ] = None,
) -> Response:
    """Count a dashboard's cards; small groups are hidden.

    If any of the five filter parameters is given, together they replace the dashboard's
    own filter. Each card is counted separately; where its figure may not be shown,
    `refusal` says why.
    """
    draft = _draft(caller, key)
    dashboard_filter = draft.filter
    if time or since or until or sexes or age_band:
        is_months = time is None and (since or until)
        dashboard_filter = DashboardFilter(
            timespan=Timespan.MONTHS if is_months else Timespan(time or Timespan.ALL),
            since=since,
            until=until,
            sexes=tuple(sex for sex in Sex if sex in (sexes or ())),
            age_band=age_band or "",
        )
    dashboards.check_filter(dashboard_filter)
    return _counted(caller, key, draft, dashboard_filter)


def _counted(
    caller: Caller, key: str, draft: DashboardDraft, dashboard_filter: DashboardFilter
) -> Response:
    return JsonResponse(
        {
            "key": key,
            "name": draft.name,
            "description": draft.description,
            "filter": {
                "time": dashboard_filter.timespan,
                "since": dashboard_filter.since,
                "until": dashboard_filter.until,
                "sexes": list(dashboard_filter.sexes),
                "age_band": dashboard_filter.age_band,
            },
            "cards": [_card(caller, card, dashboard_filter) for card in draft.cards],
        }
    )


def _draft(caller: Caller, key: str) -> DashboardDraft:
    caller.actor.require(Permission.COUNT_COHORTS)
    if key in BUILT_IN:
        return BUILT_IN[key]
    try:
        dashboard_id = UUID(key)
    except ValueError:
        raise NotFound("There is no such dashboard.") from None
    return caller.read(
        lambda session: dashboards.get_dashboard(session, caller.actor, dashboard_id)
    ).value.draft


def _card(
    caller: Caller, card: Card, dashboard_filter: DashboardFilter
) -> dict[str, Any]:
    now, least = caller.stores.now(), caller.stores.smallest_group
    try:
        figure = narrow_card(card, dashboard_filter, now.date())
        written = count_and_disclose(
            caller,
            lambda session: figures.count(
                session, caller.actor, figure, now=now, smallest_group=least
            ),
        )
    except (NotAllowed, InvalidInput) as refusal:
        return {"title": card.title, "figure": None, "refusal": str(refusal)}
    # An equal question that was disclosed before may have been drawn differently.
    result = replace(written.value, figure=figure)
    return {"title": card.title, "figure": shown_of(result), "refusal": None}


def _listed(
    key: str, draft: DashboardDraft, kept: Dashboard | None = None
) -> dict[str, Any]:
    return {
        "key": key,
        "name": draft.name,
        "description": draft.description,
        "owner": (kept.owner or None) if kept else None,
        "comes_with_app": kept is None,
        "cards": len(draft.cards),
        "changed_at": kept.changed_at if kept else None,
    }
