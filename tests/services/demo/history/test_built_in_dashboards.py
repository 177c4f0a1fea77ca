"""The ready dashboards can be shown of a small clinic, in whatever order they open.

Somebody who opens one after the other must not be refused a card of the second because
of what the first has shown: suppression stays as strict, so the cards have to agree.
Whether counts together reveal few does not depend on which came first, so two orders
are enough. The same holds for the examples of SQL.
"""

from contextlib import suppress

import pytest

from db.postgres import SYSTEM
from services.analytics import cohorts, figures, pseudonymised_lists, queries
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import BUILT_IN
from services.analytics.dashboards.narrowing import narrow_card
from services.analytics.queries import EXAMPLES
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.lists import views
from services.patients.search import GroupTooSmall
from services.patients.search.fields import PATIENTS
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


@pytest.fixture
def tell(lived):
    """Gives the demo's analyst what a function counts, once it is disclosed."""
    people = lived.database.read_latest(cast.get_demo, identity=SYSTEM).value
    analyst = people[Role.ANALYST]
    settings = {"now": lived.now.astimezone(ZONE), "smallest_group": _SMALLEST_GROUP}

    def tell(count, question):
        def disclose(session):
            counted = count(session, analyst, question, **settings)
            answers = counted.values() if isinstance(counted, dict) else (counted,)
            return next(cohorts.disclose(session, analyst, each) for each in answers)

        return ActorDatabase(lived.database, analyst).write(disclose).value

    return tell


def _ages_of_list(session, analyst, key, **settings):
    """Counts the bars below a saved view on Home."""
    criteria = views.load_criteria(session, analyst, key, subject=PATIENTS)
    return pseudonymised_lists.count_bars(
        session, analyst, criteria, figures=("age",), **settings
    )


@pytest.mark.parametrize("order", [list(EXAMPLES), list(EXAMPLES)[::-1]], ids="-".join)
def test_each_example_of_sql_is_answered_after_home_dashboards_and_cohorts(
    lived, disclose, tell, order
):
    for table in ("told_groups", "told_answers"):
        lived.change(f"DELETE FROM {table}")
    for (key,) in lived.rows("SELECT criteria_key FROM saved_views"):
        with suppress(GroupTooSmall):
            tell(_ages_of_list, key)
    for dashboard in BUILT_IN.values():
        for card in dashboard.cards:
            disclose(card, dashboard.filter)
    visits_of_each_month = figures.Figure(
        cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)),
        by=(Dimension.MONTH,),
        measure=figures.FigureMeasure.EVENTS,
    )
    tell(figures.count, visits_of_each_month)

    for name in order:
        query = queries.parse(EXAMPLES[name])
        result = queries.result_of(query, tell(queries.count, query))
        assert len(result.rows) > 1, name
