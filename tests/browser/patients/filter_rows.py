"""Rows of a list's filters, chosen with the mouse."""

from playwright.sync_api import Page

from tests.browser import choosing
from tests.browser.conftest import ready


def choose(page: Page, label: str, row: int, option: str) -> None:
    """Choose an option in the select box of a filter's row."""
    choosing.choose(page, page.get_by_label(label, exact=True).nth(row), option)
    # The list of terms stays open for another choice.
    page.keyboard.press("Escape")
    ready(page)
