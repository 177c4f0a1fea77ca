"""An analyst has a saved list sent by mail, in Chromium."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.user import User
from services.core.actors import Role
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients.search.fields import PATIENTS
from services.people import accounts
from tests.browser.choosing import choose
from tests.browser.conftest import Site, ready
from tests.kit import cast

pytestmark = pytest.mark.browser

WOMEN = Criteria(where=Group(members=(Filter("sex", Operator.EQUAL, "female"),)))


def test_a_saved_list_is_sent_every_month_and_left_to_be_sent_no_more(site: Site):
    name = f"Women {uuid4().hex[:6]}"

    def save(session: Session) -> str:
        of_demo = select(User).where(User.email == cast.JONAS.email)
        analyst = accounts.actor_of(session.scalars(of_demo).one())
        key = views.remember(session, analyst, WOMEN, subject=PATIENTS)
        made = views.save_view(session, analyst, name, key, subject=PATIENTS)
        return str(made.id)

    made = site.write(save)
    with site.lend(Role.ANALYST) as page:
        page.set_viewport_size({"width": 390, "height": 900})
        page.goto("/views")
        ready(page)
        page.locator(f".st-key-views_mail_{made} button").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("no names of patients")).to_be_visible()
        dialog.get_by_text("Monthly", exact=True).click()
        choose(page, dialog.get_by_role("combobox", name="Day of the month"), "3")
        page.wait_for_function("document.documentElement.scrollWidth <= 390")
        dialog.get_by_role("button", name="Send regularly").click()
        expect(
            page.get_by_text("The list is sent on day 3 of every month")
        ).to_be_visible()

        page.goto("/dashboards")
        expect(page.get_by_text(name, exact=True)).to_be_visible()
        expect(
            page.get_by_text("Saved list · On day 3 of every month at 07:00")
        ).to_be_visible()
