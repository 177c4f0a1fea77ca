"""The sign-in choice in a real browser: by keyboard, without scripts, for everybody."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from services.actors import Role
from tests.browser.conftest import NAMES, Site, settled

pytestmark = pytest.mark.browser
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(params=["light", "dark"])
def stranger(site: Site, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    with closing(
        site.browser.new_context(
            base_url=site.address,
            color_scheme=request.param,
            viewport={"width": 390, "height": 844},
        )
    ) as context:
        yield context


def _violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    return [violation["id"] for violation in found.response["violations"]]


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    stranger: BrowserContext, path: str
) -> None:
    page = stranger.new_page()
    page.goto(path)

    assert _violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_is_enough_and_leads_where_one_wanted_to_go(
    stranger: BrowserContext,
) -> None:
    page = stranger.new_page()
    page.goto("/patients")
    focused = page.locator("button:focus")

    page.keyboard.press("Tab")
    expect(focused).to_contain_text(NAMES[Role.STAFF])
    page.keyboard.press("Enter")

    page.get_by_role("heading", name="Patients", level=1).wait_for()
    assert page.url.endswith("/patients")


def test_no_script_is_needed_to_choose(site: Site) -> None:
    with closing(
        site.browser.new_context(base_url=site.address, java_script_enabled=False)
    ) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/sign-out")
        page.get_by_role("button", name=NAMES[Role.CLINICIAN]).click()
        page.goto("/sign-in")

        chosen = page.locator("button[aria-current=true]")
        expect(chosen).to_contain_text(NAMES[Role.CLINICIAN])


def test_browsers_object_to_nothing_and_ask_no_other_server(site: Site) -> None:
    with closing(site.visit()) as context:
        page, objections, asked = context.new_page(), [], []
        page.on("console", lambda message: objections.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        for path in ("/", "/patients", "/register", "/api/docs", "/sign-in"):
            page.goto(path)
            if not path.startswith(("/api", "/sign")):
                settled(page).get_by_role("heading", level=1).first.wait_for()

    assert not [text for text in objections if "Content Security Policy" in text]
    own = (site.address, "data:", "blob:")
    assert not [url for url in asked if not url.startswith(own)]


def test_the_way_out_is_on_ones_own_page(site: Site) -> None:
    with closing(site.visit(Role.ANALYST)) as context:
        page = context.pages[0]
        page.goto("/account")
        settled(page).get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign out?").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Who are you today?").wait_for()

        page.goto("/account")

        assert "/sign-in?next=%2Faccount" in page.url
