"""Nobody can open so many pages that no room is left for others; they are told so."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from services.core.actors import Role
from tests.dashboard.conftest import Server, serving
from tests.dashboard.page import cookies_of, stream
from tests.kit.waiting import eventually

# Each sign-in may have four more, for pages that are just being reopened.
PER_SIGN_IN, PER_NETWORK = 3, 10
MOST = PER_SIGN_IN + 4
TAB = {"Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def narrow(server: Server, module_endpoints, tmp_path_factory) -> Iterator[Server]:
    """A server that allows few pages."""
    folder = tmp_path_factory.mktemp("narrow")
    limits = {
        "pages_per_sign_in": str(PER_SIGN_IN),
        "pages_per_network": str(PER_NETWORK),
    }
    with serving(module_endpoints, folder, cast=server.cast, **limits) as running:
        yield running


class Tabs:
    """The open pages of one sign-in."""

    def __init__(self, server: Server, browser: httpx.Client, keep: ExitStack) -> None:
        self._server, self.browser, self._keep = server, browser, keep
        self.lines = []

    def open(self, number: int = 1, path: str = "/_stcore/stream") -> None:
        cookies = cookies_of(self.browser)
        for _ in range(number):
            line = stream(
                self._server.url, path, cookies=cookies, origin=self._server.url
            )
            self.lines.append(self._keep.enter_context(line))

    def read(self, path: str = "/patients") -> httpx.Response:
        return self.browser.get(path, headers=TAB)


@pytest.fixture
def keep() -> Iterator[ExitStack]:
    with ExitStack() as kept:
        yield kept


@pytest.fixture
def rosa(narrow: Server, keep: ExitStack) -> Tabs:
    return Tabs(narrow, keep.enter_context(narrow.signed_in(Role.STAFF)), keep)


@pytest.fixture
def maya(narrow: Server, keep: ExitStack) -> Tabs:
    return Tabs(narrow, keep.enter_context(narrow.signed_in(Role.PATIENT)), keep)


def test_one_page_too_many_is_refused_in_words(rosa: Tabs):
    rosa.open(PER_SIGN_IN - 1)
    before = rosa.read()
    rosa.open()

    refused = rosa.read()

    assert before.status_code == 200
    assert refused.status_code == 429
    assert refused.text.startswith(f"You have {PER_SIGN_IN} pages of Chartroom open")


def test_one_page_too_many_is_refused_in_the_language_of_the_browser(maya: Tabs):
    maya.open(PER_SIGN_IN)
    maya.browser.headers["Accept-Language"] = "de-AT,de;q=0.9"

    refused = maya.read()

    assert refused.status_code == 429
    assert refused.text.startswith(f"Sie haben {PER_SIGN_IN} Seiten von Chartroom")


def test_whoever_closes_a_page_can_open_another(rosa: Tabs):
    rosa.open(PER_SIGN_IN)

    rosa.lines[0].close()

    eventually(rosa.read, lambda answer: answer.status_code == 200)


def test_what_pages_bring_along_is_not_refused(rosa: Tabs):
    rosa.open(PER_SIGN_IN)

    for path in ("/_stcore/health", "/api/documents", "/static/index.html", "/sign-in"):
        assert rosa.browser.get(path).status_code != 429


@pytest.mark.parametrize("path", ["/_stcore/stream", "/session/watch"])
def test_no_program_opens_websockets_without_end(rosa: Tabs, path: str):
    rosa.open(MOST, path)

    with pytest.raises(InvalidStatus):
        rosa.open(1, path)


def test_who_has_many_pages_takes_none_from_others(rosa: Tabs, maya: Tabs):
    rosa.open(MOST)

    assert maya.read("/").status_code == 200
    maya.open()


def test_all_of_a_network_together_have_a_bound_too(rosa: Tabs, maya: Tabs):
    rosa.open(MOST)
    maya.open(PER_NETWORK - MOST)

    with pytest.raises(InvalidStatus):
        maya.open()

    rosa.lines[0].close()

    def opens() -> bool:
        try:
            maya.open()
        except InvalidStatus:
            return False
        return True

    eventually(opens)
