"""A document made from a form: typed, looked at, confirmed, opened."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser
_NAME = "محمد عبد الله"


def _type(page: Page, label: str, text: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(text)
    box.press("Tab")


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """A clinician's tab."""
    with site.lend(Role.CLINICIAN) as page:
        yield page


def test_from_the_form_over_the_preview_to_the_document(page: Page):
    page.goto("/create_document")
    _type(page, "Name", _NAME)
    year = page.get_by_role("spinbutton", name="Date of birth").first
    # A mistyped year does not keep the tab from working.
    year.click()
    page.keyboard.type("99991231")
    page.keyboard.press("Tab")
    year.click()
    page.keyboard.type("19800131")
    page.keyboard.press("Tab")
    _type(page, "Diagnosis (optional)", "Ελένη, राजेश, 高血压 and " + "a line. " * 600)
    expect(page.get_by_text("Draft saved at")).to_be_visible()

    page.get_by_role("button", name="Generate PDF").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_alt_text("Page 1 of 2 of the medical record")).to_be_visible()
    dialog.get_by_role("button", name="Next page").click()
    expect(dialog.get_by_alt_text("Page 2 of 2 of the medical record")).to_be_visible()
    dialog.get_by_role("button", name="Confirm & Upload").click()

    expect(page.get_by_text("“Medical record” is filed.")).to_be_visible()
    expect(page.get_by_role("heading", name="Medical record")).to_be_visible()
    expect(page.get_by_role("link", name="Download version 1")).to_be_visible()


def test_a_day_that_was_not_taken_holds_the_button_back_from_the_keyboard_too(
    page: Page,
):
    page.goto("/create_document")
    year = page.get_by_role("spinbutton", name="Date of birth").first
    year.click()
    page.keyboard.type("99991231")
    expected = "Enter the day, the month and a year from 1000 to 9998."
    expect(year).to_have_accessible_description(re.compile(f"{expected}$"))

    page.keyboard.press("Tab")
    expect(page.get_by_text("“9999-12-31” was not taken.")).to_be_visible()
    page.get_by_role("button", name="Generate PDF").press("Enter")

    note = page.locator("[data-chartroom-day]")
    expect(note).to_have_attribute("data-chartroom-day", "read")


def test_what_is_wrong_with_a_long_form_is_said_in_sight(page: Page):
    page.goto("/create_document?template=referral_letter")
    button = page.get_by_role("button", name="Generate PDF")
    button.scroll_into_view_if_needed()

    button.click()

    expect(page.get_by_text("No document was made.")).to_be_visible()
    first = page.locator("[aria-invalid=true]").first
    expect(first).to_be_focused()
    expect(first).to_be_in_viewport(ratio=1)
    expect(first).to_have_accessible_description(re.compile("."))
    # The outline is around the whole date field, not around its year, month and day.
    born = page.get_by_test_id("stDateInput").filter(has_text="Date of birth").first
    field = born.get_by_test_id("stDateInputField")
    expect(field).to_have_css("outline-style", "solid")
    expect(born.get_by_role("group")).not_to_have_css("outline-style", "solid")
