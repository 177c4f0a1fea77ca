"""A web process dies behind the front while somebody types."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from db.endpoints import Endpoints
from tests.browser.conftest import ready
from tests.browser.running import variables
from tests.kit import cast
from tests.launch.fronted import FRONT_COOKIE, NAMES, digest_of, needs_caddy
from tests.launch.launcher import Launcher, serving

pytestmark = [
    pytest.mark.browser,
    needs_caddy,
]


@pytest.fixture
def served(endpoints: Endpoints, tmp_path) -> Iterator[Launcher]:
    """Two web processes behind the front."""
    launcher = Launcher(tmp_path / "data", "--empty", "--servers", "2")
    with serving(launcher, **variables(endpoints, launcher.data)) as served:
        yield served


def test_what_is_typed_stays_when_the_process_dies_and_the_page_goes_on(
    served: Launcher, browser: Browser
):
    with closing(browser.new_context(base_url=served.address)) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/register")
        page.get_by_role("button", name=cast.ROSA.name).click()
        page.get_by_role("button", name="Sign in", exact=True).click()
        name = ready(page).get_by_label("First name")
        name.fill("Ada")
        name.press("Tab")
        ready(page)
        [mine] = [c["value"] for c in context.cookies() if c["name"] == FRONT_COOKIE]
        [holding] = [n for n in NAMES if digest_of(n) == mine]

        with page.expect_websocket(lambda socket: "/_stcore/stream" in socket.url):
            served.child(holding).kill()

        page.get_by_role("combobox", name="Sex").click()
        page.get_by_role("option", name="Female").click()
        ready(page)
        expect(page.get_by_label("First name")).to_have_value("Ada")
        [now] = [c["value"] for c in context.cookies() if c["name"] == FRONT_COOKIE]
        assert now != mine
