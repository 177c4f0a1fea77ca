"""How lists are set: as somebody chose, on a desk, a phone and a touch screen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.browser.looks import violations
from tests.kit import cast

pytestmark = pytest.mark.browser

_HEIGHTS = "all => all.map(one => one.getBoundingClientRect().height)"
# WCAG 2.2, 2.5.8, in CSS pixels; and the size that a finger needs.
_TARGET, _FINGER = 24, 44


@pytest.fixture
def compact(site: Site) -> Iterator[Page]:
    """The front desk's list of patients, set to compact."""
    with site.lend(at="/patients") as page:
        yield ready(page)
        choose(page, "Comfortable")


def choose(page: Page, density: str) -> None:
    page.get_by_role("button", name=cast.ROSA.name).click()
    page.get_by_role("menuitemradio", name=density).click()
    root = page.locator("html")
    if density == "Compact":
        expect(root).to_have_attribute("data-density", "compact")
    else:
        expect(root).not_to_have_attribute("data-density", "compact")
    expect(rows(ready(page)).first).to_be_visible()


def rows(page: Page):
    return page.locator(".st-key-patients_table tbody tr")


def row_height(page: Page) -> float:
    expect(rows(page).first).to_be_visible()
    return min(rows(page).evaluate_all(_HEIGHTS))


def lowest(page: Page, targets: str) -> float:
    """Return the height of the lowest of these targets in the list's rows."""
    shown = rows(page).locator(targets)
    expect(shown.first).to_be_visible()
    return min(shown.evaluate_all(_HEIGHTS))


def test_compact_rows_are_lower_everywhere_and_stay_so_with_the_person(
    site: Site, compact: Page
):
    comfortable = row_height(compact)
    compact.set_viewport_size({"width": 390, "height": 844})
    expect(rows(compact).first).to_have_css("display", "block")
    card = row_height(compact)
    compact.set_viewport_size({"width": 1440, "height": 900})

    choose(compact, "Compact")

    assert row_height(compact) <= comfortable - 8
    assert lowest(compact, "th a") >= _TARGET
    assert lowest(compact, ".choice label") >= _TARGET
    assert violations(compact) == []
    compact.set_viewport_size({"width": 390, "height": 844})
    expect(rows(compact).first).to_have_css("display", "block")
    assert row_height(compact) <= card - 16
    assert violations(compact) == []

    with site.lend(at="/patients", width=390, has_touch=True) as phone:
        page = ready(phone)
        assert page.evaluate("matchMedia('(pointer: coarse)').matches")
        assert row_height(page) < card
        assert lowest(page, ".choice label") >= _FINGER
        assert row_height(page) >= _FINGER
    with site.lend(Role.CLINICIAN, at="/patients") as another:
        expect(ready(another).locator("html")).not_to_have_attribute(
            "data-density", "compact"
        )


def test_rows_are_cards_where_columns_would_be_cut_off(site: Site):
    # As wide as a screen of 1440 at 200 %.
    with site.lend(at="/patients", width=720) as page:
        expect(rows(ready(page)).first).to_have_css("display", "block")
        assert cut_off(page) == 0
        # Who sorts with the keyboard sees where the focus is.
        heads = page.locator(".st-key-patients_table thead")
        heads.get_by_role("button").first.focus()
        expect(heads).to_have_css("clip-path", "none")

        page.set_viewport_size({"width": 1440, "height": 900})
        expect(rows(page).first).to_have_css("display", "table-row")
        assert cut_off(page) == 0


def cut_off(page: Page) -> int:
    """Return how many pixels of the list its frame does not show."""
    frame = page.locator(".st-key-patients_table .frame")
    cut: int = frame.evaluate("frame => frame.scrollWidth - frame.clientWidth")
    return cut
