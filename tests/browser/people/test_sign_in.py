"""Signing in with a real browser: by keyboard, without scripts, for everybody."""

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dashboard.sign_in import html
from dashboard.sign_in.ways import Way
from services.core.actors import Role
from tests.browser.axe import COLOURS, TAGS, problems
from tests.browser.conftest import OTHER_HOST, Site, new_profile, ready, turn_to
from tests.kit import cast

pytestmark = pytest.mark.browser


# What holds in the light scheme holds in the dark, except for colours.
_LOOKS = [("light", 390), ("dark", 390), ("light", 1440), ("dark", 1440)]


@pytest.fixture
def stranger(site: Site) -> Iterator[BrowserContext]:
    """A browser that has never been here."""
    with closing(new_profile(site.browser, base_url=site.address)) as context:
        yield context


def _ask_for_a_code(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name=cast.JONAS.name).click()


def _violations(page: Page, scheme: str) -> list[str]:
    if scheme == "dark":
        return problems(page, rules=COLOURS)
    return problems(page, tags=TAGS)


def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    stranger: BrowserContext,
) -> None:
    page = stranger.new_page()

    for path in ("/sign-in", "/sign-in?ended=1", "/sign-out"):
        page.goto(path)
        _assert_fit_for_everybody(page)
    _ask_for_a_code(page)
    _assert_fit_for_everybody(page)
    _type(page, "000000")
    page.get_by_role("alert").wait_for()
    _assert_fit_for_everybody(page)


def test_a_clinics_own_pages_are_as_fit_as_the_demos(stranger: BrowserContext) -> None:
    page = stranger.new_page()
    said = {"next": "/", "email": "rosa@clinic.test", "by": "text"}
    consent = {
        "app": "Heart diary",
        "clinic": "Example Clinic",
        "name": cast.MAYA.name,
        "asked": uuid4(),
        "reads": ["your allergies", "your visits"],
        "back_to": "diary.example",
        "minutes": 60,
        "somebody_else": "/sign-in",
    }

    for answer in (
        html.page("ask.html", **said, can_text=True, ways=[Way("/x", "A passkey")]),
        html.page("ask.html", **said, problem="Write an address."),
        html.page("code.html", **said, may_try=True),
        html.page("code.html", **said, problem="This code has expired."),
        html.page("message.html", title="Too many attempts", sentence="Try again."),
        html.page("app_consent.html", **consent, may_allow=True),
        html.page("app_consent.html", **consent, may_allow=False),
    ):
        page.set_content(bytes(answer.body).decode())
        _assert_fit_for_everybody(page)


def _assert_fit_for_everybody(page: Page) -> None:
    for scheme, width in _LOOKS:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 844})
        assert _violations(page, scheme) == [], (page.url, scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _type(page: Page, code: str) -> None:
    page.get_by_label("Six digits").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_the_keyboard_is_enough_and_leads_where_one_wanted_to_go(site: Site) -> None:
    with site.lend(None) as page:
        page.goto("/patients")

        page.keyboard.press("Tab")
        expect(page.locator("button:focus")).to_contain_text(cast.ROSA.name)
        page.keyboard.press("Enter")
        expect(page.get_by_label("Six digits")).to_be_focused()
        page.keyboard.press("Enter")

        page.get_by_role("heading", name="Patients", level=1).wait_for()
        assert page.url.endswith("/patients")


def test_without_https_people_sign_in_from_other_machines_too(site: Site) -> None:
    """To such a site browsers do not say that a form is its own (Sec-Fetch-Site)."""
    port = urlsplit(site.address).port
    with site.lend(None) as page:
        page.goto(f"http://{OTHER_HOST}:{port}/patients")

        page.get_by_role("button", name=cast.ROSA.name).click()
        page.get_by_role("button", name="Sign in", exact=True).click()

        page.get_by_role("heading", name="Patients", level=1).wait_for()


def test_a_wrong_code_says_so_where_it_is_heard_and_the_right_one_lets_in(
    site: Site,
) -> None:
    with site.lend(None) as page:
        _ask_for_a_code(page)
        code = page.get_by_label("Six digits").input_value()

        _type(page, f"{(int(code) + 1) % 10**6:06}")
        expect(page.get_by_role("alert")).to_contain_text("You have 4 tries left.")
        expect(page.get_by_label("Six digits")).to_have_attribute(
            "aria-describedby", "problem"
        )
        _type(page, f"{code[:3]} {code[3:]}")

        ready(page).get_by_role("heading", level=1).first.wait_for()
        assert page.url == f"{site.address}/"


def test_no_script_is_needed_to_sign_in(site: Site) -> None:
    with closing(
        site.browser.new_context(base_url=site.address, java_script_enabled=False)
    ) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/sign-out")
        page.get_by_role("button", name=cast.AMARA.name).click()
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.goto("/sign-in")

        chosen = page.locator("button[aria-current=true]")
        expect(chosen).to_contain_text(cast.AMARA.name)


def test_browsers_object_to_nothing_and_ask_no_other_server(site: Site) -> None:
    with closing(site.visit()) as context:
        page, objections, requested = context.pages[0], [], []
        page.on("console", lambda message: objections.append(message.text))
        page.on("request", lambda request: requested.append(request.url))
        page.goto("/")
        ready(page).get_by_role("heading", level=1).first.wait_for()
        # All pages of the app are one document, with one policy.
        for path in ("/patients", "/register"):
            turn_to(page, path).get_by_role("heading", level=1).first.wait_for()
        for path in ("/api/docs", "/sign-in"):
            page.goto(path)

    assert not [text for text in objections if "Content Security Policy" in text]
    own = (site.address, "data:", "blob:")
    assert not [url for url in requested if not url.startswith(own)]


def test_the_way_out_is_on_ones_own_page(site: Site) -> None:
    with site.lend(Role.ANALYST) as page:
        page.goto("/account")
        ready(page).get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign out?").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign in to Chartroom").wait_for()

        page.goto("/account")

        assert "/sign-in?next=%2Faccount" in page.url
