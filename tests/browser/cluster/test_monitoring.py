"""The servers' page in a real browser: drawn, charted, zoomed, renewed every second."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from db.models.replication import Alert, ClusterOperation
from services.core.actors import Role
from tests.browser.conftest import Site
from tests.browser.keyboard import Keys
from tests.kit import cast
from tests.kit.waiting import eventually

pytestmark = pytest.mark.browser

# A month of stored samples: 300 s apart, three servers.
_MONTH = text("""
INSERT INTO replication_samples
    (resolution, taken_at, node, role, state, replay_lag, replay_lag_max, wal_rate)
SELECT 300, at, node, CASE WHEN node = 'db-01' THEN 'primary' ELSE 'replica' END,
    'streaming on timeline 1', CASE WHEN node <> 'db-01' THEN 0.2 END,
    CASE WHEN node <> 'db-01' THEN 0.4 END, CASE WHEN node = 'db-01' THEN 9000 END
FROM generate_series(now() - interval '30 days', now(), interval '5 minutes') AS at,
    unnest(ARRAY['db-01', 'db-02', 'db-03']) AS node
ON CONFLICT DO NOTHING
""")


# The left edge of the time axis of each chart.
_BEGINNINGS = """frames =>
    frames.map(frame => Math.round(frame.getBoundingClientRect().left))"""


@pytest.fixture(scope="module")
def _month(site: Site) -> None:
    def happen(session) -> None:
        session.execute(_MONTH)
        nine_days_ago = datetime.now(UTC) - timedelta(days=9)
        session.add(
            switchover(
                "Tuesday practice",
                started_at=nine_days_ago,
                ended_at=nine_days_ago,
                downtime_seconds=0.84,
                lost_writes=0,
                phases={"pausing": 0.2, "handing_over": 0.64},
            )
        )
        session.add(Alert(kind="disk", node="db-09", sentence="The disk is full."))

    site.write(happen)


def _on(**widths: int) -> pytest.MarkDecorator:
    """Run the test on screens of these widths; each opens the page again."""
    return pytest.mark.parametrize(
        "page", widths.values(), ids=widths.keys(), indirect=True
    )


# Violations and overflow are tested in all widths by test_accessibility.py.
BOTH, DESK, PHONE = _on(desk=1440, phone=390), _on(desk=1440), _on(phone=390)


@pytest.fixture
def page(site: Site, _month: None, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The servers' page, as an administrator opens it."""
    with site.lend(Role.ADMIN, width=request.param) as page:
        page.goto("/replication")
        yield page


@BOTH
def test_the_servers_and_their_charts_are_drawn_and_renewed_every_second(page: Page):
    expect(page.get_by_text(re.compile("^Safe: 2 of 2 replicas"))).to_be_visible()
    picture = page.get_by_role("img", name=re.compile("db-.*: Primary, timeline"))
    expect(picture).to_be_visible()
    # There is one picture for a desk and one for a phone; only one of them is visible.
    assert len([s for s in picture.locator("svg").all() if s.is_visible()]) == 1
    expect(page.get_by_role("article")).to_have_count(3)

    timestamp = page.get_by_text(re.compile(r"^as of \d\d:\d\d:\d\d, every second"))
    first = timestamp.inner_text()

    expect(timestamp).not_to_have_text(first)
    assert (
        page.evaluate("document.documentElement.scrollWidth")
        <= (page.viewport_size or {"width": 0})["width"]
    )

    # The time axes of all charts are aligned, and the alert is drawn.
    lag = page.get_by_role("heading", name="Replication lag")
    expect(lag).to_be_visible()
    charts = page.get_by_test_id("stVegaLiteChart")
    expect(charts.nth(1).locator("svg, canvas").first).to_be_visible()
    drawn = charts.locator("svg")
    frames = drawn.locator(".root > g > path.background").evaluate_all(_BEGINNINGS)
    assert len(frames) > 1
    assert len(set(frames)) == 1, frames
    texts = drawn.first.locator("text").all_text_contents()
    assert any("Alert" in text for text in texts), texts


# The texts of charts that extend beyond their picture. A text that would overlap
# another is hidden.
_CUT_OFF = """pictures => pictures.flatMap(picture => {
    const frame = picture.getBoundingClientRect()
    const shown = picture.querySelectorAll('text:not([opacity="0"])')
    const texts = [...shown].map(text =>
        [text.textContent, text.getBoundingClientRect()])
    return texts.filter(([_, box]) =>
        box.width && (box.right > frame.right + 1 || box.left < frame.left - 1))
      .map(([said]) => said) })"""


@PHONE
def test_amounts_have_their_unit_and_no_time_is_cut_off(page: Page):
    page.get_by_text("Bytes", exact=True).click()
    drawn = page.get_by_test_id("stVegaLiteChart").locator("svg")
    expect(drawn).to_have_count(3)
    amounts, rates = drawn.first.locator("text"), drawn.last.locator("text")
    for texts, unit in ((amounts, "B"), (rates, "B/s")):
        said = re.compile(rf"^[\d.]+ [kM]?{unit}$")
        expect(texts.filter(has_text=said).first).to_be_visible()

    # Live times move, so each has to fit wherever it is.
    for _second in range(12):
        assert drawn.evaluate_all(_CUT_OFF) == []
        page.wait_for_timeout(1000)


# The time of the newest tile, as Vega stores it with the drawn element.
_NEWEST = "tiles => Math.max(...tiles.map(tile => tile.__data__.datum.at))"
_REMEMBER = """tiles => {
    window.drawn = new Map(tiles.map(tile => [tile.__data__.datum.place, tile]));
    return window.drawn.size }"""
# If nobody had looked for a while, there are gaps, and they move along with the strip.
_REPLACED = """tiles => tiles.filter(tile =>
    (window.drawn.get(tile.__data__.datum.place) ?? tile) !== tile).length"""


@DESK
def test_a_strip_goes_on_without_being_painted_anew(page: Page):
    strip = page.get_by_test_id("stVegaLiteChart").nth(1)
    tiles = strip.locator(".mark-rect.role-mark path")
    tiles.first.wait_for(state="attached")

    def lost_in_a_step() -> int:
        """Return how many tiles were replaced when the strip moved on."""
        assert tiles.evaluate_all(_REMEMBER) > 1
        begun = tiles.evaluate_all(_NEWEST)
        eventually(lambda: tiles.evaluate_all(_NEWEST) > begun)
        return tiles.evaluate_all(_REPLACED)

    # Streamlit draws the whole chart again now and then, for another width.
    eventually(lost_in_a_step, lambda lost: lost == 0)


@DESK
def test_a_month_is_charted_and_zoomed_into(page: Page):
    page.get_by_text("30 days", exact=True).click()
    expect(page.get_by_text(re.compile("^Samples until"))).to_be_visible()
    canvas = page.get_by_test_id("stVegaLiteChart").first.locator("canvas, svg").last
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box

    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(
        box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.3, steps=6
    )
    page.mouse.up()

    expect(page.get_by_text(re.compile("^Samples .* to "))).to_be_visible()
    page.get_by_role("button", name="Show all of it").click()
    expect(page.get_by_text(re.compile("^Samples until"))).to_be_visible()


@DESK
def test_what_happened_leads_to_its_minutes_without_a_mouse(page: Page):
    page.get_by_text("30 days", exact=True).click()
    choice = page.get_by_role("combobox", name=re.compile("Go to what happened"))
    choice.focus()
    Keys(page).choose("Switchover")

    expect(page.get_by_role("button", name="Show all of it")).to_be_visible()


def switchover(reason: str, **values: Any) -> ClusterOperation:
    """Return a switchover that took place, by default eight days ago."""
    last_week = datetime.now(UTC) - timedelta(days=8)
    usual = {"started_at": last_week, "ended_at": last_week}
    return ClusterOperation(
        id=uuid4(),
        kind="switchover",
        state="done",
        actor_name=cast.INES.name,
        reason=reason,
        former_primary="db-01",
        new_primary="db-02",
        **usual | values,
    )


@PHONE
def test_history_tells_what_a_switchover_cost(site: Site, page: Page):
    page.get_by_role("main").get_by_role("link", name="History").click()
    row = page.get_by_role("row").filter(has_text="Tuesday practice")
    expect(row).to_contain_text("0.8 s")

    row.get_by_role("button", name="Details").click()

    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Writers waited 0.84 s")
    # The table below is refreshed, and the dialog stays open.
    reason = f"Practice {uuid4()}"
    site.write(lambda s: s.add(switchover(reason)))
    expect(page.get_by_text(reason)).to_be_attached()
    expect(dialog).to_contain_text("Asked until writers paused")
