"""After each action the focus is on what has changed, by keyboard alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from services.core.actors import Role
from tests.browser.axe import WCAG, problems
from tests.browser.conftest import Site, open_from_menu, ready, turn_to
from tests.browser.documents.filing import address_of, file_letter
from tests.browser.patients.test_front_desk import add_patient, unlike
from tests.kit import cast

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(page: Page) -> Page:
    page.goto("/register")
    return ready(page)


def invalid(page: Page) -> Locator:
    return page.locator("[aria-invalid=true]")


def size_of(text: Locator) -> str:
    size: str = text.evaluate("element => getComputedStyle(element).fontSize")
    return size


def test_refused_fields_are_marked_described_and_the_first_has_the_focus(desk: Page):
    desk.get_by_label("First name").fill("Ada")
    desk.keyboard.press("Enter")

    last = desk.get_by_label("Last name")
    expect(last).to_be_focused()
    expect(last).to_have_accessible_description(re.compile("Last name is missing"))
    expect(invalid(desk)).to_have_count(3)
    said = desk.get_by_text("Last name is missing")
    label = desk.get_by_text("Last name", exact=True)
    assert size_of(said) == size_of(label)

    last.fill("Lovelace")
    desk.keyboard.press("Enter")

    # Drawn again: a corrected field is no longer marked as wrong.
    expect(desk.get_by_role("textbox", name="Date of birth")).to_be_focused()
    expect(last).not_to_have_attribute("aria-invalid", "true")
    expect(last).to_have_value("Lovelace")


def test_a_refused_field_is_not_hidden_by_the_bar_at_the_top(desk: Page):
    desk.set_viewport_size({"width": 390, "height": 900})
    names = ("First name", "Last name", "Date of birth", "E-mail")
    for name, typed in zip(
        names, ("Ada", "Lovelace", "29.2.96", "ada@example.org"), strict=True
    ):
        desk.get_by_label(name, exact=True).fill(typed)
    desk.get_by_role("button", name="Register patient").click()

    refused = desk.get_by_role("textbox", name="Date of birth")
    expect(refused).to_be_focused()
    label = desk.get_by_text("Date of birth", exact=True).bounding_box()
    bar = desk.get_by_test_id("stHeader").bounding_box()
    assert label
    assert bar
    assert label["y"] >= bar["y"] + bar["height"]


def test_no_field_is_longer_than_lines_are_read_well(desk: Page):
    desk.set_viewport_size({"width": 1440, "height": 900})

    widths = desk.get_by_test_id("stMultiSelect").evaluate_all(
        "fields => fields.map((field) => field.getBoundingClientRect().width)"
    )

    assert widths
    assert max(widths) <= 768


def test_nothing_in_a_closed_menu_takes_the_focus(site: Site):
    with site.lend(at="/patients", width=390) as page:
        places = ready(page).get_by_test_id("stSidebarNavLink")
        expect(places.first).to_be_hidden()

        page.get_by_test_id("stExpandSidebarButton").click()
        expect(places.first).to_be_visible()


def test_a_link_that_is_shown_once_can_be_copied_with_the_keyboard(
    site: Site, page: Page
):
    page.goto(address_of(file_letter(site, "Letter to share")))
    ready(page).get_by_role("button", name="Share version 1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Create link").click()

    link = dialog.get_by_test_id("stCode")
    link.focus()
    page.keyboard.press("Tab")

    expect(link.get_by_role("button")).to_be_focused()


def test_another_page_is_entered_at_its_title(desk: Page):
    open_from_menu(desk, "Visits", "Front desk")

    title = desk.get_by_role("heading", level=1, name="Front desk")
    expect(title).to_be_focused()


def test_who_was_chosen_has_the_focus_and_then_whoever_is_asked_for(
    site: Site, desk: Page
):
    last = unlike()
    add_patient(site, "Ann", last)
    turn_to(desk, "/book")
    field = desk.get_by_role("combobox", name="Patient", exact=True)
    field.press_sequentially(last)
    expect(desk.get_by_role("option").first).to_contain_text(last)
    field.press("Enter")

    expect(desk.locator(":focus")).to_contain_text(f"{last}, Ann")

    desk.get_by_role("button", name="Another patient").press("Enter")
    expect(field).to_be_focused()


def test_a_dialog_has_the_focus_and_gives_it_back_to_what_opened_it(
    site: Site, desk: Page
):
    patient = add_patient(site, "Ann", unlike())
    turn_to(desk, f"/patient?patient={patient}")
    more = desk.get_by_role("button", name="More")
    more.press("Enter")
    desk.get_by_role("button", name="Archive").press("Enter")

    dialog = desk.get_by_role("dialog", name="Archive this record?")
    expect(dialog).to_be_visible()
    desk.wait_for_selector("[role=dialog]:focus, [role=dialog] :focus")
    desk.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    expect(more).to_be_focused()


def test_a_newcomer_is_led_around_once_and_again_when_they_ask(site: Site):
    context = site.visit(Role.PATIENT, width=390, at="/", is_led_around=True)
    page = context.pages[0]
    card = page.get_by_role("dialog", name="Search from everywhere")
    expect(card).to_contain_text("1 of 4")
    expect(card.get_by_role("heading")).to_be_focused()
    assert problems(page, tags=WCAG) == []
    for name in ("The pages", "Help on each page", "Your own menu"):
        page.locator(".chartroom-tour button:visible").last.press("Enter")
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
    page.keyboard.press("Escape")
    tour = page.locator(".chartroom-tour")
    expect(tour).to_be_hidden()

    ready(page).reload()
    ready(page).get_by_role("button", name=cast.MAYA.name).press("Enter")
    expect(tour).to_be_hidden()
    page.get_by_role("menuitem", name="Show me around").press("Enter")

    expect(card.get_by_role("heading")).to_be_focused()
    card.get_by_role("button", name="Skip").press("Enter")
    expect(tour).to_be_hidden()
    context.close()
