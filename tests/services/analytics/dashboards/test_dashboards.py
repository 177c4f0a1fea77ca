"""Dashboards are saved, changed only by their owner, and pinned cards are on Home."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from db.models.view import DashboardRow
from services.analytics import dashboards, figures
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import (
    Card,
    DashboardDraft,
    DashboardFilter,
    Timespan,
)
from services.analytics.dashboards.model import MOST_CARDS, MOST_PINNED
from services.analytics.figures import Chart, Figure, FigureMeasure
from services.core.actors import Role
from services.core.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from services.patients.records.model import Sex
from tests.kit import cast

VISITS = Figure(
    cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT), sexes=(Sex.FEMALE,)),
    by=(Dimension.MONTH,),
    measure=FigureMeasure.EVENTS,
    chart=Chart.LINE,
)

KEPT = {
    "id": "00000000-0000-0000-0000-000000000001",
    "title": "x",
    "figure": figures.to_json(VISITS),
}


def card(title="Visits", **more):
    return Card(id=uuid4(), title=title, figure=VISITS, **more)


def test_a_no_show_rate_is_beside_the_number_of_no_shows():
    cards = {str(c.title): c.is_wide for c in dashboards.BUILT_IN["visits"].cards}

    assert list(cards.items())[1:3] == [
        ("No-show rate by month", False),
        ("No-shows by month", False),
    ]


def test_a_dashboard_is_read_as_it_was_made(session, analyst):
    draft = DashboardDraft(
        name="  The  desk ",
        description="What the front desk asks for",
        filter=DashboardFilter(timespan=Timespan.LAST_YEAR, sexes=(Sex.MALE,)),
        cards=(card(), card("By sex", is_wide=True)),
    )

    made = dashboards.create(session, analyst, draft)

    dashboard = dashboards.get_dashboard(session, analyst, made.id)
    assert dashboard.draft == replace(draft, name="The desk")
    assert dashboard.is_own
    assert dashboards.list_dashboards(session, analyst) == (dashboard,)


def test_a_change_gives_it_another_name_and_order(session, analyst):
    first, second = card("First"), card("Second")
    made = dashboards.create(
        session, analyst, DashboardDraft(name="Desk", cards=(first, second))
    )

    draft = DashboardDraft(name="The desk", cards=(second, first))
    dashboards.change(session, analyst, made.id, draft, version=made.version)

    assert dashboards.get_dashboard(session, analyst, made.id).draft == draft


def test_who_has_looked_at_an_older_one_changes_nothing(session, analyst):
    made = dashboards.create(session, analyst, DashboardDraft(name="Desk"))
    dashboards.add_card(session, analyst, made.id, card())

    with pytest.raises(dashboards.dashboards.DashboardChanged):
        dashboards.change(session, analyst, made.id, made.draft, version=made.version)

    assert len(dashboards.get_dashboard(session, analyst, made.id).draft.cards) == 1


def test_two_of_one_name_are_refused_and_two_people_may_have_one(
    session, analyst, colleague
):
    dashboards.create(session, analyst, DashboardDraft(name="Desk"))

    with pytest.raises(dashboards.dashboards.DashboardNameTaken, match="called “desk”"):
        dashboards.create(session, analyst, DashboardDraft(name="desk"))

    dashboards.create(session, colleague, DashboardDraft(name="Desk"))


def test_another_violation_is_not_taken_for_the_name(session, analyst):
    nobody = replace(analyst, id=uuid4())

    with pytest.raises(IntegrityError, match="owner_id"):
        dashboards.create(session, nobody, DashboardDraft(name="Desk"))


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (DashboardDraft(name="  "), "Give the dashboard a name"),
        (
            DashboardDraft(name="x" * 61),
            "Name .* to 60 characters",
        ),
        (DashboardDraft(name="\u202e\u200b"), "Give the dashboard a name"),
        (DashboardDraft(name="x\x07"), "Name .* cannot be shown"),
        (
            DashboardDraft(name="x", description="x" * 301),
            "Description .* to 300",
        ),
        (DashboardDraft(name="x", cards=(card(" "),)), "Give the card a title"),
        (DashboardDraft(name="x", cards=(card("\u200b"),)), "Give the card a title"),
        (
            DashboardDraft(name="x", cards=(card("x" * 81),)),
            "Title .* to 80",
        ),
        (
            DashboardDraft(name="x", cards=tuple(card() for _ in range(13))),
            "room for 12 cards",
        ),
        (
            DashboardDraft(
                name="x",
                cards=(replace(card(), figure=replace(VISITS, by=())),),
            ),
            "Choose what the figure is split by",
        ),
    ],
)
def test_what_cannot_be_kept_is_said(session, analyst, draft, said):
    with pytest.raises(InvalidInput, match=said):
        dashboards.create(session, analyst, draft)


def test_a_full_dashboard_takes_no_more_cards(session, analyst):
    full = DashboardDraft(name="Desk", cards=tuple(card() for _ in range(MOST_CARDS)))
    made = dashboards.create(session, analyst, full)

    with pytest.raises(InvalidInput, match="room for 12 cards"):
        dashboards.add_card(session, analyst, made.id, card())


def test_there_is_an_end_to_how_many(session, analyst, monkeypatch):
    monkeypatch.setattr(dashboards.dashboards, "MOST_DASHBOARDS", 2)
    for name in ("One", "Two"):
        dashboards.create(session, analyst, DashboardDraft(name=name))

    with pytest.raises(dashboards.dashboards.TooManyDashboards):
        dashboards.create(session, analyst, DashboardDraft(name="Three"))


def test_a_dashboard_is_its_owners_alone(session, analyst, colleague):
    made = dashboards.create(session, analyst, DashboardDraft(name="Desk"))

    assert dashboards.list_dashboards(session, colleague) == ()
    with pytest.raises(NotFound):
        dashboards.get_dashboard(session, colleague, made.id)
    with pytest.raises(NotFound):
        dashboards.change(session, colleague, made.id, made.draft, version=1)
    with pytest.raises(NotFound):
        dashboards.add_card(session, colleague, made.id, card())
    with pytest.raises(NotFound):
        dashboards.delete(session, colleague, made.id)


def test_a_deleted_dashboard_is_gone_and_its_pinned_card_stays(session, analyst):
    made = dashboards.create(
        session, analyst, DashboardDraft(name="Desk", cards=(card(),))
    )
    dashboards.pin(session, analyst, made.draft.cards[0])

    dashboards.delete(session, analyst, made.id)

    assert dashboards.list_dashboards(session, analyst) == ()
    assert dashboards.find_pinned(session, analyst) == made.draft.cards


def test_cards_on_home_are_no_dashboard_and_are_taken_off_again(
    session, analyst, colleague
):
    first, second = card("First"), card("Second")
    for each in (first, second):
        dashboards.pin(session, analyst, each)

    dashboards.unpin(session, analyst, first.id)

    assert dashboards.find_pinned(session, analyst) == (second,)
    assert dashboards.find_pinned(session, colleague) == ()
    assert dashboards.list_dashboards(session, analyst) == ()


def test_home_has_room_for_a_few_cards(session, analyst):
    for _ in range(MOST_PINNED):
        dashboards.pin(session, analyst, card())

    with pytest.raises(InvalidInput, match="room for 6 cards"):
        dashboards.pin(session, analyst, card())


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        ("cards", [KEPT | {"figure": {"by": ["blood group"]}}]),
        ("cards", [KEPT | {"blood_group": "0"}]),
        ("cards", [KEPT | {"narrowed": {"blood_group": "0"}}]),
        ("cards", [KEPT | {"narrowed": {"age_band": "35–44"}}]),
        ("shown", {"blood_group": "0"}),
        ("shown", {"age_band": "35–44"}),
    ],
)
def test_what_a_newer_version_has_kept_is_said(session, analyst, part, kept):
    made = dashboards.create(session, analyst, DashboardDraft(name="Desk"))
    row = session.get_one(DashboardRow, made.id)
    setattr(row, part, kept)
    session.flush()

    with pytest.raises(Unavailable, match="newer version"):
        dashboards.get_dashboard(session, analyst, made.id)


def test_who_counts_no_cohorts_has_no_dashboards(session):
    clerk = cast.add_actor(session, Role.STAFF)

    with pytest.raises(NotAllowed):
        dashboards.list_dashboards(session, clerk)
