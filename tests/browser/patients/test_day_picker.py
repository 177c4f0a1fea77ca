"""A day in a filter is typed, or chosen in the browser's calendar with keys alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ready

pytestmark = pytest.mark.browser


def test_a_day_is_chosen_with_keys_and_others_are_typed_beside_it(page: Page):
    page.goto("/patients")
    ready(page).get_by_text("Filters and order").click()
    page.get_by_role("button", name="Add filter").click()
    page.get_by_role("combobox", name="Field").click()
    page.get_by_role("option", name="Date of birth").click()
    value = ready(page).get_by_label("Value", exact=True)
    value.fill("1980-01-31")

    value.press("Tab")
    picker = page.get_by_role("button", name="Choose a day: Date of birth")
    expect(picker).to_be_focused()
    ready(page)
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(value).to_have_value("1980-02-01")
