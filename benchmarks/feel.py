"""How the pages feel in Chromium: cold page, page switch, a click inside a fragment.

The time is taken in the browser, from the click to the frame that shows the answer.
Run as `python -m benchmarks.feel`; CHARTROOM_TEST_CLUSTER names a cluster to use.
"""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.fresh import endpoints
from db.postgres import SYSTEM, Database
from services.demo import seeding
from services.people.accounts import demo_accounts
from tests.browser.conftest import CHROMIUM_FLAGS, find_chromium
from tests.browser.running import chartroom
from tests.kit import cast

PATIENTS = 20_000
COLD_ROUNDS = 10
ROUNDS = 60
# Each with the menu that it stands in.
PAGES = (
    ("Patients", "Patients"),
    ("Visits", "Doctors"),
    ("Patients", "Register"),
    (None, "Home"),
)

# The first row lives in a shadow root; a page's title does not.
_FIRST_ROW = """() => [...document.querySelectorAll('main *')]
  .map((element) => element.shadowRoot?.querySelector('tbody a')?.textContent)
  .find(Boolean)"""
_TITLE = "() => document.querySelector('main h1')?.textContent"
_TIMED = """async (click) => {{
  const seen = {look}
  const before = seen()
  const begun = performance.now()
  const target = [...document.querySelectorAll('{where}')]
    .find((element) => element.innerText.trim().endsWith(click))
  target.click()
  while (seen() === before || !seen()) await new Promise(requestAnimationFrame)
  return performance.now() - begun
}}"""


def main() -> None:
    """Print one line for each of the three."""
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoints() as fresh,
        closing(Database(fresh)) as database,
        sync_playwright() as playwright,
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        seeding.seed(database, patients=PATIENTS)
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=CHROMIUM_FLAGS
        )
        with chartroom(fresh, Path(folder), is_cold=True) as address:
            _say("cold page", [_cold(browser, address) for _ in range(COLD_ROUNDS)])
            page = _signed_in(browser, address)
            _say("page switch", [_switch(page, n) for n in range(ROUNDS)])
            page.goto("/patients")
            page.get_by_role("button", name="Next").wait_for()
            _say("fragment", [_turn(page, n) for n in range(ROUNDS)])
        browser.close()


def _cold(browser: Browser, address: str) -> float:
    """Open the list in a browser that has never seen the app."""
    page = _signed_in(browser, address)
    cookies = page.context.cookies()
    page.context.close()
    context = browser.new_context(base_url=address)
    context.add_cookies(cookies)  # type: ignore[arg-type] # what Playwright gave
    page = context.new_page()
    page.goto("/patients", wait_until="commit")
    milliseconds = page.evaluate(
        f"""async () => {{
          const seen = {_FIRST_ROW}
          while (!seen()) await new Promise(requestAnimationFrame)
          return performance.now()
        }}"""
    )
    context.close()
    return float(milliseconds)


def _signed_in(browser: Browser, address: str) -> Page:
    page = browser.new_context(base_url=address).new_page()
    page.goto("/sign-in")
    page.get_by_role("button", name=cast.ROSA.name).click()
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{address}/")
    page.get_by_role("heading", level=1).wait_for()
    return page


def _switch(page: Page, number: int) -> float:
    menu, name = PAGES[number % len(PAGES)]
    if menu:
        page.get_by_role("button", name=menu, exact=True).click()
    timed = _TIMED.format(look=_TITLE, where="header a, [role=menuitem]")
    milliseconds = page.evaluate(timed, name)
    page.wait_for_timeout(100)
    return float(milliseconds)


def _turn(page: Page, number: int) -> float:
    timed = _TIMED.format(look=_FIRST_ROW, where="main button")
    milliseconds = page.evaluate(timed, "Previous" if number % 2 else "Next")
    page.wait_for_timeout(100)
    return float(milliseconds)


def _say(name: str, milliseconds: Sequence[float]) -> None:
    p95 = quantiles(milliseconds, n=20)[-1]
    print(f"{name}: median {median(milliseconds):.0f} ms, p95 {p95:.0f} ms", flush=True)


if __name__ == "__main__":
    main()
