"""A saved list on paper shows its number as exactly as it was counted."""

from datetime import UTC, datetime

import pytest

from services.analytics.pseudonymised_lists import DisclosedList
from services.analytics.subscriptions.list_cards import size_card
from services.lists.criteria import Count

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (Count(1_234), 1_234),
        (Count(5, is_exact=False, is_few=True), "fewer than 5"),
        (Count(10_000, is_exact=False), "over 10,000"),
        # The planner's estimate, which may be too high.
        (Count(41_376, is_exact=False, is_estimate=True), "about 41,000"),
    ],
)
def test_a_number_is_told_as_what_it_is(count, shown):
    card = size_card(DisclosedList[None](5, count=count), NOW)

    assert card.result.rows == ((shown,),)
