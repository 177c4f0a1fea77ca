"""Notices on a page disappear by themselves and are in nobody's way."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import turn_to
from tests.browser.patients.test_front_desk import registered, unlike

pytestmark = pytest.mark.browser

# Here notices never time out: if one disappears, something else has removed it.
_STAYS = """
const later = window.setTimeout
window.setTimeout = (act, after, ...given) =>
    after === 5000 ? 0 : later(act, after, ...given)
"""
_IS_COVERED = """button => {
    const {x, y, width, height} = button.getBoundingClientRect()
    return !button.contains(document.elementFromPoint(x + width / 2, y + height / 2))
}"""


def test_what_is_said_in_passing_covers_no_action_and_goes_by_itself(page: Page):
    registered(page, "Ann", unlike())
    said = page.get_by_text("is registered.")
    expect(said).to_be_visible()

    for name in ("Edit", "More", "Book a visit"):
        button = page.get_by_role("button", name=name, exact=True).first
        assert not button.evaluate(_IS_COVERED), name
    expect(said).to_have_count(0)


def test_what_is_said_in_passing_stays_behind_with_its_page(page: Page):
    page.add_init_script(_STAYS)
    registered(page, "Ann", unlike())
    said = page.get_by_text("is registered.")
    expect(said).to_be_visible()

    turn_to(page, "/doctors")

    expect(page.get_by_role("heading", level=1)).to_have_text("Doctors")
    expect(said).to_have_count(0)
