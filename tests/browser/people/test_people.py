"""People come and go, as an administrator and they themselves see it in a browser."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import delete

from db.models.user import Passkey
from services.core.actors import Role
from tests.browser.conftest import Site, ready, turn_to
from tests.browser.people.test_passkeys import Device, add_passkey
from tests.kit import cast

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def named(site: Site) -> Site:
    """The site under a host name: browsers bind no passkeys to an IP address."""
    return replace(site, address=site.address.replace("127.0.0.1", "localhost"))


@pytest.fixture(scope="module")
def admin(named: Site) -> Iterator[Page]:
    """The administrator, who has just used a passkey and has no other."""
    named.write(lambda s: s.execute(delete(Passkey)))
    with named.lend(Role.ADMIN, is_new=True) as page, closing(Device(page)):
        add_passkey(page, "Desk")
        yield page
    named.write(lambda s: s.execute(delete(Passkey)))


@pytest.fixture
def stranger(named: Site) -> Iterator[BrowserContext]:
    """A browser that has never been here."""
    with named.lend(None) as page:
        yield page.context


def link_on(page: Page) -> str:
    """Return the path of the link that is shown instead of being mailed."""
    return "/welcome/" + page.locator("code").inner_text().strip().rpartition("/")[2]


def invite(page: Page, name: str) -> str:
    page.goto("/users")
    ready(page).get_by_role("button", name="Invite a colleague").click()
    page.get_by_role("heading", name="Invite a colleague").wait_for()
    confirm = ready(page).get_by_role("button", name="Confirm with a passkey")
    if confirm.count():
        # The page asks the device by itself, and comes back.
        confirm.click()
        page.wait_for_url("**/sign-in/confirm?**")
        page.wait_for_url("**/invite")
        confirm.wait_for(state="detached")
    ready(page).get_by_label("Name", exact=True).fill(name)
    page.get_by_label("E-mail").fill(f"{uuid4().hex}@example.org")
    page.get_by_role("button", name="Send invitation").click()
    return link_on(page)


def open_person(page: Page, name: str) -> None:
    turn_to(page, "/users").get_by_label("Search people").fill(name)
    page.keyboard.press("Enter")
    # The list from before the search stays until then, and a click on it may be lost.
    others = page.get_by_role("row").filter(has_not_text=name)
    expect(others.filter(has=page.get_by_role("link"))).to_have_count(0)
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", level=1, name=name).wait_for()


def come_in(context: BrowserContext, link: str) -> Page:
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_an_invited_colleague_comes_in_once_and_is_shut_out_while_working(
    admin: Page, stranger: BrowserContext
) -> None:
    link = invite(admin, cast.DORA.name)
    dora = come_in(stranger, link)
    dora.get_by_role("heading", name="Your passkeys").wait_for()
    dora.get_by_role("link", name="Not now").click()
    expect(dora.get_by_role("heading", level=1)).to_contain_text(cast.DORA.name)

    again = stranger.new_page()
    again.goto(link)
    expect(again.get_by_role("heading", level=1)).to_have_text(
        "This link does not work"
    )

    open_person(admin, cast.DORA.name)
    ready(admin).get_by_role("button", name="Deactivate").click()
    admin.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(admin.get_by_role("button", name="Reactivate")).to_be_visible()
    dora.wait_for_url("**/sign-in?**")
