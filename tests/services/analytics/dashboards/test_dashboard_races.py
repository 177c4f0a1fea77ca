"""Two windows change a dashboard at once, with real transactions."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from services.analytics import dashboards
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import Card, DashboardDraft
from services.analytics.dashboards.dashboards import DashboardChanged
from services.analytics.figures import Figure
from tests.kit import cast
from tests.kit.waiting import await_blocked

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

    def change(session: Session, *titles: str) -> None:
        dashboards.change(session, analyst, made.id, draft(*titles), version=1)

    def change_late() -> None:
        with Session(committing) as session, session.begin():
            change(session, "Lost")

    with ThreadPoolExecutor(1) as threads:
        with Session(committing) as session, session.begin():
            change(session, "Won")
            late = threads.submit(change_late)
            await_blocked(session, late)
        with pytest.raises(DashboardChanged):
            late.result()

    with Session(committing) as session:
        now = dashboards.get_dashboard(session, analyst, made.id)
    assert ([card.title for card in now.draft.cards], now.version) == (["Won"], 2)
