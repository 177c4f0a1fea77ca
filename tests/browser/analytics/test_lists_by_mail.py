"""An analyst subscribes to a saved list by mail, and shares a query, in Chromium."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.user import User
from services.analytics import queries, subscriptions
from services.analytics.subscriptions import Frequency, SendingPlan, SubscriptionDraft
from services.analytics.subscriptions.contents import SavedList
from services.core.actors import Actor, Role
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.lists.views import View
from services.patients.search.fields import PATIENTS
from services.people import accounts
from tests.browser.choosing import choose
from tests.browser.conftest import Site, ready, turn_to
from tests.kit import cast

pytestmark = pytest.mark.browser

WOMEN = Criteria(where=Group(members=(Filter("sex", Operator.EQUAL, "female"),)))


def jonas(session: Session) -> Actor:
    """Return the demo's analyst as an actor."""
    of_demo = select(User).where(User.email == cast.JONAS.email)
    return accounts.actor_of(session.scalars(of_demo).one())


@pytest.fixture
def view(site: Site) -> Iterator[View]:
    """A saved list; it and its subscriptions are removed afterwards."""

    def save(session: Session) -> View:
        analyst, name = jonas(session), f"Women {uuid4().hex[:6]}"
        key = views.store_criteria(session, analyst, WOMEN, subject=PATIENTS)
        return views.save_view(session, analyst, name, key, subject=PATIENTS)

    saved = site.write(save)

    def forget(session: Session) -> None:
        analyst = jonas(session)
        for each in subscriptions.list_subscriptions(session, analyst):
            if each.content == SavedList(saved.id):
                subscriptions.delete(session, analyst, each.id)
        views.delete_view(session, analyst, saved.id)

    yield saved
    site.write(forget)


def test_a_saved_list_is_sent_every_month_and_left_to_be_sent_no_more(
    site: Site, view: View
):
    with site.lend(Role.ANALYST) as page:
        page.set_viewport_size({"width": 390, "height": 900})
        page.goto("/views")
        ready(page)
        page.locator(f".st-key-views_mail_{view.id} button").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("no names of patients")).to_be_visible()
        dialog.get_by_text("Monthly", exact=True).click()
        choose(page, dialog.get_by_role("combobox", name="Day of the month"), "3")
        page.wait_for_function("document.documentElement.scrollWidth <= 390")
        dialog.get_by_role("button", name="Send regularly").click()
        expect(
            page.get_by_text("The list is sent on day 3 of every month")
        ).to_be_visible()

        turn_to(page, "/dashboards")
        expect(page.get_by_text(view.name, exact=True)).to_be_visible()
        expect(
            page.get_by_text("Saved list · On day 3 of every month at 07:00")
        ).to_be_visible()


def test_when_it_is_sent_is_changed_in_place_unless_somebody_has_left(
    site: Site, view: View
):
    mondays = SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7)

    def send(session: Session) -> UUID:
        analyst = jonas(session)
        draft = SubscriptionDraft(
            content=SavedList(view.id), recipients=(analyst.id,), plan=mondays
        )
        at = datetime.now(UTC)
        return subscriptions.create(session, analyst, draft, now=at, most=99)

    sent = site.write(send)
    with site.lend(Role.ANALYST) as page:
        page.set_viewport_size({"width": 390, "height": 900})
        page.goto("/dashboards")
        ready(page)
        page.locator(f".st-key-dashboards_mail_change_{sent} button").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text(view.name, exact=True)).to_be_visible()
        weekday = dialog.get_by_role("combobox", name="Weekday")
        expect(weekday).to_have_value("Monday")
        choose(page, weekday, "Friday")
        page.wait_for_function("document.documentElement.scrollWidth <= 390")
        dialog.get_by_role("button", name="Save changes").click()
        said = page.get_by_text("The change is saved: sent every Friday at 07:00.")
        expect(said).to_be_visible()
        expect(page.get_by_text("Saved list · Every Friday at 07:00")).to_be_visible()

        page.locator(f".st-key-dashboards_mail_change_{sent} button").click()
        expect(weekday).to_have_value("Friday")
        site.write(lambda s: subscriptions.leave(s, jonas(s), sent))
        dialog.get_by_role("button", name="Save changes").click()
        expect(dialog.get_by_text("a recipient has left")).to_be_visible()


@pytest.fixture
def query(site: Site) -> Iterator[View]:
    """A saved query; it is removed afterwards."""

    def save(session: Session) -> View:
        analyst, name = jonas(session), f"Visits {uuid4().hex[:6]}"
        counting = queries.parse("SELECT count(*) FROM visits")
        key = queries.remember(session, analyst, counting)
        return views.save_view(session, analyst, name, key, subject=queries.QUERIES)

    saved = site.write(save)
    yield saved
    site.write(lambda s: views.delete_view(s, jonas(s), saved.id))


def test_a_saved_query_is_shared_with_everybody_who_may_count(site: Site, query: View):
    with site.lend(Role.ANALYST) as page:
        page.set_viewport_size({"width": 390, "height": 900})
        page.goto("/views")
        ready(page)
        page.locator(f".st-key-views_share_{query.id} button").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("Everybody who may count cohorts").click()
        page.wait_for_function("document.documentElement.scrollWidth <= 390")
        dialog.get_by_role("button", name="Save sharing").click()

        expect(
            page.get_by_text(f"{query.name} is shared as you chose.")
        ).to_be_visible()
        expect(page.get_by_text("shared with all analysts")).to_be_visible()
