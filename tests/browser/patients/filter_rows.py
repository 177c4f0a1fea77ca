"""Rows of a list's filters, chosen with the mouse."""

from playwright.sync_api import Page, expect

from tests.browser import choosing
from tests.browser.conftest import ready


def add_filter(page: Page, row: int, field: str, operator: str) -> None:
    """Add a row to the filters and choose its field and comparison."""
    button = ready(page).get_by_role("button", name="Add filter")
    if not button.is_visible():
        page.get_by_text("Filters and order").click()
    button.click()
    expect(page.get_by_label("Field", exact=True)).to_have_count(row + 1)
    choose(page, "Field", row, field)
    choose(page, "Comparison", row, operator)


def choose(page: Page, label: str, row: int, option: str) -> None:
    """Choose an option in the select box of a filter's row."""
    choosing.choose(page, page.get_by_label(label, exact=True).nth(row), option)
    # The list of terms stays open for another one.
    page.keyboard.press("Escape")
    ready(page)
