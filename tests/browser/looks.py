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
    """Make the page as wide as somebody's screen is, and wait until it stands still.

    It is not opened anew for each width: that takes longer than to look at it.
    """
    page.set_viewport_size({"width": width, "height": 900})
    still(page)


def assert_fit(page: Page) -> None:
    """Nothing is objected to and nothing beyond the screen, in all four looks."""
    for width in widths(page):
        for scheme in schemes(page):
            assert violations(page, scheme) == [], (width, scheme)
            assert fits(page), (width, scheme)


def widths(page: Page) -> Iterator[int]:
    """Make the page as wide as each screen, and begin with the width that it has."""
    page.bring_to_front()
    size = page.viewport_size
    for width in sorted(WIDTHS, key=lambda width: not size or width != size["width"]):
        resize(page, width)
        yield width


def assert_fit_as_opened(page: Page) -> None:
    """Nothing is objected to and nothing beyond the screen, in the look it has now."""
    assert violations(page) == []
    assert fits(page)


def schemes(page: Page) -> Iterator[str]:
    """Show the page as it is and then the other way, as a device does at dusk or dawn.

    It is not opened anew for either: that takes longer than to look at it. Nor is it
    turned back: to draw all of it in other colours takes half as long as to look.
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
    """Whether nothing of the page is beyond the side of the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def still(page: Page) -> None:
    """Wait until the page stands still: what it dims before it redraws it, too."""
    ready(page).get_by_role("heading", level=1).first.wait_for()
    page.evaluate(_TWO_FRAMES)
    page.wait_for_function(_IS_STILL)


def violations(page: Page, scheme: str = "light") -> list[str]:
    """Return what axe objects to, once the page stands still.

    In the dark only its colours are looked at: the rest is the same in the light.
    """
    still(page)
    if scheme == "dark":
        return problems(page, rules=COLOURS)
    return problems(page, tags=TAGS, without=OF_STREAMLIT)
