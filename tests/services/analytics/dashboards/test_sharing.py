"""A dashboard is shared with some or all who count cohorts, and read by them only."""

from uuid import uuid4

import pytest

from services.analytics import analysts, dashboards, figures
from services.analytics.dashboards import BUILT_IN, DashboardDraft
from services.core.actors import Role
from services.core.errors import InvalidInput, NotFound
from tests.kit import cast


@pytest.fixture
def made(session, analyst):
    return dashboards.create(session, analyst, DashboardDraft(name="Desk"))


def test_who_it_is_shared_with_reads_it_and_changes_nothing(
    session, analyst, colleague, made
):
    other = cast.add_actor(session, Role.ANALYST)

    dashboards.share(
        session, analyst, made.id, with_everybody=False, people=[colleague.id]
    )

    [listed] = dashboards.list_dashboards(session, colleague)
    assert (listed.id, listed.owner, listed.is_own) == (made.id, analyst.name, False)
    assert dashboards.list_dashboards(session, other) == ()
    with pytest.raises(NotFound):
        dashboards.change(
            session, colleague, made.id, listed.draft, version=listed.version
        )
    with pytest.raises(NotFound):
        dashboards.share(session, colleague, made.id, with_everybody=True)


def test_readers_chosen_in_another_window_are_not_undone(
    session, analyst, colleague, made
):
    people = [colleague.id]
    dashboards.share(session, analyst, made.id, with_everybody=False, people=people)

    with pytest.raises(analysts.SharingChanged, match="another window"):
        dashboards.share(session, analyst, made.id, with_everybody=True, seen=made)

    now = dashboards.get_dashboard(session, analyst, made.id)
    assert (now.is_shared, now.shared_with) == (False, (colleague.id,))
    dashboards.share(session, analyst, made.id, with_everybody=True, seen=now)


def test_what_is_shared_with_all_is_everybodys_to_read(
    session, analyst, colleague, made
):
    dashboards.share(session, analyst, made.id, with_everybody=True)
    assert dashboards.get_dashboard(session, colleague, made.id).is_shared

    dashboards.share(session, analyst, made.id, with_everybody=False)

    with pytest.raises(NotFound):
        dashboards.get_dashboard(session, colleague, made.id)


def test_analysts_at_work_are_offered_and_nobody_else(session, analyst, colleague):
    cast.add_actor(session, Role.STAFF)

    offered = analysts.list_analysts(session, analyst)

    assert [each.id for each in offered] == [colleague.id]


@pytest.mark.parametrize("role", [Role.STAFF, None])
def test_it_is_shared_with_nobody_who_counts_no_cohorts(session, analyst, made, role):
    somebody = cast.add_actor(session, role).id if role else uuid4()

    with pytest.raises(InvalidInput, match="may no longer count cohorts"):
        dashboards.share(
            session, analyst, made.id, with_everybody=False, people=[somebody]
        )


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_those_that_come_with_the_app_can_be_kept(session, analyst, name):
    assert all(figures.to_json(card.figure) for card in BUILT_IN[name].cards)

    kept = dashboards.create(session, analyst, BUILT_IN[name])

    assert kept.draft == BUILT_IN[name]
