"""Somebody without a mouse: nothing but keys, each of which is counted."""

from contextlib import suppress
from typing import Final

import pytest
from playwright.sync_api import Page, TimeoutError as OutOfTime, expect

from tests.browser.conftest import ready

# An element's name, as a screen reader announces it.
_NAME = """const named = at =>
  (at?.ariaLabel || at?.labels?.[0]?.innerText || at?.innerText || "")
    .trim().split("\\n").at(-1)
"""
# The name of the focused element; also in shadow roots.
_FOCUSED = f"""() => {{
  {_NAME}
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  return named(at)
}}"""
# Whether an element of this name can be reached by keys; also in shadow roots.
_STANDS_THERE = f"""name => {{
  {_NAME}
  const takes = "a[href], button, input, select, textarea, summary, [tabindex]"
  const within = root => [...root.querySelectorAll("*")].some(at =>
    (at.matches(takes) && named(at).startsWith(name))
    || (at.shadowRoot && within(at.shadowRoot)))
  return within(document)
}}"""
_FAR = 60
_TRIES: Final = 5
_MILLISECONDS: Final = 5000


class Keys:
    """The keyboard of a tab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    def press(self, *keys: str) -> None:
        """Press keys that do something, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def write(self, text: str) -> None:
        """Type into whatever has the focus; that is not counted."""
        self.page.keyboard.type(text)

    def to(self, name: str, key: str = "Tab", *, most: int = _FAR) -> None:
        """Press a key until an element of this name has the focus."""
        # An element that is still to be drawn cannot be reached, and drawing it takes
        # the focus away; the server may not even have received what a key has changed.
        with suppress(OutOfTime):
            self.page.wait_for_function(_STANDS_THERE, arg=name, polling=100)
        ready(self.page)
        for _ in range(most):
            self.press(key)
            if self.page.evaluate(_FOCUSED).startswith(name):
                return
        pytest.fail(f"The keyboard does not lead to “{name}” in {most} steps.")

    def choose(self, text: str) -> None:
        """Type into a list of options as fast as a person does, and take the first.

        A list closes again if it opened while the page was still scrolling to its
        field.
        """
        first = self.page.locator("[role=option][data-focused]")
        for _ in range(_TRIES):
            self.page.keyboard.type(text, delay=60)
            with suppress(OutOfTime):
                first.wait_for(timeout=_MILLISECONDS)
                self.press("Enter")
                return
            # Replace what was typed: the list has closed again.
            self.page.keyboard.press("Control+a")
        pytest.fail(f"“{text}” is offered nothing.")

    def fill(self, **fields: str) -> None:
        """Go from field to field and type, in the order of the page."""
        for name, text in fields.items():
            self.to(name.replace("_", " "))
            self.write(text)

    def search(self, typed: str, option: str, title: str) -> None:
        """Open what the search finds, and expect a page with this title."""
        self.press("Control+k")
        self.write(typed)
        chosen = self.page.locator("[role=option][aria-selected=true]")
        expect(chosen).to_contain_text(option)
        self.press("Enter")
        self.stands_at(title)

    def stands_at(self, title: str) -> None:
        """Wait for a page, whose title gets the focus."""
        heading = self.page.get_by_role("heading", level=1)
        expect(heading).to_contain_text(title)
        ready(self.page)
        expect(heading).to_be_focused()
