"""Pages as a browser prints them: what they say, and nothing to press."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser


def test_a_printed_page_has_its_list_and_nothing_to_press(site: Site) -> None:
    with site.lend() as page:
        page.goto("/patients")
        rows = ready(page).get_by_role("row")
        names = rows.get_by_role("link")
        expect(names.first).to_be_visible()
        pressed = (
            page.get_by_test_id("stHeader"),
            page.get_by_role("button", name="Register patient"),
            page.get_by_role("button", name="Saved views"),
            rows.get_by_role("checkbox").first,
        )
        for each in pressed:
            expect(each).to_be_visible()

        page.emulate_media(media="print")
        try:
            for each in pressed:
                expect(each).to_be_hidden()
            expect(names.first).to_be_visible()
            expect(page.get_by_role("heading", name="Patients")).to_be_visible()
            # Nobody's name and date of birth are on two sheets.
            expect(rows.last).to_have_css("break-inside", "avoid")
        finally:
            # The tab is lent to others.
            page.emulate_media(media="screen")
