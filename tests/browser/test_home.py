"""Home on screens of any width, in German, whose words are the longest."""

import re

import pytest
from playwright.sync_api import expect

from dashboard.web.page_context.page_language import COOKIE
from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser

_CUT = """all => all
    .filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => one.textContent)"""
_RIGHT_ENDS = "all => all.map(one => one.getBoundingClientRect().right)"
_STATES = ["Behandelt", "Wartend", "Erwartet", "Nicht gekommen", "Im Sprechzimmer"]


# The names of the tiles of records to complete.
_NAMES = re.compile("Telefon|Allergien|Mail")


@pytest.mark.parametrize("width", [390, 430, 720, 820, 1440])
def test_what_is_counted_is_named_in_full_in_german(site: Site, width: int) -> None:
    german = {"name": COOKIE, "value": "de", "url": site.address}
    with site.lend(width=width) as page:
        page.context.add_cookies([german])
        page.goto("/")
        # The comparison below each figure is there too.
        figures = ready(page).get_by_test_id("stMetric")
        expect(figures.filter(has_text="Ohne Telefon und E-Mail")).to_be_visible()
        expect(figures.filter(has_text="ggü. den 7 Tagen davor")).to_be_visible()

        assert figures.locator("p, div").evaluate_all(_CUT) == []


@pytest.mark.parametrize("width", [430, 472, 700])
def test_records_to_complete_are_named_in_full_by_the_narrowest_columns(
    site: Site, width: int
) -> None:
    german = {"name": COOKIE, "value": "de", "url": site.address}
    with site.lend(width=width) as page:
        page.context.add_cookies([german])
        page.goto("/")
        labels = ready(page).get_by_test_id("stMetricLabel").filter(has_text=_NAMES)
        expect(labels.filter(has_text="Ohne Telefon und E-Mail")).to_be_visible()

        assert labels.locator("p, div").evaluate_all(_CUT) == []


@pytest.mark.parametrize("width", [390, 720, 820, 1440])
def test_the_days_chart_names_every_colour_in_german(site: Site, width: int) -> None:
    """720 is half a desk's screen, as somebody sees it who doubles all letters."""
    german = {"name": COOKIE, "value": "de", "url": site.address}
    with site.lend(width=width) as page:
        page.context.add_cookies([german])
        page.goto("/")
        chart = (
            ready(page)
            .get_by_test_id("stVegaLiteChart")
            .filter(has_text="Nicht gekommen")
        )
        names = chart.locator(".role-legend-label text")
        expect(names).to_have_text(_STATES)

        ends = names.evaluate_all(_RIGHT_ENDS)
        assert max(ends) <= chart.evaluate("one => one.getBoundingClientRect().right")


@pytest.mark.parametrize(
    ("scheme", "muted"), [("light", "#4A5B67"), ("dark", "#A9B8C2")]
)
def test_words_of_charts_are_as_legible_as_the_pages(
    site: Site, scheme: str, muted: str
) -> None:
    """Both colours have a contrast of 5.8 and more; axe does not look into charts."""
    with site.lend(scheme=scheme, at="/") as page:
        words = ready(page).get_by_test_id("stVegaLiteChart").locator("svg text")
        expect(words.filter(has_text="Expected")).to_be_visible()

        colours = words.evaluate_all("all => all.map(one => one.getAttribute('fill'))")
        assert set(colours) == {muted}
