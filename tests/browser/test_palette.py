"""One search from every page, by keyboard alone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.models.patient import Patient
from services.core.actors import Role
from services.patients.records import record_numbers
from tests.browser.conftest import Site, ready, requested, turn_to

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tab(site: Site) -> Iterator[Page]:
    with site.lend() as page:
        yield page


@pytest.fixture
def desk(tab: Page) -> Page:
    """The page of doctors, with nothing open over it."""
    tab.unroute_all()
    if tab.locator("dialog[open]").count():
        tab.keyboard.press("Escape")
        expect(tab.locator("dialog[open]")).to_have_count(0)
    return ready(tab) if tab.url.endswith("/doctors") else turn_to(tab, "/doctors")


@pytest.fixture
def somebody(site: Site):
    """A patient of the clinic under a unique name."""
    return site.read_primary(
        lambda session: session.execute(
            select(Patient.first_name, Patient.last_name, Patient.record_number)
            .where(Patient.deleted_at.is_(None))
            .limit(1)
        ).one()
    )


def search(page: Page):
    return page.get_by_role("combobox", name="Search everywhere")


def test_a_patient_is_found_by_number_and_opened_with_keys_alone(desk, somebody):
    number = record_numbers.formatted(somebody.record_number)
    desk.keyboard.press("Control+k")
    with requested(desk) as addresses:
        desk.keyboard.type(number.lower())
        first = desk.get_by_role("option").first
        expect(first).to_contain_text(number)
        desk.keyboard.press("Enter")

        expect(desk.get_by_role("heading", level=1)).to_have_text(
            f"{somebody.last_name}, {somebody.first_name}"
        )
    assert not any(number.lower() in address.lower() for address in addresses)
    assert not any(address.endswith("/doctors") for address in addresses), "loaded anew"


def test_one_record_after_another_is_opened(desk, site):
    people = site.read_primary(
        lambda session: session.execute(
            select(Patient.first_name, Patient.last_name, Patient.record_number)
            .where(Patient.deleted_at.is_(None))
            .limit(2)
        ).all()
    )
    for person in people:
        desk.keyboard.press("Control+k")
        desk.keyboard.type(person.record_number)
        expect(desk.get_by_role("option").first).to_contain_text(person.last_name)
        desk.keyboard.press("Enter")
        name = f"{person.last_name}, {person.first_name}"
        expect(desk.get_by_role("heading", level=1)).to_have_text(name)


def test_a_slash_opens_it_where_no_field_has_the_focus(desk):
    desk.keyboard.press("/")
    expect(search(desk)).to_be_focused()
    desk.keyboard.press("Escape")
    expect(search(desk)).to_be_hidden()

    box = turn_to(desk, "/patients").get_by_label("Search patients")
    box.press("/")

    expect(box).to_have_value("/")
    expect(search(desk)).to_be_hidden()


def test_the_focus_returns_where_it_was(desk):
    button = desk.get_by_role("button", name="Search", exact=True)
    button.focus()
    desk.keyboard.press("Enter")
    expect(search(desk)).to_be_focused()

    desk.keyboard.press("Escape")

    expect(button).to_be_focused()


def test_an_action_is_found_by_what_it_does(desk):
    desk.keyboard.press("Control+k")
    desk.keyboard.type("regis")
    expect(desk.get_by_role("option", name="Register a patient")).to_have_attribute(
        "aria-selected", "true"
    )

    desk.keyboard.press("Enter")

    expect(desk).to_have_url(re.compile("/register$"))
    expect(desk.get_by_label("First name")).to_be_visible()


def test_arrows_go_round_through_what_was_found(desk):
    desk.keyboard.press("Control+k")
    expect(desk.get_by_role("option").nth(2)).to_be_visible()
    last = desk.get_by_role("option").last

    desk.keyboard.press("ArrowUp")
    expect(last).to_have_attribute("aria-selected", "true")
    desk.keyboard.press("ArrowDown")

    first = desk.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")


def test_what_finds_nothing_or_cannot_be_asked_is_said(desk):
    desk.keyboard.press("Control+k")
    desk.keyboard.type("zzzzqqq")
    status = desk.locator(".chartroom-palette [role=status]")
    expect(status).to_contain_text("Nothing found")

    desk.route("**/api/v1/search", lambda route: route.abort())
    desk.keyboard.type("q")

    expect(status).to_contain_text("Search is not available right now")


def test_a_question_mark_lists_the_keys(desk):
    desk.keyboard.press("?")

    keys = desk.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Ctrl K")
    desk.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_an_analyst_is_offered_no_patient(site: Site, somebody):
    with site.lend(Role.ANALYST) as page:
        page.goto("/doctors")
        ready(page).keyboard.press("Control+k")
        with page.expect_response("**/api/v1/search") as answer:
            page.keyboard.type(somebody.last_name)

        assert answer.value.json()["patients"] == []
