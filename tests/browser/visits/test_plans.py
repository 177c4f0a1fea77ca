"""A doctor's plan in a browser: its week, and the visit in a blocked time.

What a plan refuses, saves and lists is tested in
tests/pages/visits/test_doctor_pages.py.
"""

import re
from datetime import time
from functools import partial
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy.orm import Session

from services.core.actors import Role
from services.visits.schedule import plans
from services.visits.schedule.plans import HORIZON, ExceptionDraft, ExceptionKind, weeks
from tests.browser.conftest import Site, ready, turn_to
from tests.browser.patients.test_front_desk import unlike
from tests.kit import cast
from tests.services.visits.schedule.plans.samples import (
    doctor,
    slots_of,
    take,
    tomorrow,
)

pytestmark = pytest.mark.browser

_NUMBER = cast.ADA.phone_number or ""
# Whether the browser follows a clicked link, rather than a script of the page.
_FOLLOWS = """
link => link.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))
"""


@pytest.fixture
def name() -> str:
    """The name of a doctor that no other doctor has."""
    return f"Emil {unlike()}"


@pytest.fixture
def emil(site: Site, name: str) -> str:
    """A doctor without a plan."""
    settle = partial(doctor, name=name, speciality="Patience")
    return str(site.write(settle))


def test_hours_are_copied_to_the_other_days_and_drawn_before_they_are_saved(
    page: Page, emil: str
):
    page.goto(f"/doctor_plan?doctor={emil}")
    ready(page).get_by_text("Closed on Monday", exact=True).click()
    # The hours proposed for a day that was closed.
    begin = page.get_by_role("combobox", name="Monday, morning, from")
    expect(begin).to_be_visible()
    ready(page).get_by_role("button", name="Copy Monday").click()

    for day in ("Tuesday", "Friday"):
        begin = page.get_by_role("combobox", name=f"{day}, morning, from")
        expect(begin).to_be_visible()
    expect(page.get_by_role("combobox", name="Sunday, morning, from")).to_have_count(0)
    week = "Friday: 16 visits, 08:00 to 17:00; Saturday: closed"
    expect(page.get_by_label(week).first).to_be_attached()
    expect(page.get_by_text("Bookable in a week: 80 visits of 30")).to_be_visible()
    ready(page).get_by_role("button", name="Save the week").click()
    expect(page.get_by_text("The week is saved.")).to_be_visible()


def test_a_visit_is_moved_before_or_after_its_time_is_blocked(
    page: Page, site: Site, emil: str
):
    visit_tomorrow(site, emil)
    page.goto(f"/doctor_plan?doctor={emil}")
    ask_to_block_tomorrow(page)
    whose = page.get_by_role("row").filter(has_text="Lovelace, Ada")
    to_move = page.get_by_role("dialog").locator(whose)
    phone = to_move.get_by_role("link", name=_NUMBER)
    expect(phone).to_have_attribute("href", f"tel:{_NUMBER}")
    assert phone.evaluate(_FOLLOWS), "the link does nothing"
    to_move.get_by_role("button").click()
    page.get_by_text("You are moving the visit of").wait_for()

    site.write(partial(block_tomorrow, doctor_id=emil))
    turn_to(page, f"/doctor_plan?doctor={emil}")
    page.get_by_role("table", name="Visits to move").wait_for()
    expect(page.get_by_role("row").filter(has_text="Blocked")).to_be_visible()
    whose.get_by_role("button").click()
    page.get_by_text("You are moving the visit of").wait_for()


@pytest.mark.parametrize(
    ("language", "meant"),
    [
        (
            "de",
            {
                "45,50": "45.50",
                "45.50": "45.50",
                "1.234": "1234.00",
                "1.234,50": "1234.50",
                "0,5": "0.50",
            },
        ),
        (
            "en",
            {
                "45,50": "45.50",
                "1,234": "1234.00",
                "1,450.50": "1450.50",
                "1.234,50": "1234.50",
                "1,234,567": "1234567.00",
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fee_is_taken_as_it_is_meant_whether_typed_or_pasted(
    page: Page, emil: str, language: str, meant: dict[str, str]
):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/health")
    page.context.add_cookies(
        [{"name": "chartroom_language", "value": language, "url": page.url}]
    )
    page.goto(f"/doctor_plan?doctor={emil}")
    expect(page.locator("html")).to_have_attribute("lang", language)
    fee = page.get_by_role("spinbutton", name=re.compile("^(Fee|Honorar)"))

    for given, taken in meant.items():
        type_into(fee, given)
        expect(fee).to_have_value(taken)
        paste_into(fee, given)
        expect(fee).to_have_value(taken)
    paste_into(fee, "12 mg")
    note = page.get_by_role("alert").filter(has_text="12 mg")
    expect(note).to_contain_text(re.compile("is not a number|ist keine Zahl"))
    expect(fee).to_have_value(taken)


def type_into(field: Locator, text: str) -> None:
    field.click()
    field.press("Control+a")
    field.page.keyboard.type(text)
    field.press("Tab")


def paste_into(field: Locator, text: str) -> None:
    field.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    field.click()
    field.press("Control+a")
    field.press("Control+v")
    field.press("Tab")


def ask_to_block_tomorrow(page: Page) -> None:
    for label in ("From", "Until"):
        field = ready(page).get_by_role("group", name=label, exact=True)
        field.get_by_role("spinbutton").first.click()
        page.keyboard.type(f"{tomorrow():%Y%m%d}")
    page.get_by_role("button", name="Add", exact=True).click()


def visit_tomorrow(site: Site, doctor_id: str) -> None:
    """Let the doctor work every morning, and give Ada tomorrow's first visit."""

    def book(session) -> None:
        clerk = cast.get_demo(session)[Role.STAFF]
        week = [plans.Hours(day, time(9), time(11)) for day in range(1, 8)]
        weeks.change_week(session, clerk, UUID(doctor_id), week, HORIZON)
        free = slots_of(session, UUID(doctor_id), tomorrow().date())[0]
        take(session, free, cast.add_patient(session))

    site.write(book)


def block_tomorrow(session: Session, doctor_id: str) -> None:
    """Block the day of a doctor, whatever is booked in it."""
    clerk = cast.get_demo(session)[Role.STAFF]
    blocked = ExceptionDraft(
        ExceptionKind.BLOCKED, tomorrow(time(0)), tomorrow(time(23)), UUID(doctor_id)
    )
    plans.add_exception(session, clerk, blocked, HORIZON)
