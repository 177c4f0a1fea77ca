"""A patient is found and chosen in a field by keyboard, while typing."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import WCAG, problems
from tests.browser.conftest import Site, ready, requested
from tests.browser.patients.test_front_desk import add_patient, unlike

pytestmark = pytest.mark.browser


def test_a_patient_is_chosen_while_one_types_and_nothing_typed_is_in_an_address(
    site: Site, page: Page
):
    last = unlike()
    for number in range(8):
        add_patient(site, f"Sam{'abcdefgh'[number]}", last)
    page.goto("/book")
    field = ready(page).get_by_role("combobox", name="Patient", exact=True)
    options = page.get_by_role("option")

    with requested(page) as addresses:
        field.press_sequentially(last[:-1].lower())
        expect(page.get_by_text("6 of 8 patients.")).to_be_visible()
        expect(options.first).to_contain_text("born 29 February 1984")
        assert problems(page, tags=WCAG) == []

        # The last entry of the list leads to the remaining patients.
        field.press("ArrowUp")
        field.press("Enter")
        expect(page.get_by_text("8 patients found.")).to_be_visible()
        expect(options).to_have_count(8)
        expect(field).to_be_focused()
        field.press("Enter")
        # For an instant the name is in the list as well.
        expect(page.get_by_text(f"{last}, Samg").first).to_be_visible()
        ready(page)
    assert not any(last.lower()[:-1] in address.lower() for address in addresses)

    page.get_by_role("button", name="Another patient").click()
    expect(field).to_be_focused()
    field.press_sequentially("zzyzxq")
    expect(page.get_by_text("No patients match. Check the spelling")).to_be_visible()
    field.press("Escape")
    expect(field).to_have_value("")

    # Somebody with almost this name is on file.
    field.press_sequentially(f"samaa {last}")
    expect(page.get_by_text("Did you mean one of these?")).to_be_visible()
    expect(options.first).to_contain_text(last)


def test_an_example_that_is_longer_than_its_field_ends_in_dots(page: Page):
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/upload_documents")
    field = ready(page).get_by_role("combobox", name="Patient", exact=True)

    expect(field).to_have_css("text-overflow", "ellipsis")


def test_the_field_says_that_the_search_cannot_be_reached(page: Page):
    page.goto("/upload_documents")
    ready(page).route("**/api/v1/search", lambda route: route.abort())

    field = page.get_by_role("combobox", name="Patient", exact=True)
    field.press_sequentially("smith")

    expect(page.get_by_text("Search is not available right now.")).to_be_visible()
