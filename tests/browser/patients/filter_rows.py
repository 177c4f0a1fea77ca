"""Rows of a list's filters, chosen with the mouse."""

from contextlib import suppress
from typing import Final

import pytest
from playwright.sync_api import Page, TimeoutError as OutOfTime, expect

from tests.browser.conftest import ready

_TRIES: Final = 5


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
    """Choose an option in the select box of a filter's row.

    What the choice before has set off may arrive only now, and close the list again.
    """
    box = page.get_by_label(label, exact=True).nth(row)
    for _ in range(_TRIES):
        ready(page)
        box.click()
        with suppress(OutOfTime):
            page.get_by_role("option", name=option, exact=True).click(timeout=5000)
            # The list of terms stays open for another one.
            page.keyboard.press("Escape")
            ready(page)
            return
    pytest.fail(f"“{option}” cannot be chosen.")
