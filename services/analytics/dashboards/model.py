"""What a dashboard is: cards with figures, and one filter over all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.analytics import figures
from services.analytics.dashboards.age_bands import AGE_BANDS
from services.analytics.figures import Figure
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import read_line
from services.patients.records.model import Sex

# Each card is counted and disclosed separately, so that the cost of a page is limited.
MOST_CARDS: Final = 12
MOST_PINNED: Final = 6
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199
LONGEST_NAME: Final = 60
LONGEST_TITLE: Final = 80
LONGEST_DESCRIPTION: Final = 300


class Timespan(StrEnum):
    """A time to which every card is narrowed: whole months by the clinic's clock.

    A span that began and ended on any day would be another question every day, and its
    answer would differ from yesterday's by few patients.
    """

    ALL = "all time"
    LAST_MONTH = "last month"
    LAST_THREE_MONTHS = "last three months"
    LAST_TWELVE_MONTHS = "last twelve months"
    THIS_YEAR = "this year"
    LAST_YEAR = "last year"
    MONTHS = "months"


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardFilter:
    """What narrows every card; `since` and `until` are days of the months meant.

    They matter for `Timespan.MONTHS` only, and None means no limit. Empty `sexes` mean
    all, as does an empty `age_band`, which is the age at the events that a card counts.
    """

    timespan: Timespan = Timespan.ALL
    since: date | None = None
    until: date | None = None
    sexes: tuple[Sex, ...] = ()
    age_band: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure with a title; `narrowed` is its own filter, applied before any other.

    It takes the whole width of a page or half of it.
    """

    id: UUID
    title: str
    figure: Figure
    is_wide: bool = False
    narrowed: DashboardFilter = DashboardFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardDraft:
    """The content that somebody gives a dashboard."""

    name: str
    description: str = ""
    filter: DashboardFilter = DashboardFilter()
    cards: tuple[Card, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A kept dashboard; `owner` is its owner's name if that is not the actor.

    It is shared with all who count cohorts if `is_shared`, else with `shared_with`.
    """

    id: UUID
    draft: DashboardDraft
    owner: str
    version: int
    is_shared: bool
    shared_with: tuple[UUID, ...]
    changed_at: datetime

    @property
    def is_own(self) -> bool:
        """Whether the dashboard is the actor's; only its owner may change it."""
        return not self.owner


def checked(draft: DashboardDraft) -> DashboardDraft:
    """Return the draft as it is kept; raises InvalidInput, in a sentence."""
    name = read_line("name", draft.name, LONGEST_NAME)
    if not name:
        raise InvalidInput("name", "Give the dashboard a name.")
    description = read_line("description", draft.description, LONGEST_DESCRIPTION)
    check_filter(draft.filter)
    return DashboardDraft(
        name=name,
        description=description,
        filter=draft.filter,
        cards=check_cards(draft.cards),
    )


def check_cards(cards: Sequence[Card], *, most: int = MOST_CARDS) -> tuple[Card, ...]:
    """Return the cards as they are kept; raises InvalidInput if they cannot be."""
    if len(cards) > most:
        raise InvalidInput(
            "cards",
            Sentence(
                "There is room for {most} cards. Remove one, then add another.",
                most=most,
            ),
        )
    return tuple(map(_check_card, cards))


def _check_card(card: Card) -> Card:
    title = read_line("title", card.title, LONGEST_TITLE)
    if not title:
        raise InvalidInput("title", "Give the card a title.")
    figures.validate(card.figure)
    check_filter(card.narrowed)
    return replace(card, title=title)


def check_filter(dashboard_filter: DashboardFilter) -> None:
    """Raise InvalidInput, in a sentence, for a filter that leaves no time."""
    for name, day in (
        ("since", dashboard_filter.since),
        ("until", dashboard_filter.until),
    ):
        # Computing the end of the last month that calendars know would fail.
        if day and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise InvalidInput(
                name,
                Sentence(
                    "Choose months from {first} to {last}.",
                    first=_FIRST_YEAR,
                    last=_LAST_YEAR,
                ),
            )
    if (
        dashboard_filter.since
        and dashboard_filter.until
        and dashboard_filter.since > dashboard_filter.until
    ):
        raise InvalidInput("since", "The first month is after the last one; swap them.")
    if dashboard_filter.age_band and dashboard_filter.age_band not in AGE_BANDS:
        raise InvalidInput("age_band", "Choose a band of ages, such as 30–39.")
