"""Parts of a page, below its tabs and in dialogs, looked at without the rest.

What stands around them is looked at once for all: to look at a whole page again for
each of its parts takes most of a second of a processor, in each of four looks.
"""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.test_accessibility import (
    COLOURS,
    RULES,
    WIDTHS,
    fits,
    resize,
    schemes,
    still,
)

TAB = "[role=tabpanel]"
DIALOG = "[role=dialog]"
_LOOK = """([within, type, values]) => axe
    .run({include: [[within]]}, {
        runOnly: {type, values},
        resultTypes: ["violations"],
        rules: type === "rule" ? {} : {
            "presentation-role-conflict": {enabled: false}, region: {enabled: false},
        },
    })
    .then(found => found.violations.flatMap(({id, nodes}) => nodes.map(
        ({html, failureSummary}) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)))
"""


def assert_part_fits(
    page: Page, within: str = TAB, *, but_dark_and_narrow: bool = False
) -> None:
    """Nothing in what is open is objected to or beyond the screen, in four looks.

    The last is left out where it is looked at as it was opened.
    """
    for width in WIDTHS:
        resize(page, width)
        for scheme in schemes(page):
            is_last = width == WIDTHS[-1] and scheme == "dark"
            if not (is_last and but_dark_and_narrow):
                assert _violations(page, within, scheme) == [], (width, scheme)
                assert fits(page), (width, scheme)


def assert_part_fits_as_opened(page: Page) -> None:
    """Nothing in the open part is objected to or beyond the screen as it is now."""
    assert _violations(page, TAB) == []
    assert fits(page)


def _violations(page: Page, within: str, scheme: str = "light") -> list[str]:
    """Return what axe objects to inside, once the page stands still.

    In the dark only its colours are looked at: the rest is the same in the light.
    """
    still(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    rules = ("rule", COLOURS) if scheme == "dark" else ("tag", RULES)
    found: list[str] = page.evaluate(_LOOK, (within, *rules))
    return found
