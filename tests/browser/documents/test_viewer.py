"""The pages of a document as they are read, searched and rotated by keyboard."""

import io
import re

import pypdfium2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Site, requested
from tests.browser.documents.filing import address_of, file_letter
from tests.browser.patients.test_front_desk import unlike

pytestmark = pytest.mark.browser


def opened(site: Site, page: Page, *pages: str) -> Page:
    """Open a document with these pages."""
    page.goto(address_of(file_letter(site, unlike(), *pages)))
    page.get_by_alt_text(f"Page 1 of {len(pages)}").wait_for()
    return page


def test_words_are_selected_over_the_picture_and_found_by_keyboard(
    site: Site, page: Page
):
    letters = ["Nothing of it"] * 12
    letters[0] = "A weak heart, and the heart again\nof the left side"
    letters[9] = "Hárt to find: HEART\nfailure"
    tab = opened(site, page, *letters)
    first = tab.locator(".page").first
    words = first.locator(".text span")
    expect(words).to_have_count(11)

    region = tab.get_by_role("region", name=re.compile("Pages of version 1"))
    assert "A weak heart" in region.aria_snapshot()
    selected = first.evaluate(
        "page => { const all = document.createRange();"
        " all.selectNodeContents(page.querySelector('.text'));"
        " const chosen = getSelection(); chosen.removeAllRanges();"
        " chosen.addRange(all); return chosen.toString().trim() }"
    )
    assert selected == letters[0]
    paper, word = first.bounding_box(), words.nth(1).bounding_box()
    assert paper
    assert word
    # After "A", which begins one centimetre from the edge.
    assert 0.06 < (word["x"] - paper["x"]) / paper["width"] < 0.12
    assert 0.02 < (word["y"] - paper["y"]) / paper["height"] < 0.08

    # Also on pages that are not loaded yet, and without the search in any address.
    match_count = tab.locator(".find [role=status]")
    with requested(page.context) as addresses:
        tab.get_by_label("Find in document").fill("heart")
        tab.keyboard.press("Enter")
        expect(match_count).to_have_text("1 of 3")
        expect(tab.locator(".text .hit")).to_have_count(2)
        tab.keyboard.press("Shift+Enter")
        expect(match_count).to_have_text("3 of 3")
        expect(tab.locator('[data-page="10"] .text .chosen')).to_have_text("HEART")
        expect(tab.get_by_text("Page 10 of 12")).to_be_visible()
        tab.keyboard.press("Enter")
        expect(match_count).to_have_text("1 of 3")

        tab.get_by_label("Find in document").fill("heart failure")
        tab.keyboard.press("Enter")
        expect(match_count).to_have_text("1 of 1")
        expect(tab.locator('[data-page="10"] .text .chosen')).to_have_count(2)

        tab.get_by_label("Find in document").fill("liver")
        tab.keyboard.press("Enter")
        expect(match_count).to_have_text("Not found")
        expect(tab.locator(".text .hit")).to_have_count(0)
    assert not [url for url in addresses if "heart" in url or "liver" in url]


def test_pages_are_chosen_in_the_list_turned_fitted_and_printed(site: Site, page: Page):
    tab = opened(site, page, *(f"Letter {number}" for number in range(8)))
    region = tab.get_by_role("region", name=re.compile("Pages of version 1"))
    listed = tab.get_by_role("navigation", name="List of pages")
    first, sixth = tab.locator(".page").first, tab.locator('[data-page="6"]')

    listed.get_by_role("button", name="Go to page 6").click()
    expect(tab.get_by_alt_text("Page 6 of 8")).to_be_in_viewport()
    expect(listed.locator("[aria-current]")).to_have_text("6")
    tab.get_by_label("Go to page", exact=True).fill("1")
    tab.keyboard.press("Enter")
    expect(tab.get_by_alt_text("Page 1 of 8")).to_be_in_viewport()

    region.press("r")
    assert sides(first)[0] > sides(first)[1]
    assert sides(sixth)[0] < sides(sixth)[1]
    picture = first.locator("img").bounding_box()
    assert picture
    # The picture itself is rotated, and fills the page.
    assert picture["width"] == pytest.approx(sides(first)[0], abs=2)
    assert picture["height"] == pytest.approx(sides(first)[1], abs=2)
    region.press("Shift+R")
    assert sides(sixth)[0] < sides(sixth)[1]
    assert sixth.get_attribute("data-turns") == "2"

    tab.get_by_role("button", name="Fit whole page").click()
    assert sides(first)[1] < region.evaluate("pages => pages.clientHeight")
    region.press("l")
    expect(listed).to_be_hidden()

    assert_prints_what_is_chosen(tab, region)


def sides(box: Locator) -> tuple[float, float]:
    """Return the width and height of something that is drawn."""
    bounds = box.bounding_box()
    assert bounds
    return bounds["width"], bounds["height"]


def assert_prints_what_is_chosen(tab: Page, region: Locator) -> None:
    """Expect that pages 2 to 4 are printed, and only once the range is in order."""
    # In place of the browser's print dialog, which no program can answer.
    tab.evaluate("() => { window.print = () => { window.isAsked = true } }")
    region.press("p")
    box = tab.get_by_role("group", name="Print")
    box.get_by_label("From page").fill("4")
    box.get_by_label("to page").fill("2")
    tab.keyboard.press("Enter")
    expect(box.get_by_role("alert")).to_contain_text("before the first one")

    with requested(tab) as addresses:
        box.get_by_label("From page").fill("2")
        box.get_by_label("to page").fill("4")
        tab.keyboard.press("Enter")
        tab.wait_for_function("window.isAsked")
    paper = pypdfium2.PdfDocument(io.BytesIO(tab.pdf()))
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")

    assert len(paper) == 3
    assert not any(sheet.get_textpage().get_text_bounded() for sheet in paper)
    assert len([url for url in addresses if "purpose=print" in url]) == 3
    expect(tab.locator(".document-print")).to_have_count(0)
    expect(box).to_be_hidden()
