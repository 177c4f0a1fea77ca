"""What the browser shows when a test fails: its pages, their messages, the load."""

import os
from collections import deque
from collections.abc import Iterator
from weakref import WeakKeyDictionary

import psutil
from playwright.sync_api import Browser, BrowserContext, Error as BrowserError, Page

_SECONDS = 5
_LINES = 120
_STATE = """document.querySelector("[data-test-script-state]")
    ?.dataset.testScriptState ?? "none" """
# The last messages of each profile's pages: errors, and requests that failed.
_said: WeakKeyDictionary[BrowserContext, deque[str]] = WeakKeyDictionary()


def listen(context: BrowserContext) -> None:
    """Keep the messages of a profile's pages, for a test that fails."""
    said = _said[context] = deque[str](maxlen=40)
    context.on("console", lambda m: said.append(f"{m.type}: {m.text} {m.location}"))
    context.on("weberror", lambda error: said.append(f"thrown: {error.error}"))
    context.on(
        "requestfailed", lambda r: said.append(f"{r.failure}: {r.method} {r.url}")
    )


def evidence(browser: Browser) -> str:
    """Return what all open pages show and have logged, and how busy the machine is."""
    return "\n".join(_lines(browser))


def _lines(browser: Browser) -> Iterator[str]:
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    free = psutil.virtual_memory().available / 2**30
    yield f"load {load}; {free:.1f} GiB of memory free"
    for context in browser.contexts:
        for page in context.pages:
            yield from _shown(page)
        yield from (f"    {line}" for line in _said.get(context, ()))


def _shown(page: Page) -> Iterator[str]:
    yield f"-- {page.url}"
    try:
        page.wait_for_function("() => true", timeout=_SECONDS * 1000)
        shown = page.locator("body").aria_snapshot(timeout=_SECONDS * 1000)
        yield f"   its run: {page.evaluate(_STATE)}"
        yield from shown.splitlines()[:_LINES]
    except BrowserError as error:
        yield f"   does not answer: {error.message.splitlines()[0]}"
