"""The ready dashboards can be shown of a small clinic, in whatever order they open.

Somebody who opens one after the other must not be refused a card of the second because
of what the first has shown: suppression stays as strict, so the cards have to agree.
Whether counts together reveal few does not depend on which came first, so two orders
are enough.
"""

import pytest

from db.postgres import SYSTEM
from services.analytics import cohorts, figures
from services.analytics.dashboards import BUILT_IN
from services.analytics.dashboards.narrowing import narrow_card
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from tests.kit import cast
from tests.services.demo.history.conftest import ZONE

_SMALLEST_GROUP = 5


@pytest.fixture
def disclose(lived):
    """Returns a card of a dashboard, as shown to the demo's analyst."""
    people = lived.database.read_latest(cast.get_demo, identity=SYSTEM).value
    analyst = people[Role.ANALYST]
    now = lived.now.astimezone(ZONE)

    def disclose(card, shown):
        figure = narrow_card(card, shown, now.date())

        def ask(session):
            counted = figures.count(
                session, analyst, figure, now=now, smallest_group=_SMALLEST_GROUP
            )
            cohorts.disclose(session, analyst, counted)

        ActorDatabase(lived.database, analyst).write(ask)

    return disclose


@pytest.mark.parametrize("order", [list(BUILT_IN), list(BUILT_IN)[::-1]], ids="-".join)
def test_no_card_is_refused_because_of_another_dashboard(lived, disclose, order):
    for table in ("told_groups", "told_answers"):
        lived.change(f"DELETE FROM {table}")
    refused = []

    for name in order:
        for card in BUILT_IN[name].cards:
            try:
                disclose(card, BUILT_IN[name].filter)
            except cohorts.RevealsFew:
                refused.append(f"{name}: {card.title}")

    assert refused == []
    assert lived.value("SELECT count(*) FROM told_groups") > 100
