"""Two web servers of one clinic: what is done at one holds at the other."""

import json
from collections.abc import Iterator
from contextlib import closing, suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from db.json_http import machine_trust
from db.models.user import ApiToken
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.people import tokens
from services.people.accounts import demo_accounts
from tests.api.document_samples import UPLOAD, pdf
from tests.browser.running import chartroom
from tests.kit import cast
from tests.kit.signing_in import sign_in
from tests.kit.waiting import eventually

OVER = 4401
LSN = "X-Chartroom-LSN"


@pytest.fixture(scope="module")
def database(module_endpoints) -> Iterator[Database]:
    with closing(Database(module_endpoints)) as opened:
        opened.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        yield opened


@pytest.fixture(scope="module")
def both(database, module_endpoints, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """Two servers with one data folder, as behind the front."""
    data = tmp_path_factory.mktemp("two")
    with (
        chartroom(module_endpoints, data) as first,
        chartroom(module_endpoints, data) as second,
    ):
        yield first, second


@pytest.fixture
def browser(both) -> Iterator[httpx.Client]:
    """A browser that is signed in at one of the servers."""
    with httpx.Client(headers={"Sec-Fetch-Site": "same-origin"}) as browser:
        browser.base_url = both[0]
        assert sign_in(browser, cast.ROSA.email).status_code == 303
        yield browser


def cookie(browser: httpx.Client) -> dict[str, str]:
    return {"Cookie": f"chartroom={browser.cookies['chartroom']}"}


def page_at(address: str, browser: httpx.Client) -> ClientConnection:
    """Open the connection that every page of a browser has open."""
    where = address.replace("http:", "ws:") + "/session/watch"
    return connect(where, origin=Origin(address), additional_headers=cookie(browser))


def test_a_sign_in_that_ends_at_one_ends_at_the_other_with_its_pages(both, browser):
    first, second = both
    theirs = cookie(browser)
    before = httpx.get(second, headers=theirs)

    with page_at(second, browser) as page:
        assert browser.post(f"{first}/sign-out").status_code == 303
        with suppress(ConnectionClosed):
            while True:
                page.recv(timeout=60)

    assert before.status_code == 200
    assert page.close_code == OVER
    after = httpx.get(second, headers=theirs)
    assert after.headers["location"].startswith("/sign-in")


def test_what_was_typed_in_a_page_of_one_opens_in_a_page_of_the_other(both, browser):
    def key_at(address: str) -> str:
        with page_at(address, browser) as page:
            key: str = json.loads(page.recv(timeout=60))["key"]
            return key

    first, second = both

    # The tab keeps the draft, and only its owner's key opens it.
    assert key_at(first) == key_at(second)


def test_a_token_that_is_revoked_at_one_opens_nothing_at_the_other(both, database):
    token = database.write(
        lambda session: tokens.issue(session, Role.STAFF), identity=SYSTEM
    ).value
    own = {"Authorization": f"Bearer {token}"}

    def statuses() -> list[int]:
        lists = [f"{address}/api/v1/patients" for address in both]
        answers = (httpx.get(at, headers=own, verify=machine_trust()) for at in lists)
        return [answer.status_code for answer in answers]

    assert statuses() == [200, 200]
    database.write(_revoke_all, identity=SYSTEM)

    assert eventually(statuses, lambda seen: seen == [401, 401])


def _revoke_all(session) -> None:
    people = cast.get_demo(session)
    for token in session.query(ApiToken):
        tokens.revoke(session, people[Role.ADMIN], token.id)


def test_what_is_filed_at_one_is_read_at_the_other_by_the_same_person_at_once(
    both, database
):
    first, second = both
    token = database.write(
        lambda session: tokens.issue(session, Role.STAFF), identity=SYSTEM
    ).value
    content = pdf()

    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as program:
        filed = program.post(
            first + UPLOAD, files={"file": ("Report.pdf", content, "application/pdf")}
        )
        uuid = filed.json()["document"]["id"]
        read = program.get(
            f"{second}/api/documents/{uuid}", headers={LSN: filed.headers[LSN]}
        )

    assert read.content == content
