"""How visits are booked, as an administrator sees it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser

_FILLS = "bars => [...new Set(bars.map(bar => bar.getAttribute('fill')))].sort()"
_TURNS = "texts => texts.filter(text => /rotate/.test(text.getAttribute('transform')))"
_RIGHT = "all => Math.round(Math.max(...all.map(a => a.getBoundingClientRect().right)))"


@pytest.fixture
def statistics(site: Site) -> Iterator[Page]:
    """The page, with a free time today."""
    site.write(lambda s: visit_samples.slot(s, cast.add_doctor(s).id, soon(1)))
    with site.lend(Role.ADMIN) as page:
        page.goto("/statistics")
        yield ready(page)


def test_figures_stand_beside_those_before_and_nothing_free_alarms(statistics: Page):
    expect(
        statistics.get_by_text("change from the same number of days before")
    ).to_be_visible()
    utilisation = statistics.get_by_test_id("stMetric").filter(has_text="Utilisation")
    expect(utilisation).to_contain_text(re.compile(r"\d+%|–"))

    slots = statistics.locator(".st-key-statistics_slots_box .stVegaLiteChart svg")
    expect(slots.locator(".mark-rect.role-mark path").first).to_be_visible()
    # Booked is in the product's colour, free in grey.
    fills = slots.locator(".mark-rect.role-mark path").evaluate_all(_FILLS)
    assert set(fills) <= {"#0E7A86", "#9AA7B0"}
    assert "#9AA7B0" in fills
    # The labels of days are horizontal.
    labels = slots.locator(".role-axis-label text")
    assert labels.count()
    assert labels.evaluate_all(_TURNS) == []

    # The figures are as wide as what is below them.
    figures = statistics.get_by_test_id("stMetric").evaluate_all(_RIGHT)
    below = statistics.get_by_role("table").evaluate_all(_RIGHT)
    assert abs(figures - below) <= 2
