"""Parts of a page, below its tabs and in dialogs, checked without the rest.

What surrounds them is checked once, in all four looks. For a part two are enough, light
on a desk and dark on a phone: its colours depend on the scheme, all else on the width.
Checking a whole page takes most of a second of processor time, and so does drawing it
again in another look.
"""

from playwright.sync_api import Page

from tests.browser.axe import OF_STREAMLIT, TAGS, problems
from tests.browser.looks import WIDTHS, fits, resize, schemes, still

TAB = "[role=tabpanel]"
DIALOG = "[role=dialog]"
_HAS_TEXT = """within => [...document.querySelectorAll(within)]
    .some(part => part.checkVisibility() && part.innerText.trim() !== "")"""


def show_on_desk(page: Page) -> None:
    """Show the page in the light, as wide as on a desk."""
    _show(page, WIDTHS[0], "light")


def show_on_phone(page: Page) -> None:
    """Show the page in the dark, as wide as on a phone."""
    _show(page, WIDTHS[1], "dark")


def assert_part_fits_in_two_looks(page: Page, within: str = TAB) -> None:
    """Expect no violations inside: in the light on a desk, and in the dark on a phone.

    The current look is checked first, if it is one of these.
    """
    looks = [show_on_desk, show_on_phone]
    if (size := page.viewport_size) and size["width"] == WIDTHS[1]:
        looks.reverse()
    for show in looks:
        show(page)
        assert_part_fits(page, within)


def _show(page: Page, width: int, wanted: str) -> None:
    resize(page, width)
    # This changes the scheme if the current one is not wanted.
    next(scheme for scheme in schemes(page) if scheme == wanted)


def assert_part_fits(page: Page, within: str = TAB) -> None:
    """Expect neither violations inside nor overflow, in the current look."""
    # Right after a click the page stands as still as after its result, only empty.
    page.wait_for_function(_HAS_TEXT, arg=within)
    still(page)
    violations = problems(page, tags=TAGS, without=OF_STREAMLIT, within=within)
    assert violations == [], violations
    assert fits(page), page.url
