"""Profiles that tests lend one after the other keep nothing of their previous users."""

import pytest
from playwright.sync_api import Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site
from tests.kit import cast

pytestmark = pytest.mark.browser

_LEAVE = "localStorage.left = sessionStorage.left = document.cookie = 'left=behind'"
_LEFT = "[localStorage.left, sessionStorage.left, document.cookie]"


def account_of(page: Page, name: str) -> None:
    """Expect that the person who is signed in has this name."""
    expect(page.get_by_role("button", name=name)).to_be_visible()


def test_the_next_person_has_the_same_profile_and_nothing_of_the_one_before(site: Site):
    with site.lend(Role.STAFF, at="/account", width=390, scheme="dark") as page:
        page.evaluate(_LEAVE)
        page.emulate_media(media="print")
        page.context.new_page()
        lent = page.context

    with site.lend(Role.CLINICIAN, at="/account") as page:
        assert page.context is lent
        assert lent.pages == [page]
        account_of(page, cast.AMARA.name)
        assert "left" not in str(page.evaluate(_LEFT))
        assert page.evaluate("innerWidth") == 1440
        assert not page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        assert not page.evaluate("matchMedia('print').matches")


def test_people_at_one_time_have_profiles_of_their_own(site: Site):
    with site.lend(Role.STAFF, at="/account") as page:
        with site.lend(Role.CLINICIAN, at="/account") as other:
            account_of(other, cast.AMARA.name)
        # The page's requests are made as the person who is signed in there.
        page.reload()
        account_of(page, cast.ROSA.name)


def test_whoever_signed_out_is_signed_in_for_the_next_test(site: Site):
    with site.lend(Role.STAFF, at="/sign-out") as page:
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in*")

    with site.lend(Role.STAFF, at="/account") as page:
        account_of(page, cast.ROSA.name)
