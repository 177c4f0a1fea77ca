"""What Streamlit alone would leak, and our server does not.

Each leak is tested on both. Where the half about Streamlit fails, Streamlit has closed
the hole itself.
"""

import re
from contextlib import closing
from http.client import HTTPConnection

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from services.core.actors import Role
from tests.dashboard.page import cookies_of, kept_open, open_page

# One of Streamlit's own metrics.
COUNTER = "active_sessions"


@pytest.fixture(scope="module")
def rosa(server):
    """Our own page, opened by somebody at the front desk."""
    with server.signed_in(Role.STAFF) as browser:
        yield {"cookies": cookies_of(browser), "origin": server.url}


@pytest.fixture(scope="module")
def maya(server):
    """Our own page, opened by a patient."""
    with server.signed_in(Role.PATIENT) as browser:
        yield {"cookies": cookies_of(browser), "origin": server.url}


def _media_in(shown):
    return re.search(r"/media/[^\"]+", str(shown.texts))[0]


def _is_refused(url, **who):
    with pytest.raises(InvalidStatus) as refused:
        open_page(url, **who)
    return refused.value.response.status_code == 403


def test_streamlit_hands_an_open_session_to_whoever_names_it(stock):
    with kept_open(stock.url) as victim:
        thief = open_page(stock.url, session_id=victim.shown.session_id)

    assert thief.session_id == victim.shown.session_id


def test_asvs_4_4_4_nobody_takes_over_an_open_session_by_its_id(server, rosa, maya):
    with kept_open(server.url, **rosa) as victim:
        thief = open_page(server.url, session_id=victim.shown.session_id, **maya)

    assert thief.session_id != victim.shown.session_id
    assert str(server.cast[Role.STAFF].id) not in str(thief.texts)
    assert f"secret of {server.cast[Role.PATIENT].id}" in str(thief.texts)


def test_streamlit_hands_a_session_over_after_its_owner_disconnected(stock):
    victim = open_page(stock.url)

    thief = open_page(stock.url, session_id=victim.session_id)

    assert thief.session_id == victim.session_id


def test_nobody_takes_over_a_session_after_its_owner_disconnected(server, rosa, maya):
    victim = open_page(server.url, **rosa)

    thief = open_page(server.url, session_id=victim.session_id, **maya)

    assert thief.session_id != victim.session_id
    assert str(server.cast[Role.STAFF].id) not in str(thief.texts)


def test_not_even_the_same_person_takes_it_over_from_another_sign_in(server, rosa):
    victim = open_page(server.url, **rosa)

    with server.signed_in(Role.STAFF) as browser:
        again = open_page(
            server.url,
            cookies=cookies_of(browser),
            origin=server.url,
            session_id=victim.session_id,
        )

    assert again.session_id != victim.session_id


def test_streamlit_gives_files_to_whoever_has_their_address(stock):
    with kept_open(stock.url, query="media=1") as page:
        answer = httpx.get(stock.url + _media_in(page.shown))

    assert answer.content == b"a report on somebody"


def test_asvs_14_3_2_files_of_pages_are_closed_to_strangers_and_kept_by_nobody(
    server, rosa
):
    with kept_open(server.url, query="media=1", **rosa) as page:
        address = server.url + _media_in(page.shown)
        stranger = httpx.get(address)
        owner = httpx.get(address, headers={"Cookie": rosa["cookies"]})

    assert stranger.status_code == 401
    assert b"report" not in stranger.content
    assert owner.content == b"a report on somebody"
    assert owner.headers["cache-control"] == "no-store"
    assert owner.headers["x-content-type-options"] == "nosniff"


def test_streamlit_opens_its_websocket_to_any_program(stock):
    assert "uid=None" in str(open_page(stock.url).texts)


def test_asvs_4_4_3_a_websocket_without_a_sign_in_is_refused(server):
    assert _is_refused(server.url, origin=server.url)


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null"])
def test_asvs_4_4_2_another_sites_page_gets_no_websocket(server, rosa, origin):
    assert _is_refused(server.url, cookies=rosa["cookies"], origin=origin)


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json"])
def test_streamlit_tells_everybody_about_itself(stock, path):
    assert httpx.get(stock.url + path).status_code == 200


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json"])
def test_asvs_13_4_5_nobody_is_told_about_the_machinery(server, rosa, path):
    headers = {"Cookie": rosa["cookies"]}

    assert httpx.get(server.url + path).status_code == 404
    assert httpx.get(server.url + path, headers=headers).status_code == 404


def test_streamlit_counts_what_is_open_for_everybody(stock):
    assert COUNTER in httpx.get(f"{stock.url}/_stcore/metrics").text


@pytest.mark.parametrize(
    "path",
    [
        "//_stcore/metrics",
        "/_stcore//metrics",
        "/_stcore/metrics/",
        "/_stcore/./metrics",
        "/patients/../_stcore/metrics",
        "/patients/_stcore/metrics",
        "/%5fstcore/metrics",
        "/_stcore%2fmetrics",
        "/_STCORE/metrics",
    ],
)
def test_no_spelling_of_its_address_opens_the_machinery(server, rosa, path):
    # Sent as it is: httpx would normalize it.
    with closing(HTTPConnection(httpx.URL(server.url).netloc.decode())) as connection:
        connection.request("GET", path, headers={"Cookie": rosa["cookies"]})
        answer = connection.getresponse().read().decode()

    assert COUNTER not in answer


def test_streamlit_shows_what_broke_with_its_values(stock):
    assert "Lovelace" in str(open_page(stock.url, query="break=1").texts)


def test_asvs_16_5_1_what_breaks_in_a_page_is_logged_without_its_values(server, rosa):
    shown = open_page(server.url, query="break=1", **rosa)

    log = server.log.read_text()
    assert "Lovelace" not in str(shown.texts)
    assert "ValueError" in log
    assert "Lovelace" not in log


def test_streamlits_page_may_be_framed_by_other_sites(stock):
    assert "content-security-policy" not in httpx.get(stock.url).headers


def test_no_other_site_may_frame_a_page(server, rosa):
    page = httpx.get(server.url, headers={"Cookie": rosa["cookies"]})

    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
