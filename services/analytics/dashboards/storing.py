"""Cards and filters as JSON, as they are in the database."""

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from services.analytics.dashboards.age_bands import AGE_BANDS
from services.analytics.dashboards.model import Card, DashboardFilter
from services.core.errors import Unavailable

_CARDS: Final = TypeAdapter(tuple[Card, ...])
_FILTER: Final = TypeAdapter(DashboardFilter)


class UnreadableDashboard(Unavailable):
    """A newer version of the app kept the dashboard, with parts unknown to this one."""

    def __init__(self) -> None:
        super().__init__(
            "This dashboard was changed by a newer version of the app. Open it again "
            "once all servers are up to date."
        )


def cards_to_json(cards: tuple[Card, ...]) -> list[dict[str, Any]]:
    """Return the cards as a value that json.dumps takes, without defaults."""
    kept = _CARDS.dump_python(cards, mode="json", exclude_defaults=True)
    return list(kept)


def filter_to_json(dashboard_filter: DashboardFilter) -> dict[str, Any]:
    """Return the filter as a value that json.dumps takes."""
    kept: dict[str, Any] = _FILTER.dump_python(
        dashboard_filter, mode="json", exclude_defaults=True
    )
    return kept


def read_cards(kept: object) -> tuple[Card, ...]:
    """Read what cards_to_json wrote; raises UnreadableDashboard."""
    try:
        cards = _CARDS.validate_python(kept, extra="forbid")
    except ValidationError:
        raise UnreadableDashboard from None
    for card in cards:
        _require_known_age_band(card.narrowed)
    return cards


def read_filter(kept: object) -> DashboardFilter:
    """Read what filter_to_json wrote; raises UnreadableDashboard."""
    try:
        dashboard_filter = _FILTER.validate_python(kept, extra="forbid")
    except ValidationError:
        raise UnreadableDashboard from None
    _require_known_age_band(dashboard_filter)
    return dashboard_filter


def _require_known_age_band(dashboard_filter: DashboardFilter) -> None:
    if dashboard_filter.age_band and dashboard_filter.age_band not in AGE_BANDS:
        raise UnreadableDashboard
