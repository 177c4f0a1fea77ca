"""The demo's sign-in: a choice of people, and no way in for other sites."""

from uuid import uuid4

import httpx
import pytest

from dashboard.server import create_app
from dashboard.sign_in.forms import safe_next
from dashboard.starting import CannotServe
from db.settings import Settings
from services.actors import Role


def test_everybody_is_offered_with_what_they_may_do(server):
    page = httpx.get(f"{server.url}/sign-in")

    assert page.status_code == 200
    assert "This is a demonstration." in page.text
    assert len(server.cast) == len(Role)
    for person in server.cast.values():
        assert person.name in page.text
        assert str(person.id) in page.text
    assert "<script" not in page.text


def test_choosing_somebody_signs_them_in_and_goes_on(server):
    person = str(server.cast[Role.STAFF].id)
    with server.browser() as browser:
        answer = browser.post(
            "/sign-in", data={"person": person, "next": "/patients?list=k"}
        )

        assert answer.status_code == 303
        assert answer.headers["location"] == "/patients?list=k"
        assert {"HttpOnly", "SameSite=lax"} <= set(
            answer.headers["set-cookie"].split("; ")
        )
        assert browser.get("/").status_code == 200
        assert 'aria-current="true"' in browser.get("/sign-in").text


def test_signing_out_is_asked_first_and_then_done(server):
    with server.signed_in(Role.STAFF) as browser:
        assert "Sign out?" in browser.get("/sign-out").text
        assert browser.get("/").status_code == 200

        assert browser.post("/sign-out").headers["location"] == "/sign-in"
        assert browser.get("/").status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    ],
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_another_site_can_sign_nobody_in_or_out(server, path, headers):
    person = str(server.cast[Role.STAFF].id)

    answer = httpx.post(f"{server.url}{path}", data={"person": person}, headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_form_that_the_browser_calls_its_own_is_enough(server):
    """Under `Referrer-Policy: no-referrer` a form's Origin is null."""
    person = str(server.cast[Role.STAFF].id)
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}

    answer = httpx.post(
        f"{server.url}/sign-in", data={"person": person}, headers=headers
    )

    assert answer.status_code == 303


@pytest.mark.parametrize("person", ["", "x", str(uuid4())])
def test_only_people_of_the_demo_can_be_chosen(server, person):
    with server.browser() as browser:
        answer = browser.post("/sign-in", data={"person": person})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_form_that_our_page_would_never_send_is_refused(server):
    person = str(server.cast[Role.STAFF].id)
    with server.browser() as browser:
        long = browser.post("/sign-in", data={"person": person, "next": "x" * 20_000})
        endless = browser.post("/sign-in", content=iter([b"person=", person.encode()]))
        empty = browser.post("/sign-in")

    assert [long.status_code, endless.status_code, empty.status_code] == [403] * 3


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/patients", "/patients"),
        ("/patients?list=k%20x", "/patients?list=k%20x"),
        (None, "/"),
        ("", "/"),
        ("patients", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-in?next=/x", "/"),
        ("/sign-out", "/"),
    ],
)
def test_the_way_on_stays_on_this_server(asked, given):
    assert safe_next(asked) == given


def test_what_was_asked_for_is_not_put_on_the_page_as_markup(server):
    page = httpx.get(f"{server.url}/sign-in", params={"next": '/"><b>x'})

    assert "<b>" not in page.text


def test_without_a_demo_there_is_no_server():
    settings = Settings(
        _env_file=None,
        database_url="postgresql://127.0.0.1/x",
        mongo_url="mongodb://127.0.0.1",
    )

    with pytest.raises(CannotServe, match="CHARTROOM_DEMO=true"):
        create_app(settings)
