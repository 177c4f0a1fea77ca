"""Dashboards for programs: listed, and counted card by card as on their page."""

from datetime import date
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from services.analytics import dashboards
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import (
    Card,
    DashboardDraft,
    DashboardFilter,
    Timespan,
)
from services.analytics.figures import Figure
from services.core.actors import Role, Scope
from services.core.audit import Action
from services.patients.records.model import Sex
from services.people import tokens
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import diagnosed, person

DASHBOARDS = "/api/v1/dashboards"
DIAGNOSES = Figure(
    cohort=Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS)), by=(Dimension.SEX,)
)


@pytest.fixture(scope="module")
def keys(application):
    """The keys of a dashboard for all analysts, and of one for its owner alone."""

    def keep(session):
        ana = cast.add_actor(session, cast.ANA)
        cards = (Card(id=uuid4(), title="Who has what", figure=DIAGNOSES),)
        for sex, month, number in (
            ("female", 2, 7),
            ("female", 3, 2),
            ("male", 2, 6),
            ("other", 2, 3),
        ):
            for _ in range(number):
                diagnosed(session, person(session, sex=sex), date(2025, month, 10))
        shared, own = (
            dashboards.create(session, ana, DashboardDraft(name=name, cards=cards))
            for name in ("For all", "For me")
        )
        dashboards.share(session, ana, shared.id, with_everybody=True)
        return str(shared.id), str(own.id)

    return application.database.write(keep, identity=SYSTEM).value


@pytest.fixture
def call(application, client):
    token = application.database.write(
        lambda session: tokens.issue(session, Role.ANALYST), identity=SYSTEM
    ).value

    def call(path, **params):
        headers = {"Authorization": f"Bearer {token}"}
        return client.get(path, headers=headers, params=params)

    return call


@pytest.fixture
def share(application):
    """Save dashboards for all analysts during one test."""
    made = []

    def share(draft):
        def keep(session):
            ana = cast.add_actor(session, cast.ANA, email=f"{uuid4().hex}@example.org")
            key = dashboards.create(session, ana, draft).id
            dashboards.share(session, ana, key, with_everybody=True)
            return ana, key

        made.append(application.database.write(keep, identity=SYSTEM).value)
        return made[-1][1]

    yield share
    for ana, key in made:
        delete = partial(dashboards.delete, actor=ana, dashboard_id=key)
        application.database.write(delete, identity=SYSTEM)


def counted(application):
    of_cohorts = AuditEvent.action == Action.COHORT_COUNT
    return application.database.write(
        lambda session: session.scalars(select(func.count()).where(of_cohorts)).one(),
        identity=SYSTEM,
    ).value


def test_a_list_has_what_is_shared_and_what_comes_with_the_app(call, keys):
    shared, own = keys

    listed = call(DASHBOARDS).json()["dashboards"]

    assert [each["key"] for each in listed] == [shared, *dashboards.BUILT_IN]
    assert listed[0]["owner"] == cast.ANA.name
    assert [each["comes_with_app"] for each in listed] == [False] + 4 * [True]
    assert call(f"{DASHBOARDS}/{own}").status_code == 404
    assert call(f"{DASHBOARDS}/unknown").status_code == 404


def test_cards_are_told_without_small_groups_and_written_down(application, call, keys):
    before = counted(application)

    answer = call(f"{DASHBOARDS}/{keys[0]}")

    assert counted(application) == before + 1

    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    numbers = {cell["values"][0]: cell["number"] for cell in card["figure"]["cells"]}
    # The men neither: otherwise the number of all would reveal the three.
    assert numbers == {"female": 9}
    assert card["refusal"] is None
    assert card["figure"]["smallest_group"] == 5


@pytest.mark.usefixtures("keys")
def test_a_card_that_tells_of_few_beside_another_is_refused(call, share):
    """Of the nine women two were diagnosed in March: without them they are seven."""
    to_february = CohortEvent(kind=EventKind.DIAGNOSIS, until=date(2025, 2, 28))
    women = Figure(cohort=Cohort(entry=to_february), by=(Dimension.SEX,))
    cards = tuple(
        Card(id=uuid4(), title=title, figure=figure)
        for title, figure in (("All", DIAGNOSES), ("To February", women))
    )
    key = share(DashboardDraft(name="Both", cards=cards))

    whole, part = call(f"{DASHBOARDS}/{key}").json()["cards"]

    assert [cell["number"] for cell in whole["figure"]["cells"]] == [9]
    assert part["figure"] is None
    assert part["refusal"].startswith("These counts are suppressed")


def test_parameters_take_the_place_of_the_filter_and_a_card_may_be_refused(call, keys):
    path = f"{DASHBOARDS}/{keys[0]}"

    of_a_year = call(path, since="2020-03-05", until="2020-03-05").json()

    assert of_a_year["filter"] == {
        "time": "months",
        "since": "2020-03-05",
        "until": "2020-03-05",
        "sexes": [],
        "age_band": "",
    }
    assert of_a_year["cards"][0]["figure"]["cells"] == []
    assert call(path, since="2021-01-01", until="2020-01-01").status_code == 400
    assert call(path, time="yesterday").status_code == 400


@pytest.mark.usefixtures("keys")
def test_a_card_that_counts_others_than_the_filter_says_so(call, share):
    card = Card(
        id=uuid4(),
        title="Women",
        figure=DIAGNOSES,
        narrowed=DashboardFilter(sexes=(Sex.FEMALE,)),
    )
    draft = DashboardDraft(
        name="Men",
        cards=(card,),
        filter=DashboardFilter(sexes=(Sex.MALE,), timespan=Timespan.LAST_YEAR),
    )
    key = share(draft)

    shown = call(f"{DASHBOARDS}/{key}").json()

    assert shown["filter"]["time"] == "last year"
    (card,) = shown["cards"]
    assert card["figure"] is None
    assert card["refusal"].startswith("This card counts different patients")


def test_a_token_for_less_is_refused(application, client, keys):
    token = application.database.write(
        lambda session: tokens.issue(
            session, Role.ANALYST, scopes=frozenset({Scope.READ_PATIENTS})
        ),
        identity=SYSTEM,
    ).value

    for path in (DASHBOARDS, f"{DASHBOARDS}/{keys[0]}", f"{DASHBOARDS}/clinic"):
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403
