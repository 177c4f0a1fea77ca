"""Dashboards on the page: made, filled, narrowed by one filter, pinned to Home."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.models.view import DashboardRow, DashboardSubscription
from services.analytics import cohorts, dashboards, figures
from services.analytics.cohorts import (
    COHORTS,
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
)
from services.analytics.dashboards import (
    Card,
    DashboardDraft,
    DashboardFilter,
    Timespan,
)
from services.analytics.figures import Figure, FigureMeasure
from services.core.actors import Role
from services.lists import views
from services.patients.records.model import Sex
from tests.kit import cast
from tests.pages.chart_numbers import opened_tools, tables
from tests.pages.conftest import Clinic, forgetting, press, problem_places
from tests.services.visits import visit_samples

# In a year that is over whenever the test runs.
FIRST = datetime(2024, 3, 4, 9, tzinfo=UTC)
VISIT = CohortEvent(kind=EventKind.VISIT)
BY_SEX = Figure(cohort=Cohort(entry=VISIT), by=(Dimension.SEX,))
BY_MONTH = Figure(
    cohort=Cohort(entry=VISIT), by=(Dimension.MONTH,), measure=FigureMeasure.EVENTS
)


@pytest.fixture(scope="module", autouse=True)
def visits(clinic: Clinic) -> None:
    """Make 12 women and 9 men come in March 2024, and the women again in April 2025."""
    doctor = clinic.write(lambda s: cast.add_doctor(s).id)
    number = 0
    for sex, people in ((Sex.FEMALE, 12), (Sex.MALE, 9)):
        for _ in range(people):
            patient = clinic.register(
                first_name=f"P{number}", sex=sex, date_of_birth=date(1950, 1, 1)
            )
            number += 1
            _visit(clinic, doctor, patient.id, FIRST + timedelta(hours=number))
            if sex is Sex.FEMALE:
                later = FIRST + timedelta(days=400, hours=number)
                _visit(clinic, doctor, patient.id, later)
    for place in range(8):
        clinic.register(first_name=f"W{place}", date_of_birth=date(1950, 1, 1))


def _visit(clinic: Clinic, doctor: UUID, patient: UUID, at: datetime) -> None:
    clinic.write(
        lambda s: visit_samples.visit(s, doctor, patient, at, status="completed")
    )


@pytest.fixture(autouse=True)
def dashboards_of_one_test(kept: Session) -> Iterator[None]:
    """Keep only the dashboards of the current test."""
    with forgetting(kept, DashboardSubscription, DashboardRow):
        yield


@pytest.fixture
def two_cards(clinic: Clinic) -> DashboardDraft:
    """A dashboard's draft with a figure by sex and one by month."""
    return DashboardDraft(
        name=f"Visits {uuid4().hex[:6]}",
        description="For Mondays",
        cards=(
            Card(id=uuid4(), title="Who came", figure=BY_SEX),
            Card(id=uuid4(), title="When they came", figure=BY_MONTH),
        ),
    )


def make(clinic: Clinic, draft: DashboardDraft) -> UUID:
    analyst = clinic.cast[Role.ANALYST]
    return clinic.write(lambda s: dashboards.create(s, analyst, draft).id)


def choosing(app: AppTest) -> dict[str, str]:
    """Return what choosing a row does, by chart; empty where it does nothing."""
    tools = opened_tools(app)
    return {name: each["table"]["choose"] for name, each in tools.items()}


def test_without_dashboards_the_page_says_what_to_do(clinic: Clinic):
    app = clinic.open("dashboards", Role.ANALYST)

    assert any("No dashboards of your own yet" in each.value for each in app.markdown)


def test_months_are_words_in_the_table_and_iso_months_in_the_csv(
    clinic: Clinic, two_cards: DashboardDraft
):
    made = make(clinic, two_cards)

    app = clinic.open("dashboard", Role.ANALYST, dashboard=str(made))

    tools = opened_tools(app)["When they came"]
    table = tools["table"]
    assert table["rows"][0] == ["Mar 2024", "21"]
    lines = tools["csv"].splitlines()
    assert lines[:2] == ['"Month","Events"', '"2024-03","21"']
    assert len(lines) == 1 + len(table["rows"])
    assert table["fixed"] == []


def test_a_dashboard_is_made_and_a_saved_figure_added(clinic: Clinic):
    analyst = clinic.cast[Role.ANALYST]
    for name, question in (("By sex", BY_SEX), ("All", BY_SEX.cohort)):
        remember = figures if isinstance(question, Figure) else cohorts
        key = clinic.write(lambda s, r=remember, q=question: r.remember(s, analyst, q))
        clinic.write(
            lambda s, n=name, k=key: views.save_view(s, analyst, n, k, subject=COHORTS)
        )
    app = clinic.open("dashboards", Role.ANALYST)
    app.text_input(key="dashboards_new_name").set_value("Who comes")
    press(app, "dashboards_make")
    assert app.title[0].value == "Who comes"
    assert any("No cards yet" in each.value for each in app.markdown)

    # Where a page leads to another, the test has to open that one itself.
    made = app.query_params["dashboard"]
    app = clinic.open("dashboard", Role.ANALYST, dashboard=made)
    # A cohort without a split is no figure.
    assert app.selectbox(key="dashboard_add_view").options == ["By sex"]
    press(app, "dashboard_add")

    assert [each.value for each in app.subheader] == ["By sex"]
    assert tables(app) == {"By sex": [["Female", "12"], ["Male", "9"]]}


def test_one_filter_narrows_every_card(clinic: Clinic, two_cards: DashboardDraft):
    app = clinic.open("dashboard", Role.ANALYST, dashboard=make(clinic, two_cards))
    shown = tables(app)
    assert shown["Who came"] == [["Female", "12"], ["Male", "9"]]
    assert [shown["When they came"][n] for n in (0, 1, -1)] == [
        ["Mar 2024", "21"],
        ["Apr 2024", "suppressed"],
        ["Apr 2025", "12"],
    ]

    key = next(e.key for e in app.selectbox if str(e.key).endswith("_time"))
    app.selectbox(key=key).set_value(Timespan.MONTHS).run()
    app.date_input(key=key.replace("_time", "_until")).set_value(date(2024, 3, 9)).run()

    assert tables(app)["When they came"] == [["Mar 2024", "21"]]
    assert app.query_params["time"] == "months"
    assert app.query_params["until"] == "2024-03-09"
    assert any("until 31 March 2024" in each.value for each in app.caption)


def test_rows_of_a_filter_can_be_chosen_and_a_choice_is_undone(
    clinic: Clinic, two_cards: DashboardDraft
):
    made = str(make(clinic, two_cards))
    app = clinic.open("dashboard", Role.ANALYST, dashboard=made)
    assert choosing(app) == {"Who came": "Show only", "When they came": "Show only"}

    prefix = f"dashboard_{made}"
    chosen = DashboardFilter(sexes=(Sex.FEMALE,))
    # As after a click, which AppTest does not know.
    app.session_state[f"{prefix}_next"] = chosen
    app.session_state[f"{prefix}_before"] = (chosen, DashboardFilter())
    app.run()
    assert app.query_params["sexes"] == "female"
    assert tables(app)["Who came"] == [["Female", "12"]]

    press(app, f"{prefix}_undo")
    assert "sexes" not in app.query_params
    assert tables(app)["Who came"] == [["Female", "12"], ["Male", "9"]]
    assert not [each for each in app.button if each.key == f"{prefix}_undo"]


def test_a_band_of_ages_narrows_all_cards_from_address_bar_and_field(
    clinic: Clinic, two_cards: DashboardDraft
):
    aged = replace(BY_SEX, by=(Dimension.AGE_BAND,))
    card = Card(id=uuid4(), title="How old", figure=aged)
    made = make(clinic, replace(two_cards, cards=(card,)))
    app = clinic.open("dashboard", Role.ANALYST, dashboard=str(made), ages="90+")
    assert app.selectbox(key=f"dashboard_{made}_ages").value == "90+"
    assert any("at age 90 or older" in each.value for each in app.caption)

    app.selectbox(key=f"dashboard_{made}_ages").set_value("").run()

    assert "ages" not in app.query_params
    # A click on its bar, or on its name in the table, does the same.
    assert choosing(app) == {"How old": "Show only"}


def test_ages_that_there_are_not_in_the_address_narrow_nothing(
    clinic: Clinic, two_cards: DashboardDraft
):
    made = make(clinic, two_cards)

    app = clinic.open("dashboard", Role.ANALYST, dashboard=str(made), ages="30-39")

    assert app.selectbox(key=f"dashboard_{made}_ages").value == ""


def test_a_period_that_ends_before_it_begins_is_said_at_the_filter_once(
    clinic: Clinic, two_cards: DashboardDraft
):
    made = make(clinic, two_cards)
    app = clinic.open("dashboard", Role.ANALYST, dashboard=str(made))
    app.selectbox(key=f"dashboard_{made}_time").set_value(Timespan.MONTHS).run()
    app.date_input(key=f"dashboard_{made}_since").set_value(date(2024, 3, 1))
    app.date_input(key=f"dashboard_{made}_until").set_value(date(2024, 2, 1)).run()

    assert [each.value for each in app.error] == [
        "The first month is after the last one; swap them."
    ]
    assert problem_places(app) == ["since"]
    assert tables(app) == {}
    app.date_input(key=f"dashboard_{made}_until").set_value(date(2024, 4, 1)).run()
    assert not app.error
    assert set(tables(app)) == {"Who came", "When they came"}


def test_a_card_that_fails_leaves_the_others(clinic: Clinic, two_cards: DashboardDraft):
    gone = Card(
        id=uuid4(),
        title="Elsewhere",
        figure=Figure(
            cohort=Cohort(
                entry=CohortEvent(kind=EventKind.VISIT, since=date(2020, 1, 1))
            ),
            by=(Dimension.SEX,),
        ),
    )
    women = Figure(
        cohort=Cohort(entry=VISIT, sexes=(Sex.FEMALE,)), by=(Dimension.YEAR,)
    )
    cards = (Card(id=uuid4(), title="Women", figure=women), *two_cards.cards, gone)
    opened = make(clinic, DashboardDraft(name="Mixed", cards=cards))

    app = clinic.open("dashboard", Role.ANALYST, dashboard=opened, sexes="male")

    assert [each.value for each in app.error] == [
        "This card counts different patients from the filter, so nobody is left."
    ]
    assert tables(app)["Who came"] == [["Male", "9"]]
    assert [each.value for each in app.subheader] == [each.title for each in cards]


def test_a_pinned_card_stands_on_home_with_its_filter(
    clinic: Clinic, two_cards: DashboardDraft
):
    opened = make(clinic, two_cards)
    app = clinic.open("dashboard", Role.ANALYST, dashboard=opened, sexes="male")
    press(app, f"dashboard_pin_{two_cards.cards[0].id}")

    home = clinic.open("home", Role.ANALYST)
    assert tables(home)["Who came"] == [["Male", "9"]]
    [unpin] = [b.key for b in home.button if str(b.key).startswith("home_unpin_")]
    press(home, unpin)

    assert any("No pinned cards yet" in each.value for each in home.markdown)


def test_a_card_is_changed_from_how_it_is(clinic: Clinic, two_cards: DashboardDraft):
    _first, second = two_cards.cards
    app = clinic.open("dashboard", Role.ANALYST, dashboard=make(clinic, two_cards))

    press(app, f"dashboard_card_{second.id}")

    key = f"dashboard_card_{second.id}_1"
    assert app.text_input(key=f"{key}_title").value == second.title
    assert app.radio(key=f"{key}_width").value is False
    assert app.selectbox(key=f"{key}_place").value == 2


def test_a_dashboard_is_changed_from_how_it_is(
    clinic: Clinic, two_cards: DashboardDraft
):
    opened = make(clinic, two_cards)
    app = clinic.open("dashboard", Role.ANALYST, dashboard=opened)
    press(app, "dashboard_change")
    key = f"dashboard_{opened}_1"
    assert app.text_input(key=f"{key}_name").value == two_cards.name
    description = app.text_area(key=f"{key}_description")
    assert (description.label, description.value) == ("Description", "For Mondays")
    # There is no filter that it could be opened with.
    assert f"{key}_keeps_filter" not in {each.key for each in app.checkbox}

    filtered = clinic.open("dashboard", Role.ANALYST, dashboard=opened, sexes="male")
    press(filtered, "dashboard_change")

    assert filtered.checkbox(key=f"{key}_keeps_filter").value is False


def test_a_figure_is_put_on_a_new_dashboard_where_it_is_counted(clinic: Clinic):
    analyst = clinic.cast[Role.ANALYST]
    key = clinic.write(lambda s: figures.remember(s, analyst, BY_SEX))
    app = clinic.open("cohorts", Role.ANALYST, list=key)
    app.selectbox(key="cohorts_card_dashboard").set_value("new")
    app.text_input(key="cohorts_card_name").set_value("From a figure")
    app.text_input(key="cohorts_card_title").set_value("Women, men")

    press(app, "cohorts_card_add")

    made = app.query_params["dashboard"]
    app = clinic.open("dashboard", Role.ANALYST, dashboard=made)
    assert app.title[0].value == "From a figure"
    assert tables(app) == {"Women, men": [["Female", "12"], ["Male", "9"]]}


def test_a_card_is_offered_a_title_of_whole_words(clinic: Clinic):
    analyst = clinic.cast[Role.ANALYST]
    since = replace(VISIT, since=date(2024, 1, 1), until=date(2025, 12, 31))
    long = replace(BY_SEX, of=since)
    titles = []
    for figure in (BY_SEX, long):
        key = clinic.write(lambda s, f=figure: figures.remember(s, analyst, f))
        app = clinic.open("cohorts", Role.ANALYST, list=key)
        titles.append(app.text_input(key="cohorts_card_title").value)

    assert titles == [
        "Patients with a first visit: patients who remain, by sex",
        "Patients with a first visit: patients with visits from 1 January 2024 to 31…",
    ]


def test_an_unknown_dashboard_is_said(clinic: Clinic):
    for query in (str(uuid4()), "x"):
        app = clinic.open("dashboard", Role.ANALYST, dashboard=query)

        assert "dashboard" in app.warning[0].value


def readers_field(app):
    [field] = [
        each
        for each in app.multiselect
        if str(each.key).startswith("dashboard_share_people_")
    ]
    return field


def test_a_dashboard_is_shared_and_no_longer(clinic: Clinic, two_cards: DashboardDraft):
    opened = make(clinic, two_cards)
    colleague = clinic.write(lambda s: cast.add_actor(s, Role.ANALYST))
    app = clinic.open("dashboard", Role.ANALYST, dashboard=opened)
    assert "Only you see it" in [each.value for each in app.caption]

    app.session_state["dashboard_sharing"] = True
    readers_field(app).set_value([colleague.id])
    press(app, "dashboard_share_save")
    assert not app.session_state["dashboard_sharing"]
    assert "Shared with some analysts" in [each.value for each in app.caption]
    kept = clinic.write(lambda s: dashboards.get_dashboard(s, colleague, opened))
    assert kept.shared_with == (colleague.id,)

    readers_field(app).set_value([])
    press(app, "dashboard_share_save")
    assert clinic.write(lambda s: dashboards.list_dashboards(s, colleague)) == ()


@pytest.mark.parametrize("is_for_all", [True, False])
def test_what_a_colleague_shares_is_opened_and_copied(
    clinic: Clinic, two_cards: DashboardDraft, is_for_all: bool
):
    own = clinic.cast[Role.ANALYST]

    def share(session):
        other = cast.add_actor(session, Role.ANALYST)
        made = dashboards.create(session, other, two_cards)
        people = () if is_for_all else (own.id,)
        dashboards.share(
            session, other, made.id, with_everybody=is_for_all, people=people
        )
        return made.id, other.name

    opened, owner = clinic.write(share)
    app = clinic.open("dashboard", Role.ANALYST, dashboard=opened)
    assert f"By {owner}" in [each.value for each in app.caption]
    assert tables(app)["Who came"] == [["Female", "12"], ["Male", "9"]]
    assert not [b for b in app.button if str(b.key).startswith("dashboard_card_")]
    app.text_input(key="dashboard_copy_name").set_value(f"Mine of {owner}{is_for_all}")
    press(app, "dashboard_copy")

    copied = UUID(app.query_params["dashboard"])
    dashboard = clinic.write(lambda s: dashboards.get_dashboard(s, own, copied))
    assert dashboard.is_own
    assert [each.figure for each in dashboard.draft.cards] == [BY_SEX, BY_MONTH]


@pytest.mark.parametrize("name", list(dashboards.BUILT_IN))
def test_those_that_come_with_the_app_are_opened(clinic: Clinic, name: str):
    app = clinic.open("dashboard", Role.ANALYST, dashboard=name)

    assert app.title[0].value.replace("\\", "") == dashboards.BUILT_IN[name].name
    titles = [card.title for card in dashboards.BUILT_IN[name].cards]
    assert [each.value.replace("\\", "") for each in app.subheader] == titles
    # Whatever may be shown, the question of each card is a valid one.
    assert {each.proto.body[:9] for each in app.error} <= {"These cou"}


def test_a_dashboard_is_printed_with_its_filter(
    clinic: Clinic, two_cards: DashboardDraft
):
    app = clinic.open(
        "dashboard", Role.ANALYST, dashboard=make(clinic, two_cards), sexes="female"
    )

    press(app, "dashboard_print")

    assert [each.label for each in app.get("download_button")] == ["Download the PDF"]
    assert len(clinic.audit("dashboard:print")) == 1
