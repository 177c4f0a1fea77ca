"""Somebody with a mouse: clicks, Enters and fields, each of which is counted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, TimeoutError as OutOfTime

from tests.browser.choosing import type_for_options

_GUIDE: Final = Path(__file__).parents[2] / "docs" / "user-guide.md"
# How often somebody presses Tab before reaching for the mouse.
_NEAR: Final = 3
# How long a list may take to open; after that it has closed again.
_MILLISECONDS: Final = 5000


class Mouse:
    """The mouse of a tab, with the keyboard beside it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        self.enters = 0
        self.fields = 0

    @property
    def acts(self) -> int:
        """The number of clicks, also those into fields, and Enters; typing is none."""
        return self.clicks + self.enters

    def click(self, target: Locator) -> None:
        """Click on something visible."""
        target.click()
        self.clicks += 1

    def enter(self) -> None:
        """Press Enter where the focus is."""
        self.page.keyboard.press("Enter")
        self.enters += 1

    def type(self, field: Locator, text: str) -> None:
        """Type into a field that a few Tabs reach; otherwise click into it first."""
        for _ in range(_NEAR):
            if _has_focus(field):
                break
            self.page.keyboard.press("Tab")
        else:
            self.click(field)
        self.page.keyboard.type(text)
        self.fields += 1

    def choose(self, field: Locator, text: str, option: Locator) -> None:
        """Type into a field until its list offers the option, and click on that."""
        self.type(field, text)
        try:
            option.wait_for(timeout=_MILLISECONDS)
        except OutOfTime:
            type_for_options(self.page, field, text, option)
        self.click(option)


@contextmanager
def counted(mouse: Mouse, task: str) -> Iterator[None]:
    """Expect that a task of the guide takes as many clicks as the guide says.

    They must not be more than the best of comparable programs needs.
    """
    before = mouse.acts
    yield
    ours, best = _promised(task)
    took = mouse.acts - before
    assert took == ours, f"{task}: {took} clicks, and {ours} as the guide says"
    assert ours <= best, f"{task}: {ours} clicks, and {best} elsewhere"


def _promised(task: str) -> tuple[int, int]:
    """Return the guide's clicks for a task, here and in the best other program."""
    line = re.search(rf"^\| {re.escape(task)}\b.*\|$", _GUIDE.read_text(), re.MULTILINE)
    assert line, f"the guide does not say how many clicks it takes: {task}"
    _, clicks, _, others = (cell.strip() for cell in line[0].strip("|").split("|"))
    ours, best = (re.search(r"\d+", cell) for cell in (clicks, others))
    assert ours, f"the guide has no number of clicks: {task}"
    assert best, f"the guide has no number of others' clicks: {task}"
    return int(ours[0]), int(best[0])


def _has_focus(field: Locator) -> bool:
    has_focus: bool = field.evaluate(
        "field => field === field.getRootNode().activeElement"
    )
    return has_focus
