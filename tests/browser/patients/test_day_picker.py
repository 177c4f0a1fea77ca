"""A day in a filter is typed, or chosen in the browser's calendar with keys alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ready
from tests.browser.patients.filter_rows import choose

pytestmark = pytest.mark.browser


def test_a_day_is_chosen_with_keys_and_others_are_typed_beside_it(page: Page):
    page.goto("/patients")
    ready(page).get_by_text("Filters and order").click()
    page.get_by_role("button", name="Add filter").click()
    choose(page, "Field", 0, "Date of birth")
    value = ready(page).get_by_label("Value", exact=True)
    value.fill("1980-01-31")

    picker = page.get_by_role("button", name="Choose a day: Date of birth")
    expect(picker).to_be_visible()
    value.press("Tab")
    # The calendar knows the day once the typed text has reached the server.
    named = "Choose another day: Date of birth, 31 January 1980"
    expect(page.get_by_role("button", name=named)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("input[type=date]:open")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(value).to_have_value("1980-02-01")
