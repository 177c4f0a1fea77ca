"""The clinic's own accounts in Chromium: signing in, and connecting an invitation."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.people.accounts import demo_accounts
from tests.browser.conftest import Site, new_profile
from tests.browser.running import chartroom, free_port
from tests.kit import cast
from tests.kit.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    serving,
)

pytestmark = pytest.mark.browser
LABEL = "the clinic's account"


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with serving(f"http://localhost:{free_port()}/sign-in/oidc/back") as provider:
        yield provider


@pytest.fixture(scope="module")
def clinic(
    browser: Browser,
    provider: IdentityProvider,
    module_endpoints: Endpoints,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Chartroom, to which the provider sends people back."""
    address = provider.redirect_uri.removesuffix("/sign-in/oidc/back")
    data: Path = tmp_path_factory.mktemp("data")
    with (
        closing(Database(module_endpoints)) as database,
        chartroom(
            module_endpoints,
            data,
            port=int(address.rpartition(":")[2]),
            public_url=address,
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
            oidc_label=LABEL,
            oidc_roles=json.dumps({"desk": "staff"}),
        ),
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        yield Site(address, browser, database, module_endpoints.audit_url, data)


@pytest.fixture
def stranger(clinic: Site) -> Iterator[BrowserContext]:
    with closing(new_profile(clinic.browser, base_url=clinic.address)) as context:
        yield context


def test_whom_the_clinics_account_knows_comes_in_with_it(
    clinic: Site, provider: IdentityProvider, stranger: BrowserContext
) -> None:
    provider.person = {
        "sub": "cleo-1",
        "name": cast.CLEO.name,
        "email": cast.CLEO.email,
        "email_verified": True,
        "groups": ["desk"],
    }
    page = stranger.new_page()
    page.goto("/account")
    page.get_by_role("link", name=f"Sign in with {LABEL}").click()

    page.wait_for_url(f"{clinic.address}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text(cast.CLEO.name)


def test_who_connects_their_account_comes_in_with_it_afterwards(
    clinic: Site, provider: IdentityProvider, stranger: BrowserContext
) -> None:
    """The policy lets no form redirect to another site; the page in between does."""
    provider.person = {"sub": "rosa-1"}
    with closing(clinic.visit(Role.STAFF)) as context:
        page = context.pages[0]
        page.goto("/sign-in/passkeys")
        page.get_by_role("button", name=f"Connect {LABEL}").click()
        page.get_by_role("button", name="Disconnect it").wait_for()

    page = stranger.new_page()
    page.goto("/sign-in?next=/account")
    page.get_by_role("link", name=f"Sign in with {LABEL}").click()

    page.wait_for_url(f"{clinic.address}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text(cast.ROSA.name)
