"""Lists of a field's options: opened, typed into, and chosen from.

Such a list closes when its page scrolls or is drawn again: an earlier action may cause
that only now, which on a busy machine is after the list has opened. Nobody is as quick
as a test, and a person who sees the list close opens it again.
"""

from contextlib import suppress
from re import Pattern
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, TimeoutError as OutOfTime, expect

from tests.browser.conftest import ready

_TRIES: Final = 5
_MILLISECONDS: Final = 5000


def choose(page: Page, field: Locator, option: Locator | str) -> None:
    """Open a field's list with the mouse, and click on one of its options."""
    wanted = _named(page, option) if isinstance(option, str) else option
    for _ in range(_TRIES):
        ready(page)
        field.click()
        with suppress(OutOfTime):
            wanted.click(timeout=_MILLISECONDS)
            ready(page)
            return
    pytest.fail(f"“{option}” cannot be chosen.")


def type_and_choose(
    page: Page, field: Locator, typed: str, option: Locator | str | None = None
) -> None:
    """Type into a field, and click on an option, by default on the first."""
    wanted = _named(page, option) if isinstance(option, str) else option
    for _ in range(_TRIES):
        suggestion = type_for_options(page, field, typed, wanted)
        with suppress(OutOfTime):
            suggestion.click(timeout=_MILLISECONDS)
            ready(page)
            return
    pytest.fail(f"What “{typed}” finds cannot be chosen.")


def type_for_options(
    page: Page,
    field: Locator,
    typed: str,
    option: Locator | None = None,
    *,
    delay: float = 0,
) -> Locator:
    """Type into a field until its list offers an option, by default any option.

    `delay` is the pause between two keys, in milliseconds.
    """
    wanted = option or page.get_by_role("option").filter(has_text=typed).first
    for _ in range(_TRIES):
        ready(page)
        field.fill("")
        field.press_sequentially(typed, delay=delay)
        with suppress(OutOfTime):
            wanted.wait_for(timeout=_MILLISECONDS)
            return wanted
    pytest.fail(f"“{typed}” is offered nothing.")


def type_and_press_enter(
    page: Page,
    field: Locator,
    typed: str,
    first: str | Pattern[str],
    *,
    delay: float = 0,
) -> None:
    """Type into a field, and choose the first option of its list with Enter."""
    option = page.get_by_role("option").first.filter(has_text=first)
    for _ in range(_TRIES):
        type_for_options(page, field, typed, option, delay=delay)
        field.press("Enter")
        with suppress(AssertionError):
            expect(field).not_to_have_value(typed, timeout=_MILLISECONDS)
            return
    pytest.fail(f"Enter chooses nothing of what “{typed}” is offered.")


def _named(page: Page, option: str) -> Locator:
    return page.get_by_role("option", name=option, exact=True)
