"""An analyst who has chosen German makes a dashboard, and pins its cards, in German."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.analytics import dashboards
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import (
    Card,
    DashboardDraft,
    DashboardFilter,
    Timespan,
)
from services.analytics.figures import Figure
from services.core.actors import Role
from services.patients.records.model import Sex
from tests.kit import cast
from tests.kit.german_pages import english, texts_of
from tests.pages.conftest import Clinic, press
from tests.services.visits import visit_samples

pytestmark = pytest.mark.usefixtures("german_choices")
AT = datetime(2024, 3, 4, 9, tzinfo=UTC)
MONTHS = DashboardFilter(timespan=Timespan.MONTHS, since=AT.date(), until=AT.date())
CARD = Card(
    id=UUID(int=1),
    title="Geschlecht",
    figure=Figure(
        cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)), by=(Dimension.SEX,)
    ),
)


@pytest.fixture(scope="module")
def german(clinic: Clinic) -> Clinic:
    """A clinic with eight visits, whose analyst has chosen German."""
    doctor = clinic.write(lambda s: cast.add_doctor(s).id)
    for number in range(14):
        patient = clinic.register(
            first_name=f"P{number}", sex=Sex.FEMALE, date_of_birth=date(1950, 1, 1)
        )
        if number < 8:
            at = AT + timedelta(hours=number)
            _visit(clinic, doctor, patient.id, at)
    clinic.speak_german(Role.ANALYST)
    return clinic


def _visit(clinic: Clinic, doctor: UUID, patient: UUID, at: datetime) -> None:
    clinic.write(
        lambda s: visit_samples.visit(s, doctor, patient, at, status="completed")
    )


@pytest.fixture(scope="module")
def opened(german: Clinic) -> UUID:
    """A dashboard with one card, which is pinned as well."""
    analyst = german.cast[Role.ANALYST]
    draft = DashboardDraft(name="Termine", filter=MONTHS, cards=(CARD,))
    made: UUID = german.write(lambda s: dashboards.create(s, analyst, draft).id)
    german.write(lambda s: dashboards.pin(s, analyst, CARD))
    return made


def test_the_list_is_german_with_and_without_dashboards(german: Clinic, opened: UUID):
    app = german.open("dashboards", Role.ANALYST)

    assert english(texts_of(app)) == set()
    assert any("1 Karte" in each.value for each in app.caption)


@pytest.mark.parametrize(
    "pressed", ["", "dashboard_change", "dashboard_remove", f"dashboard_card_{CARD.id}"]
)
def test_a_dashboard_and_its_dialogs_are_german(
    german: Clinic, opened: UUID, pressed: str
):
    app = german.open("dashboard", Role.ANALYST, dashboard=opened)
    if pressed:
        press(app, pressed)

    assert english(texts_of(app)) == set()
    assert any("mit einem ersten Termin" in each.value for each in app.caption)


def test_pinned_cards_are_german(german: Clinic, opened: UUID):
    app = german.open("home", Role.ANALYST)

    assert english(texts_of(app)) == set()
    assert "Ihre angehefteten Karten" in [each.value for each in app.subheader]


def test_a_filter_that_leaves_nobody_is_said_in_german(german: Clinic):
    analyst = german.cast[Role.ANALYST]
    cohort = Cohort(
        entry=CohortEvent(kind=EventKind.VISIT), sexes=(Sex.MALE, Sex.OTHER)
    )
    card = Card(
        id=uuid4(), title="Männer", figure=Figure(cohort=cohort, by=(Dimension.SEX,))
    )
    draft = DashboardDraft(name="Geschlechter", cards=(CARD, card))
    made = german.write(lambda s: dashboards.create(s, analyst, draft).id)

    app = german.open("dashboard", Role.ANALYST, dashboard=made, sexes="female")

    assert app.error[0].value.startswith("Diese Karte zählt andere Patienten")


@pytest.mark.parametrize("name", list(dashboards.BUILT_IN))
def test_those_that_come_with_the_app_are_german(german: Clinic, name: str):
    app = german.open("dashboard", Role.ANALYST, dashboard=name)

    assert english(texts_of(app)) == set()
