"""Booking without an account, in a real browser: by keyboard, on any screen."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import problems
from tests.browser.conftest import new_profile
from tests.kit import cast
from tests.services.visits import visit_samples

pytestmark = pytest.mark.browser

_FITS = "document.documentElement.scrollWidth <= window.innerWidth"
_NAME = "Nora Newman"


@pytest.fixture(scope="module")
def doctor(site) -> str:
    """The name of a doctor with free times."""
    name = f"Dr. {uuid4().hex[:6]}"

    def add(session) -> None:
        draft = cast.DOCTOR_DORA
        row = cast.add_doctor(session, draft)
        row.name = name
        for hours in (50, 51, 52, 74, 75):
            visit_samples.slot(session, row.id, visit_samples.soon(60 * hours))

    site.write(add)
    return name


@pytest.fixture(params=[("light", 1440), ("dark", 390)], ids=["desk", "phone"])
def visitor(site, request) -> Iterator[Page]:
    scheme, width = request.param
    context = new_profile(
        site.browser,
        base_url=site.address,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
        accept_downloads=True,
    )
    yield context.new_page()
    context.close()


def _look(page: Page, heading: str) -> None:
    """Expect a page without violations that fits the screen."""
    page.get_by_role("heading", level=1).get_by_text(heading).wait_for()
    assert problems(page) == []
    assert page.evaluate(_FITS)


def _press(page: Page, role: str, name: str) -> None:
    """Reach a link or a button by keyboard, however far Tab has to go."""
    wanted = page.get_by_role(role, name=name).first
    # Other tests' doctors are in the list as well, before and after this one.
    steps = page.locator("a, button, input, select, summary, textarea").count()
    for _ in range(2 * steps + 2):
        if wanted.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never leads to {name}")


def test_somebody_books_moves_and_cancels_by_the_keyboard(visitor, doctor):
    page = visitor
    page.goto("/sign-in")
    _press(page, "link", "Book a visit without an account")
    _look(page, "Book a visit at")
    _press(page, "link", doctor)
    _look(page, "When would you like to see")
    page.locator("ul[aria-labelledby=times] a").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your name")).to_be_focused()
    page.keyboard.type(_NAME)
    page.keyboard.press("Tab")
    page.keyboard.type(f"nora-{uuid4().hex[:8]}@example.org")
    _look(page, ",")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Six digits")).to_be_focused()
    _look(page, "Enter your code")
    page.keyboard.type(page.locator(".notice .digits").inner_text())
    page.keyboard.press("Enter")
    _look(page, "Your visit is booked")
    with page.expect_download() as file:
        _press(page, "link", "Add it to my calendar")
    assert file.value.suggested_filename == "visit.ics"
    _press(page, "link", "Choose another time")
    _look(page, "Another time with")
    page.locator("ul[aria-labelledby=times] button").first.focus()
    page.keyboard.press("Enter")
    _look(page, "Your visit is moved")
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    _press(page, "button", "Cancel my visit")
    _look(page, "Your visit is cancelled")
