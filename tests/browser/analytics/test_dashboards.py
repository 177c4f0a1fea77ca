"""An analyst opens a dashboard and changes one of its cards, in Chromium."""

import re
from contextlib import closing
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.patient import ClinicalEntry, Patient
from db.models.user import User
from services.analytics import dashboards
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.dashboards import Card, DashboardDraft
from services.analytics.figures import Figure, FigureMeasure
from services.core.actors import Actor, Role
from services.people import accounts
from tests.browser.choosing import choose
from tests.browser.conftest import Site, ready
from tests.kit import cast

pytestmark = pytest.mark.browser

VISITS = Cohort(entry=CohortEvent(kind=EventKind.VISIT))


def card(title: str, *by: Dimension, measure: FigureMeasure, is_wide: bool) -> Card:
    figure = Figure(cohort=VISITS, by=by, measure=measure)
    return Card(id=uuid4(), title=title, figure=figure, is_wide=is_wide)


def test_a_card_gets_another_place_and_the_page_fits_a_phone(site: Site):
    hours = (Dimension.WEEKDAY, Dimension.HOUR)
    cards = (
        card("When", *hours, measure=FigureMeasure.EVENTS, is_wide=True),
        card("Who", Dimension.SEX, measure=FigureMeasure.PATIENTS, is_wide=False),
        card(
            "How old", Dimension.AGE_BAND, measure=FigureMeasure.PATIENTS, is_wide=False
        ),
    )
    draft = DashboardDraft(name=f"Visits {uuid4().hex[:6]}", cards=cards)

    def make(session: Session) -> UUID:
        of_demo = select(User).where(User.email == cast.JONAS.email)
        analyst = accounts.actor_of(session.scalars(of_demo).one())
        return dashboards.create(session, analyst, draft).id

    made = site.write(make)
    with site.lend(Role.ANALYST) as page:
        page.goto(f"/dashboard?dashboard={made}")
        headings = page.get_by_role("heading", level=3)
        expect(headings).to_have_text(["When", "Who", "How old"])
        ready(page)
        page.get_by_role("button", name="Change", exact=True).last.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Title").fill("Ages")
        choose(page, dialog.get_by_role("combobox", name="Place"), "1")
        dialog.get_by_role("button", name="Save card").click()
        expect(headings).to_have_text(["Ages", "When", "Who"])

        page.set_viewport_size({"width": 390, "height": 900})
        expect(page.get_by_text("“suppressed”, or × in a chart")).to_be_visible()
        page.wait_for_function("document.documentElement.scrollWidth <= 390")


def test_a_bar_narrows_every_card_until_that_is_undone(site: Site):
    rabies = CohortEvent(kind=EventKind.PROCEDURE, words="rabies vaccination")
    figure = Figure(cohort=Cohort(entry=rabies), by=(Dimension.SEX,))
    by_sex = Card(id=uuid4(), title="Who", figure=figure, is_wide=True)
    draft = DashboardDraft(name=f"Visits {uuid4().hex[:6]}", cards=(by_sex,))

    def make(session: Session) -> UUID:
        of_demo = select(User).where(User.email == cast.JONAS.email)
        analyst = accounts.actor_of(session.scalars(of_demo).one())
        for patient_id in session.scalars(
            select(Patient.id)
            .where(Patient.deleted_at.is_(None))
            .order_by(Patient.id)
            .limit(60)
        ):
            session.add(
                ClinicalEntry(
                    patient_id=patient_id,
                    kind="procedure",
                    term="Rabies vaccination",
                    started_on=date(2025, 3, 3),
                    ended_on=date(2025, 3, 3),
                    source="synthea",
                    source_key=uuid4(),
                )
            )
        return dashboards.create(session, analyst, draft).id

    made = site.write(make)
    with site.lend(Role.ANALYST) as page:
        page.goto(f"/dashboard?dashboard={made}")
        bars = page.locator(".stVegaLiteChart .mark-rect.role-mark path")
        expect(bars.first).to_be_visible()
        ready(page)
        bars.first.click()

        undo = page.get_by_role("button", name="Undo", exact=True)
        expect(undo).to_be_visible()
        expect(page).to_have_url(re.compile(r"sexes=female"))
        # While the cards are drawn again, the button would move away from the pointer.
        ready(page)
        undo.click()
        expect(page).not_to_have_url(re.compile("sexes="))
        ready(page)
        # The same without a mouse: from the table's first column.
        page.get_by_role("button", name="Table: Who").click()
        row = page.get_by_role("button", name="Show only Female")
        expect(row).to_be_visible()
        ready(page)
        row.press("Enter")
        expect(page).to_have_url(re.compile(r"sexes=female"))


def test_a_dashboard_fills_a_screen_is_drawn_anew_and_escape_leaves_it(site: Site):
    by_sex = card("Who", Dimension.SEX, measure=FigureMeasure.PATIENTS, is_wide=True)
    draft = DashboardDraft(name=f"Wall {uuid4().hex[:6]}", cards=(by_sex,))

    def jonas(session: Session) -> Actor:
        of_demo = select(User).where(User.email == cast.JONAS.email)
        return accounts.actor_of(session.scalars(of_demo).one())

    made = site.write(lambda s: dashboards.create(s, jonas(s), draft))
    # An installed clock stays in its profile, so this one is not lent on.
    with closing(site.visit(Role.ANALYST)) as profile:
        page = profile.pages[0]
        page.clock.install()
        page.goto(f"/dashboard?dashboard={made.id}")
        expect(page.get_by_text("“suppressed”, or × in a chart")).to_be_visible()
        ready(page)
        page.get_by_role("button", name="Full screen").click()

        page.wait_for_function(
            "document.fullscreenElement?.classList.contains('st-key-dashboard_screen')"
        )
        expect(page.get_by_role("heading", level=2, name=draft.name)).to_be_visible()
        expect(page.get_by_role("button", name="Pin")).to_have_count(0)
        ready(page)

        renamed = replace(draft, cards=(replace(by_sex, title="Who came"),))
        site.write(
            lambda s: dashboards.change(
                s, jonas(s), made.id, renamed, version=made.version
            )
        )
        page.clock.fast_forward("05:01")
        expect(page.get_by_role("heading", level=3)).to_have_text(["Who came"])
        page.wait_for_function("document.fullscreenElement !== null")

        page.keyboard.press("Escape")
        page.wait_for_function("!document.fullscreenElement")
        expect(page.get_by_role("button", name="Pin").first).to_be_visible()
