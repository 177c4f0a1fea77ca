"""Passkeys in Chromium, with the virtual authenticator of its developer tools."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect
from sqlalchemy import func, text, update

from db.models.user import UserSession
from services.core.actors import Role
from tests.browser.axe import TAGS, problems
from tests.browser.conftest import Site, new_profile, ready
from tests.kit import cast

pytestmark = pytest.mark.browser
_FORGET = text("DELETE FROM passkeys")
LISTED = re.compile(r"^[^?]*/sign-in/passkeys$")


@pytest.fixture
def named(site: Site) -> Site:
    """The site under a host name: browsers bind no passkeys to an IP address."""
    return replace(site, address=site.address.replace("127.0.0.1", "localhost"))


@pytest.fixture
def admin(named: Site) -> Iterator[Page]:
    """The administrator, who has no passkey and has just signed in by a code."""
    named.write(lambda session: session.execute(_FORGET))
    with named.lend(Role.ADMIN, is_new=True) as page:
        yield page


@pytest.fixture
def device(admin: Page) -> "Iterator[Device]":
    """The device that keeps the administrator's passkeys."""
    with closing(Device(admin)) as device:
        yield device


class Device:
    """A device with a lock of its own, as the page's browser sees it."""

    def __init__(self, page: Page) -> None:
        self._tools: CDPSession = page.context.new_cdp_session(page)
        self._tools.send("WebAuthn.enable")
        made = self._tools.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self._id = made["authenticatorId"]

    def close(self) -> None:
        """Remove the device, with the passkeys on it."""
        self._tools.send("WebAuthn.disable")
        self._tools.detach()

    def stay_locked(self) -> None:
        self._tools.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self._id, "isUserVerified": False},
        )


def add_passkey(page: Page, name: str) -> None:
    page.goto("/sign-in/passkeys")
    page.get_by_label("Passkey name").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name=f"Remove {name}").wait_for()


@pytest.mark.usefixtures("device")
def test_a_passkey_is_added_signs_in_and_is_removed(named: Site, admin: Page) -> None:
    admin.goto("/account")
    ready(admin).get_by_role("button", name="My passkeys").click()
    admin.get_by_role("heading", name="Your passkeys").wait_for()
    add_passkey(admin, "Blue key")

    admin.goto("/sign-out")
    admin.get_by_role("button", name="Sign out").click()
    admin.get_by_role("link", name="Sign in with a passkey").click()

    # Nothing is typed or clicked: the page asks the device by itself.
    admin.wait_for_url(f"{named.address}/")
    admin.goto("/account")
    expect(ready(admin).get_by_role("heading", level=1)).to_have_text(cast.INES.name)
    # The sign-in itself was the proof that removing a passkey needs.
    admin.goto("/sign-in/passkeys")
    admin.get_by_role("button", name="Remove Blue key").click()
    expect(admin.get_by_text("You have no passkey yet.")).to_be_visible()


@pytest.mark.usefixtures("device")
def test_who_has_none_is_led_from_the_deed_to_a_passkey_and_back(admin: Page) -> None:
    admin.goto("/invite")
    ready(admin).get_by_role("button", name="Confirm with a passkey").click()
    admin.get_by_role("link", name="Add a passkey").click()

    admin.get_by_label("Passkey name").fill("Laptop")
    admin.get_by_role("button", name="Add a passkey").click()

    admin.wait_for_url(re.compile(r"^[^?]*/invite$"))
    ready(admin).get_by_role("heading", name="Invite a colleague").wait_for()
    expect(admin.get_by_role("button", name="Confirm with a passkey")).to_have_count(0)


@pytest.mark.usefixtures("device")
def test_what_was_typed_is_back_once_the_passkey_is_used(
    named: Site, admin: Page
) -> None:
    add_passkey(admin, "Laptop")
    # The page asks the device by itself, and goes on.
    admin.goto("/sign-in/confirm?next=/invite")
    admin.wait_for_url(re.compile(r"^[^?]*/invite$"))
    ready(admin).get_by_label("Name", exact=True).fill(cast.DORA.name)
    admin.get_by_label("E-mail").fill("typed.before@example.org")
    # Somebody is called away, and comes back when the proof is too old.
    proven = update(UserSession).where(UserSession.confirmed_at.is_not(None))
    ages = {"confirmed_at": func.now() - timedelta(minutes=6)}
    named.write(lambda session: session.execute(proven.values(ages)))
    admin.get_by_role("button", name="Send invitation").click()
    admin.get_by_text("from the last 5 minutes").wait_for()

    admin.get_by_role("button", name="Confirm with a passkey").click()
    admin.wait_for_url("**/sign-in/confirm?**")
    admin.wait_for_url(re.compile(r"^[^?]*/invite$"))

    admin.get_by_text("What you typed is restored.").wait_for()
    name = ready(admin).get_by_label("Name", exact=True)
    expect(name).to_have_value(cast.DORA.name)
    expect(admin.get_by_label("E-mail")).to_have_value("typed.before@example.org")
    assert admin.evaluate("sessionStorage.getItem('chartroom.typed')") is None


def test_a_locked_device_is_explained_and_may_be_tried_again(
    admin: Page, device: Device
) -> None:
    add_passkey(admin, "Laptop")
    device.stay_locked()

    admin.goto("/sign-in/confirm?next=/account")

    expect(admin.get_by_role("alert")).to_contain_text("Try again")
    expect(admin.get_by_role("button", name="Confirm with my passkey")).to_be_enabled()


@pytest.mark.usefixtures("device")
def test_a_device_is_not_added_twice(admin: Page) -> None:
    add_passkey(admin, "Laptop")
    admin.goto("/sign-in/confirm?next=/sign-in/passkeys")
    admin.wait_for_url(LISTED)

    admin.get_by_role("button", name="Add a passkey").click()

    expect(admin.get_by_role("alert")).to_have_text(
        "This device already has a passkey for you."
    )


def test_by_a_number_the_way_to_the_name_is_shown(site: Site, named: Site) -> None:
    with closing(new_profile(site.browser, base_url=site.address)) as context:
        page = context.new_page()
        page.goto("/sign-in/passkey")

        page.get_by_role("link", name="localhost").click()

        expect(page).to_have_url(f"{named.address}/sign-in/passkey")


@pytest.fixture(params=["light", "dark"])
def phone(named: Site, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    with named.lend(Role.ADMIN, scheme=request.param, width=390) as page:
        yield page.context


@pytest.mark.parametrize(
    "path", ["/sign-in/passkey", "/sign-in/passkeys", "/sign-in/confirm"]
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    phone: BrowserContext, path: str
) -> None:
    page = phone.pages[0]
    page.goto(path)

    assert problems(page, tags=TAGS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
