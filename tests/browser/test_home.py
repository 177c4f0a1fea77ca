"""Home on a phone, in the language whose words are the longest."""

import pytest
from playwright.sync_api import expect

from dashboard.web.page_context.page_language import COOKIE
from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser

_CUT = """all => all
    .filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => one.textContent)"""


def test_what_is_counted_is_named_in_full_in_german(site: Site) -> None:
    with site.lend(width=390) as page:
        german = {"name": COOKIE, "value": "de", "url": site.address}
        page.context.add_cookies([german])
        page.goto("/")
        labels = ready(page).get_by_test_id("stMetricLabel")
        expect(labels.filter(has_text="Weder Telefon noch E-Mail")).to_be_visible()

        assert labels.locator("p, div").evaluate_all(_CUT) == []
