"""The looks of a page, light and dark, on a desk and on a phone: each without fault."""

from collections.abc import Iterator
from typing import Final

from playwright.sync_api import Page

from tests.browser.axe import COLOURS, OF_STREAMLIT, TAGS, problems
from tests.browser.conftest import ready

WIDTHS: Final = [1440, 390]
_IS_IN_SCHEME = """scheme => {
    const app = document.querySelector("[data-testid=stApp]")
    return app !== null && getComputedStyle(app).colorScheme === scheme
}"""
_TWO_FRAMES = """() => new Promise(
    drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"""
_IS_STILL = """() => {
    const ends = animation => animation.effect.getTiming().iterations !== Infinity
    const moves = animation => ends(animation) && animation.playState !== "finished"
    return !document.querySelector("[data-stale=true]")
        && !document.getAnimations().some(moves)
}"""


def resize(page: Page, width: int) -> None:
    """Set the width of the screen, and wait until the page stands still.

    The page is not opened again for each width: that takes longer than checking it.
    """
    page.set_viewport_size({"width": width, "height": 900})
    still(page)


def assert_fit(page: Page) -> None:
    """Expect neither violations nor overflow, in all four looks."""
    for width in widths(page):
        for scheme in schemes(page):
            assert violations(page, scheme) == [], (width, scheme)
            assert fits(page), (width, scheme)


def widths(page: Page) -> Iterator[int]:
    """Yield each width after setting it, beginning with the current one."""
    page.bring_to_front()
    size = page.viewport_size
    for width in sorted(WIDTHS, key=lambda width: not size or width != size["width"]):
        resize(page, width)
        yield width


def assert_fit_as_opened(page: Page) -> None:
    """Expect neither violations nor overflow, in the current look."""
    assert violations(page) == []
    assert fits(page)


def schemes(page: Page) -> Iterator[str]:
    """Show the page in its current scheme and then in the other, as a device at dusk.

    It is not opened again for either: that takes longer than checking it. Nor is it
    changed back: drawing it in other colours takes half as long as checking it.
    """
    ready(page)
    looks = ["light", "dark"]
    if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"):
        looks.reverse()
    for scheme in looks:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(_IS_IN_SCHEME, arg=scheme)
        yield scheme


def fits(page: Page) -> bool:
    """Return whether the page fits the width of the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def still(page: Page) -> None:
    """Wait until the page stands still, including what it dims before redrawing."""
    ready(page).get_by_role("heading", level=1).first.wait_for()
    page.evaluate(_TWO_FRAMES)
    page.wait_for_function(_IS_STILL)


def violations(page: Page, scheme: str = "light") -> list[str]:
    """Return axe's violations, once the page stands still.

    In the dark scheme only colours are checked: all else is the same in the light one.
    """
    still(page)
    if scheme == "dark":
        return problems(page, rules=COLOURS)
    return problems(page, tags=TAGS, without=OF_STREAMLIT)
