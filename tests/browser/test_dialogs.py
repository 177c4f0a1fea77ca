"""Dialogs on screen: only what nobody can undo is red, and the way out is beside it."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import add_patient, record_of, unlike
from tests.kit import cast
from tests.services.visits import visit_samples

pytestmark = pytest.mark.browser

# The colour of danger in the light theme, as .streamlit/config.toml has it.
_RED = "rgb(168, 35, 27)"


def words_of(button: Locator) -> Locator:
    """Return the innermost element of a button's text, which has its colour."""
    return button.locator("p *, p").last


def test_cancelling_is_red_and_archiving_which_can_be_undone_is_not(
    site: Site, page: Page
):
    patient = add_patient(site, "Ann", unlike())

    def add(session) -> None:
        doctor_id = cast.add_doctor(session).id
        starts_at = datetime.now(UTC) + timedelta(days=2)
        visit_samples.visit(session, doctor_id, patient, starts_at)

    site.write(add)
    page.goto(record_of(patient))
    ready(page).get_by_role("tab", name="Visits").click()
    visits = page.get_by_role("table", name="Next visits")
    visits.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    cancel = dialog.get_by_role("button", name="Cancel visit")

    expect(words_of(cancel)).to_have_css("color", _RED)
    keep = dialog.get_by_role("button", name="Keep it")
    expect(words_of(keep)).not_to_have_css("color", _RED)
    keep.click()
    expect(dialog).to_have_count(0)
    expect(visits.get_by_role("button", name="Cancel")).to_be_visible()

    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Archive").click()
    archive = dialog.get_by_role("button", name="Archive record")
    expect(words_of(archive)).not_to_have_css("color", _RED)
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    expect(dialog).to_have_count(0)
