"""Everybody's first page says what needs them today."""

import pytest
from playwright.sync_api import Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import registered, unlike

pytestmark = pytest.mark.browser

_FIRST = {
    Role.STAFF: ("Visits today", "Waiting", "Seen", "No-shows, 7 days", "Inbox"),
    Role.CLINICIAN: ("Your visits today", "Seen in 7 days", "Open notes"),
    Role.ANALYST: ("Changed last",),
    Role.ADMIN: ("Replication lag", "Connections", "Open alerts"),
    Role.PATIENT: ("Next visit", "Your visits in a year"),
}
# What is for those who can complete a record.
_COMPLETING = "Records to complete"


@pytest.mark.parametrize("role", _FIRST)
def test_home_begins_with_what_a_role_looks_for(site: Site, role: Role):
    with site.lend(role) as page:
        page.goto("/")
        for said in _FIRST[role]:
            expect(ready(page).get_by_text(said, exact=True).first).to_be_visible()
        is_completing = role in {Role.STAFF, Role.CLINICIAN}
        expect(page.get_by_text(_COMPLETING)).to_have_count(int(is_completing))


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
