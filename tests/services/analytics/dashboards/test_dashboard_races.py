"""Two windows change a dashboard at once, with real transactions."""

from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from services.analytics import dashboards
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import Card, DashboardDraft
from services.analytics.dashboards.dashboards import DashboardChanged
from services.analytics.figures import Figure
from tests.kit import cast
from tests.kit.waiting import run_behind

VISITS = Figure(
    cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)), by=(Dimension.SEX,)
)


def draft(*titles: str) -> DashboardDraft:
    cards = (Card(id=uuid4(), title=title, figure=VISITS) for title in titles)
    return DashboardDraft(name="Desk", cards=tuple(cards))


def test_of_two_changes_at_once_one_wins_and_the_other_is_refused(committing):
    with Session(committing) as session, session.begin():
        analyst = cast.add_actor(session, cast.ANA)
        made = dashboards.create(session, analyst, draft("Old"))

    def change(session: Session, title: str) -> None:
        dashboards.change(session, analyst, made.id, draft(title), version=1)

    _, late = run_behind(
        committing, partial(change, title="Won"), partial(change, title="Lost")
    )

    with pytest.raises(DashboardChanged):
        late.result()
    with Session(committing) as session:
        now = dashboards.get_dashboard(session, analyst, made.id)
    assert ([card.title for card in now.draft.cards], now.version) == (["Won"], 2)
