"""What a browser asks for before a page is there."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import requested

pytestmark = pytest.mark.browser


def test_a_page_is_drawn_without_asking_first_where_the_server_is(page: Page):
    held: list[Route] = []

    def hold(asked: Route) -> None:
        held.append(asked)

    page.route("**/_stcore/health", hold)
    page.route("**/_stcore/host-config", hold)
    with requested(page) as addresses:
        page.goto("/patients")
        expect(page.get_by_role("heading", level=1)).to_have_text("Patients")

    assert not [address for address in addresses if "/patients/_stcore" in address]
    for question in held:
        question.continue_()
    page.unroute_all()
