"""Two people in Chromium while the crowd works: one books a visit, one files a letter.

Each repeats that, and every step is timed from the click until its answer is on the
screen. Started by `python -m benchmarks.crowd.hour --chromium`, or as

    python -m benchmarks.crowd.hour.in_chromium ADDRESS DESK_COOKIE PATIENT_COOKIE
"""

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from time import monotonic, perf_counter, sleep
from typing import Final

import numpy as np
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from benchmarks.crowd.letters import letter
from tests.browser.conftest import CHROMIUM_FLAGS, find_chromium, ready

_FREE_TIME: Final = re.compile("^Hold ")
_ANSWER_MS: Final = 60_000


def main() -> None:
    """Click until the time is over; print the time of each step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("desk")
    parser.add_argument("patient")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--every", type=float, default=150.0, help="seconds")
    wanted = parser.parse_args()
    until = monotonic() + wanted.minutes * 60
    seconds: dict[str, list[float]] = defaultdict(list)
    expect.set_options(timeout=_ANSWER_MS)
    with (
        sync_playwright() as playwright,
        closing(
            playwright.chromium.launch(
                executable_path=find_chromium(), args=CHROMIUM_FLAGS
            )
        ) as browser,
    ):
        while monotonic() < until:
            for doing, cookie in ((_book, wanted.patient), (_file, wanted.desk)):
                try:
                    with _tab(browser, wanted.address, cookie) as page:
                        doing(page, seconds)
                except (Error, AssertionError) as trouble:
                    print(f"in Chromium: {doing.__name__}: {trouble}", flush=True)
            sleep(max(0.0, min(wanted.every, until - monotonic())))
    for line in _lines(seconds):
        print(line, flush=True)


@contextmanager
def _tab(browser: Browser, address: str, cookie: str) -> Iterator[Page]:
    name, _, value = cookie.partition("=")
    with closing(browser.new_context(base_url=address)) as context:
        context.set_default_timeout(_ANSWER_MS)
        context.add_cookies([{"name": name, "value": value, "url": address}])
        yield context.new_page()


@contextmanager
def _timed(seconds: dict[str, list[float]], step: str) -> Iterator[None]:
    begun = perf_counter()
    yield
    seconds[step].append(perf_counter() - begun)


def _book(page: Page, seconds: dict[str, list[float]]) -> None:
    """Book the first time at which any doctor of a speciality is free."""
    with _timed(seconds, "booking: the page"):
        page.goto("/book")
        speciality = ready(page).get_by_role("combobox", name="Speciality")
        speciality.wait_for()
    with _timed(seconds, "booking: the calendar"):
        speciality.click()
        page.get_by_role("option").first.click()
        page.get_by_role("button", name=_FREE_TIME).first.wait_for()
    with _timed(seconds, "booking: a time is held"):
        page.get_by_role("button", name=_FREE_TIME).first.click()
        expect(page.get_by_role("timer")).to_be_visible()
    with _timed(seconds, "booking: the visit is booked"):
        page.get_by_role("button", name="Confirm visit").click()
        expect(page.get_by_role("link", name="Ticket")).to_be_visible()


def _file(page: Page, seconds: dict[str, list[float]]) -> None:
    """File a letter of 100 kB without a patient."""
    name, data = letter()
    with _timed(seconds, "filing: the page"):
        page.goto("/upload_documents")
        ready(page).locator("input[type=file]").wait_for(state="attached")
    with _timed(seconds, "filing: the file has arrived"):
        page.locator("input[type=file]").set_input_files(
            {"name": name, "mimeType": "application/pdf", "buffer": data}
        )
        page.get_by_label("Description").wait_for()
    with _timed(seconds, "filing: the letter is filed"):
        page.get_by_role("button", name="File document").click()
        expect(page.get_by_text("is filed")).to_be_visible()


def _lines(seconds: Mapping[str, list[float]]) -> Iterator[str]:
    for step, waits in seconds.items():
        middle, slowest = 1000 * float(np.median(waits)), 1000 * max(waits)
        yield (
            f"in Chromium, {step}: {len(waits)} times, {middle:,.0f} ms in the middle, "
            f"{slowest:,.0f} ms at most"
        )


if __name__ == "__main__":
    main()
