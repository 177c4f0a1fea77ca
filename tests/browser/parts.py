"""Parts of a page, below its tabs and in dialogs, looked at without the rest.

What stands around them is looked at once, in all four looks. Of a part two are enough,
light on a desk and dark on a phone: its colours follow the scheme, all else the width.
To look at a whole page takes most of a second of a processor, and so does to draw it
anew in another look.
"""

from playwright.sync_api import Page

from tests.browser.axe import OF_STREAMLIT, TAGS, problems
from tests.browser.looks import WIDTHS, fits, resize, schemes, still

TAB = "[role=tabpanel]"
DIALOG = "[role=dialog]"
_HAS_TEXT = """within => [...document.querySelectorAll(within)]
    .some(part => part.checkVisibility() && part.innerText.trim() !== "")"""


def show_on_desk(page: Page) -> None:
    """Show the page as on a desk by day."""
    _show(page, WIDTHS[0], "light")


def show_on_phone(page: Page) -> None:
    """Show the page as on a phone at night."""
    _show(page, WIDTHS[1], "dark")


def assert_part_fits_in_two_looks(page: Page, within: str = TAB) -> None:
    """Nothing inside is objected to: on a desk by day, and on a phone at night.

    The look that the page has is looked at first, if it is one of these.
    """
    looks = [show_on_desk, show_on_phone]
    if (size := page.viewport_size) and size["width"] == WIDTHS[1]:
        looks.reverse()
    for show in looks:
        show(page)
        assert_part_fits(page, within)


def _show(page: Page, width: int, wanted: str) -> None:
    resize(page, width)
    # From the one that it has to the other one, if that is wanted.
    next(scheme for scheme in schemes(page) if scheme == wanted)


def assert_part_fits(page: Page, within: str = TAB) -> None:
    """Nothing inside is objected to or beyond the screen, in the look it has now."""
    # Right after a click all stands as still as after what it asks for, only empty.
    page.wait_for_function(_HAS_TEXT, arg=within)
    still(page)
    violations = problems(page, tags=TAGS, without=OF_STREAMLIT, within=within)
    assert violations == [], violations
    assert fits(page), page.url
