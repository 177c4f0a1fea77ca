"""Several patients at once, by keyboard: ticked in the list, archived for a reason."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import add_patient, unlike

pytestmark = pytest.mark.browser


def test_two_of_three_are_archived_for_a_reason(site: Site, page: Page):
    last = unlike()
    for first in ("Ann", "Bea", "Cyd"):
        add_patient(site, first, last)
    page.goto("/patients")
    box = ready(page).get_by_label("Search patients")
    box.fill(last)
    box.press("Enter")
    rows = page.get_by_role("row").filter(has_text=last)
    expect(rows).to_have_count(3)
    for first in ("Ann", "Bea"):
        page.get_by_role("checkbox", name=f"Select {last}, {first}").press("Space")
    expect(page.get_by_text("2 patients selected")).to_be_visible()

    page.get_by_role("button", name="Archive", exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Reason").fill("Moved to another town")
    dialog.get_by_role("button", name="Archive 2 patients").press("Enter")

    expect(page.get_by_text("2 patients archived.")).to_be_visible()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Cyd")
