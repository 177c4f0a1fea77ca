"""How the pages feel in Chromium, in turns with a stock Streamlit app of three pages.

Times are taken in the browser, from the click or key to the frame that shows the
answer. Actions without a counterpart in the stock app (search, sort, next page, a
filter, a record) are compared with a click there, until the text that its run changes.
Layout shift is that of the Layout Instability API
(https://wicg.github.io/layout-instability/), without what follows a click or key within
half a second.

Run as `python -m benchmarks.feel`; CHARTROOM_TEST_CLUSTER names a cluster to use.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.crowd.servers import stock_servers
from benchmarks.fresh import endpoints
from db.postgres import SYSTEM, Database
from services.demo import seeding
from services.people.accounts import demo_accounts
from tests.browser.conftest import CHROMIUM_FLAGS, find_chromium
from tests.browser.running import chartroom
from tests.kit import cast

PATIENTS: Final = 20_000
COLD_ROUNDS: Final = 10
ROUNDS: Final = 30
# Each of our pages with the menu that it is in.
PAGES: Final = (
    ("Patients", "Patients"),
    ("Visits", "Doctors"),
    ("Patients", "Register"),
    ("Documents", "Documents"),
)
STOCK_PAGES: Final = ("Record", "List")
NAMES: Final = ("smith", "jones")
# With more of them the button leaves the window.
_FILTER_ROWS: Final = 8

# The first row is in a shadow root; a page's title is not.
_FIRST_ROW: Final = """() => [...document.querySelectorAll('main *')]
  .map((element) => element.shadowRoot?.querySelector('tbody a')?.textContent)
  .find(Boolean)"""
_TITLE: Final = "() => document.querySelector('main h1')?.textContent"
_FILTERS: Final = "() => document.querySelectorAll('[aria-label=Value]').length"
_FRAME: Final = "() => !!document.querySelector('[data-testid=stDataFrame] canvas')"
_STATE: Final = """document.querySelector('[data-test-script-state]')
  ?.dataset.testScriptState"""
# A record is complete once no part of it is still loading.
_ENDED: Final = f"""() => {_STATE} === 'notRunning'
  && !document.querySelector('[data-testid=stSkeleton]')"""
_WHOLE: Final = f"{_ENDED} && document.querySelector('main h1')?.textContent"
# The run of its list that the stock app shows.
_AS_OF: Final = (
    "() => document.querySelector('[data-testid=stCaptionContainer]').innerText"
)
# From the next click or key on, until the element is there and has changed.
_WATCH: Final = """(look) => {
  const seen = eval(look)
  const before = seen()
  window.answered = 0
  const begin = () => {
    const begun = performance.now()
    const wait = () => {
      const now = seen()
      if (now && now !== before) window.answered = performance.now() - begun
      else requestAnimationFrame(wait)
    }
    requestAnimationFrame(wait)
    removeEventListener('click', begin, true)
    removeEventListener('keydown', begin, true)
  }
  addEventListener('click', begin, true)
  addEventListener('keydown', begin, true)
}"""
_SHIFTS: Final = """
  window.shift = 0
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (!entry.hadRecentInput) window.shift += entry.value
    }
  }).observe({type: 'layout-shift', buffered: true})
"""
_SHIFT: Final = "() => window.shift"


@dataclass(frozen=True, slots=True)
class App:
    """One of the two apps, and its list of twenty rows."""

    address: str
    browser: Browser
    list_path: str
    rows: str
    cookies: list[dict[str, object]]

    def open_cold(self) -> tuple[float, float]:
        """Open the list in a new profile; return ms to its rows, and the shift."""
        page = self.new_page()
        page.goto(self.list_path, wait_until="commit")
        milliseconds = page.evaluate(
            f"""async () => {{
              const seen = {self.rows}
              while (!seen()) await new Promise(requestAnimationFrame)
              return performance.now()
            }}"""
        )
        _await_end(page)
        shift = page.evaluate(_SHIFT)
        page.context.close()
        return float(milliseconds), float(shift)

    def new_page(self) -> Page:
        """Return a tab of a new profile, signed in if there is a sign-in."""
        context = self.browser.new_context(
            base_url=self.address, viewport={"width": 1440, "height": 900}
        )
        context.add_cookies(self.cookies)  # what it gave
        context.add_init_script(_SHIFTS)
        # The timed user gets no tour.
        context.add_init_script("localStorage.setItem('chartroom.tour', 'never')")
        return context.new_page()


def main() -> None:
    """Print one line for each act, and the layout shift of both."""
    with tempfile.TemporaryDirectory() as folder, _both(Path(folder)) as (ours, stock):
        _compare_loads(ours, stock)
        page, peer = ours.new_page(), stock.new_page()
        _compare_switches(page, peer)
        _compare_acts(page, peer)


@contextmanager
def _both(folder: Path) -> Iterator[tuple[App, App]]:
    with (
        endpoints() as fresh,
        closing(Database(fresh)) as database,
        sync_playwright() as playwright,
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        seeding.seed(database, patients=PATIENTS)
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=CHROMIUM_FLAGS
        )
        with (
            chartroom(fresh, folder, is_cold=True) as address,
            stock_servers(folder, 1) as (peer,),
        ):
            cookies = _sign_in(browser, address)
            yield (
                App(address, browser, "/patients", _FIRST_ROW, cookies),
                App(peer.address, browser, "/", _FRAME, []),
            )
        browser.close()


def _sign_in(browser: Browser, address: str) -> list[dict[str, object]]:
    page = browser.new_context(base_url=address).new_page()
    page.goto("/sign-in")
    page.get_by_role("button", name=cast.ROSA.name).click()
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{address}/")
    page.get_by_role("heading", level=1).wait_for()
    cookies = [dict(cookie) for cookie in page.context.cookies()]
    page.context.close()
    return cookies


def _compare_loads(ours: App, stock: App) -> None:
    for app in (ours, stock):
        app.open_cold()
    loads = [(ours.open_cold(), stock.open_cold()) for _ in range(COLD_ROUNDS)]
    _say("cold load to data", [o for (o, _), _ in loads], [p for _, (p, _) in loads])
    moved, peer_moved = (max(load[n][1] for load in loads) for n in (0, 1))
    print(
        f"feel: layout shift of a load: ours {moved:.3f}, peer {peer_moved:.3f}, "
        f"ratio {moved / peer_moved:.2f}",
        flush=True,
    )


def _compare_switches(page: Page, peer: Page) -> None:
    page.goto("/")
    peer.goto("/")
    _await_end(page)
    _await_end(peer)
    pages, stock_pages = cycle(PAGES), cycle(STOCK_PAGES)

    def switch() -> None:
        menu, name = next(pages)
        page.get_by_role("button", name=menu, exact=True).click()
        item = page.locator(
            "header a, [role=menuitem], [data-testid=stTopNavSection] a"
        )
        target = item.filter(has_text=name).last
        _timed(page, _TITLE, target.click, taken)

    def stock_switch() -> None:
        target = peer.locator("header a").filter(has_text=next(stock_pages)).last
        _timed(peer, _TITLE, target.click, peer_taken)

    taken: list[float] = []
    peer_taken: list[float] = []
    for _ in range(ROUNDS * 2):
        switch()
        stock_switch()
    _say("switch to title", taken, peer_taken)


def _compare_acts(page: Page, peer: Page) -> None:
    peer.goto("/")
    _await_end(peer)
    peer_click = peer.get_by_role("button", name="Next", exact=True).click
    for act in _acts(page):
        _open_list(page)
        taken: list[float] = []
        peer_taken: list[float] = []
        shift = 0.0
        for _ in range(act.rounds):
            act.prepare()
            before = page.evaluate(_SHIFT)
            _timed(page, act.look, act.do, taken)
            if act.stays:
                shift = max(shift, page.evaluate(_SHIFT) - before)
            _timed(peer, _AS_OF, peer_click, peer_taken)
        _say(act.name, taken, peer_taken)
        if act.stays:
            print(f"feel: layout shift of {act.name}: ours {shift:.3f}", flush=True)


@dataclass(frozen=True, slots=True)
class _Act:
    """An action on the list: the element to look at, and whether the page stays."""

    name: str
    look: str
    do: Callable[[], None]
    prepare: Callable[[], object] = lambda: None
    rounds: int = ROUNDS
    stays: bool = True


def _acts(page: Page) -> tuple[_Act, ...]:
    names, ways = cycle(NAMES), cycle(("Next", "Previous"))
    columns = cycle(("Date of birth", "Name"))
    box = page.get_by_role("searchbox", name="Search patients")

    def click(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).first.click()

    def open_filters() -> None:
        if not page.get_by_role("button", name="Add filter").is_visible():
            page.get_by_text("Filters and order").click()
            page.get_by_role("button", name="Add filter").wait_for()

    return (
        _Act(
            "search",
            _FIRST_ROW,
            lambda: page.keyboard.press("Enter"),
            lambda: box.fill(next(names)),
        ),
        _Act("sort", _FIRST_ROW, lambda: click(next(columns))),
        _Act("next page", _FIRST_ROW, lambda: click(next(ways))),
        _Act(
            "filter row",
            _FILTERS,
            lambda: click("Add filter"),
            open_filters,
            rounds=_FILTER_ROWS,
        ),
        _Act(
            "open a patient",
            _WHOLE,
            page.locator("tbody a").first.click,
            lambda: _open_list(page),
            stays=False,
        ),
    )


def _open_list(page: Page) -> None:
    page.goto("/patients")
    page.get_by_role("button", name="Next").wait_for()
    _await_end(page)


def _timed(page: Page, look: str, act: Callable[[], None], taken: list[float]) -> None:
    page.evaluate(_WATCH, look)
    act()
    page.wait_for_function("() => window.answered")
    taken.append(float(page.evaluate("() => window.answered")))
    _await_end(page)
    page.wait_for_timeout(100)


def _await_end(page: Page) -> None:
    page.wait_for_function(_ENDED)


def _say(name: str, ours: list[float], peer: list[float]) -> None:
    late = quantiles(ours, n=20)[-1], quantiles(peer, n=20)[-1]
    ratio = median(ours) / median(peer)
    print(
        f"feel: {name}: ours {median(ours):.0f} ms, peer {median(peer):.0f} ms, "
        f"ratio {ratio:.2f} (95 %: {late[0]:.0f} and {late[1]:.0f} ms)",
        flush=True,
    )


if __name__ == "__main__":
    main()
