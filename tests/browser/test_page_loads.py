"""What a browser requests before a page is there."""

from contextlib import ExitStack, closing

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Site, ready, requested
from tests.kit.waiting import eventually

pytestmark = pytest.mark.browser


def test_a_page_is_drawn_without_asking_first_where_the_server_is(page: Page):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/_stcore/health", hold)
    page.route("**/_stcore/host-config", hold)
    with requested(page) as addresses:
        page.goto("/patients")
        expect(page.get_by_role("heading", level=1)).to_have_text("Patients")

    assert not [address for address in addresses if "/patients/_stcore" in address]
    for question in held:
        question.continue_()


# Less than 0.1 is good (https://web.dev/articles/cls); here the limit is half of that.
_MOST_MOVED = 0.05
# An observer without entries is never called; with `buffered`, earlier entries come at
# once.
_MOVED = """() => new Promise((resolve) => {
  new PerformanceObserver((list) =>
    resolve(list.getEntries().reduce((sum, entry) => sum + entry.value, 0)),
  ).observe({type: 'layout-shift', buffered: true})
  setTimeout(() => resolve(0), 2000)
})"""


@pytest.mark.parametrize("path", ["/", "/patients", "/documents"])
def test_nothing_moves_while_a_page_is_drawn(page: Page, path: str):
    page.goto(path)
    ready(page)
    page.wait_for_load_state("networkidle")

    assert page.evaluate(_MOVED) <= _MOST_MOVED


# Streamlit loads the code for a kind of element when the first one is to be drawn.
_DRAWN_LAST = ["Metric", "ArrowVegaLiteChart", "PageLink"]


def test_home_keeps_room_for_what_is_drawn_last(site: Site):
    with closing(site.visit()) as profile:
        page = profile.new_page()
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        with ExitStack() as requests:
            for script in _DRAWN_LAST:
                address = f"**/static/js/{script}.*.js"
                page.route(address, hold)
                requests.enter_context(page.expect_request(address))
            page.goto("/")
        expect(page.locator(".st-key-home_next tr").first).to_be_attached()
        expect(page.get_by_test_id("stSkeleton").first).to_be_attached()
        expect(page.get_by_role("button", name="CSV: Today's visits")).to_be_visible()
        below = page.get_by_role("heading", name="Records to complete")
        before = below.bounding_box()

        assert len(held) == len(_DRAWN_LAST)
        for question in held:
            question.continue_()
        ready(page)
        page.wait_for_load_state("networkidle")

        assert before
        assert below.bounding_box() == before


def test_a_page_whose_program_does_not_arrive_says_so_after_a_while(site: Site):
    with closing(site.visit()) as profile:
        page = profile.new_page()
        page.route("**/static/js/index.*.js", lambda route: route.abort())
        page.goto("/patients")
        said = page.get_by_text("Chartroom is still loading.")
        expect(said).to_be_hidden()

        page.evaluate("document.getAnimations().forEach((each) => each.finish())")

        expect(said).to_be_visible()


def test_a_part_that_does_not_arrive_says_so_in_words_and_offers_to_reload(site: Site):
    with closing(site.visit()) as profile:
        page = profile.new_page()
        page.route("**/static/js/Metric.*.js", lambda route: route.abort())
        page.goto("/")
        said = page.get_by_text("This part of the page could not be shown").first
        expect(said).to_be_visible()
        expect(page.get_by_text("TypeError").first).to_be_hidden()

        page.unroute_all()
        page.get_by_role("button", name="Reload page").first.click()

        expect(page.get_by_test_id("stMetric").first).to_be_visible()
        expect(said).to_have_count(0)


def test_a_page_that_gets_no_connection_says_so(site: Site):
    # In a profile of its own: others could not use it any more.
    with closing(site.visit()) as profile:
        page = profile.new_page()
        page.route_web_socket("**/_stcore/stream*", lambda socket: socket.close())
        page.clock.install()
        page.goto("/patients")
        note = page.locator("#chartroom-banner")

        def read() -> str:
            page.clock.fast_forward(5_000)
            return note.inner_text() if note.count() else ""

        eventually(read, lambda text: "cannot connect to the server" in text)
