"""The demo's sign-in: people to choose, codes on screen, and nothing for others."""

import httpx
import pytest

from dashboard.sign_in.forms import safe_next
from db.json_http import machine_trust
from services.core.actors import Role
from tests.kit import cast
from tests.kit.signing_in import shown_code, sign_in

SENT_HERE = "/sign-in/code"


def test_everybody_is_offered_with_what_they_may_do(server):
    page = httpx.get(f"{server.url}/sign-in")

    assert page.status_code == 200
    assert "This is a demonstration." in page.text
    assert len(server.cast) == len(Role)
    for role, person in server.cast.items():
        assert person.name in page.text
        assert cast.DEMO[role].email in page.text
    assert "<script" not in page.text


def test_who_comes_from_a_page_that_ended_is_told_why(server):
    ended = httpx.get(f"{server.url}/sign-in?next=/register&ended=1").text

    assert "You have been signed out" in ended
    assert "You have been signed out" not in httpx.get(f"{server.url}/sign-in").text


def test_choosing_somebody_shows_their_code_marked_as_demo(server):
    with server.browser() as browser:
        answer = browser.post("/sign-in", data={"email": cast.ROSA.email})
        page = browser.get(answer.headers["location"])

    assert (answer.status_code, answer.headers["location"]) == (303, SENT_HERE)
    assert "Demo code:" in page.text
    assert "a real clinic" in page.text.lower()


def test_the_code_signs_in_and_goes_on(server):
    with server.browser() as browser:
        answer = sign_in(browser, cast.ROSA.email, "/patients?list=k")

        assert answer.status_code == 303
        assert answer.headers["location"] == "/patients?list=k"
        assert browser.get("/").status_code == 200
        page = browser.get("/sign-in").text
        assert f"You are signed in as {cast.ROSA.name}" in page
        assert 'aria-current="true"' in page


def test_asvs_3_3_2_every_cookie_is_closed_to_scripts_and_to_other_sites(server):
    with server.browser() as browser:
        response = browser.post("/sign-in", data={"email": cast.ROSA.email})
        let_in = browser.post(SENT_HERE, data={"code": shown_code(browser)})

    cookies = [*response.headers.get_list("set-cookie")]
    cookies += let_in.headers.get_list("set-cookie")
    assert len(cookies) == 4
    for cookie in cookies:
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    "typed",
    ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}\u00a0{1}", "{0}\u202f{1}", "{0}\t{1}\n"],
)
def test_a_code_may_be_typed_with_spaces(server, typed):
    with server.browser() as browser:
        browser.post("/sign-in", data={"email": cast.ROSA.email})
        code = shown_code(browser)
        answer = browser.post(
            SENT_HERE, data={"code": typed.format(code[:3], code[3:])}
        )

    assert answer.status_code == 303


def test_asvs_6_3_1_a_wrong_code_says_how_many_tries_are_left_and_the_fifth_ends_it(
    server,
):
    with server.browser() as browser:
        browser.post("/sign-in", data={"email": cast.JONAS.email})
        code = shown_code(browser)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        answers = [browser.post(SENT_HERE, data={"code": wrong}) for _ in range(5)]
        late = browser.post(SENT_HERE, data={"code": code})

    assert [answer.status_code for answer in answers] == [422] * 5
    assert "You have 4 tries left." in answers[0].text
    assert "You have one try left." in answers[3].text
    assert "A wrong code was entered five times" in answers[4].text
    assert "A wrong code was entered five times" in late.text
    assert "Send another code" in late.text


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345x", "١٢٣٤٥٦"])
def test_what_is_no_code_costs_no_try(server, typed):
    with server.browser() as browser:
        browser.post("/sign-in", data={"email": cast.MAYA.email})
        answer = browser.post(SENT_HERE, data={"code": typed})

        assert answer.status_code == 422
        assert "A code has six digits." in answer.text
        code = shown_code(browser)
        assert browser.post(SENT_HERE, data={"code": code}).status_code == 303


def test_a_code_is_for_the_browser_that_asked(server):
    with server.browser() as browser, server.browser() as other:
        browser.post("/sign-in", data={"email": cast.ROSA.email})
        code = shown_code(browser)
        other.post("/sign-in", data={"email": cast.ROSA.email})

        assert other.post(SENT_HERE, data={"code": code}).status_code == 422
        assert browser.post(SENT_HERE, data={"code": code}).status_code == 303


def test_a_used_code_and_its_note_are_worth_nothing(server):
    with server.browser() as browser, server.browser() as thief:
        browser.post("/sign-in", data={"email": cast.ROSA.email})
        code, note = shown_code(browser), dict(browser.cookies)
        browser.post(SENT_HERE, data={"code": code})
        thief.cookies.update(note)

        assert thief.post(SENT_HERE, data={"code": code}).status_code == 422


def test_a_tab_that_still_asks_for_a_code_leads_on_once_another_has_signed_in(server):
    with server.browser() as browser:
        browser.post("/sign-in", data={"email": cast.ROSA.email})
        code = shown_code(browser)
        browser.post(SENT_HERE, data={"code": code})
        others = browser.post(SENT_HERE, data={"code": code}), browser.get(SENT_HERE)

    assert [answer.status_code for answer in others] == [303, 303]
    assert [answer.headers["location"] for answer in others] == ["/", "/"]


def test_without_having_asked_there_is_nothing_to_answer(server):
    """A browser that keeps no cookies reads why, instead of being asked again."""
    with server.browser() as browser:
        answers = browser.get(SENT_HERE), browser.post(SENT_HERE, data={"code": "2718"})

    for answer in answers:
        assert answer.status_code == 422
        assert "Request a code first" in answer.text
        assert "your browser blocks cookies" in answer.text


@pytest.mark.parametrize(
    "change", [lambda note: note[:-2] + "xx", lambda note: f"x{note}"]
)
def test_a_note_that_is_not_ours_is_none(server, change):
    with server.browser() as browser:
        browser.post("/sign-in", data={"email": cast.ROSA.email})
        note = browser.cookies["chartroom-code"]
        browser.cookies.clear()
        browser.cookies["chartroom-code"] = change(note)

        assert "Request a code first" in browser.get(SENT_HERE).text


@pytest.mark.parametrize(
    "email", ["", "rosa", "rosa@", "a b@example.org", "a\x00@example.org", "x" * 255]
)
def test_what_is_no_address_is_said_with_an_example(server, email):
    with server.browser() as browser:
        answer = browser.post("/sign-in", data={"email": email})

    assert answer.status_code == 422
    assert "name@example.org" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_signing_in_again_ends_the_sign_in_before(server):
    with server.signed_in(Role.STAFF) as browser:
        before = dict(browser.cookies)
        sign_in(browser, cast.JONAS.email)

        old = httpx.get(f"{server.url}/", cookies=before)
        assert old.status_code == 303
        assert browser.get("/").status_code == 200


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
@pytest.mark.parametrize("path", ["/sign-in", SENT_HERE, "/sign-out"])
def test_another_site_can_sign_nobody_in_or_out(server, path, headers):
    data = {"email": cast.ROSA.email, "code": "271828"}

    answer = httpx.post(
        f"{server.url}{path}", data=data, headers=headers, verify=machine_trust()
    )

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_form_that_the_browser_calls_its_own_is_enough(server):
    """Under `Referrer-Policy: no-referrer` a form's Origin is null."""
    data = {"email": cast.ROSA.email}
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}

    answer = httpx.post(f"{server.url}/sign-in", data=data, headers=headers)

    assert answer.status_code == 303


def test_a_form_that_our_page_would_never_send_is_refused(server):
    email = cast.ROSA.email
    with server.browser() as browser:
        long = browser.post("/sign-in", data={"email": email, "next": "x" * 20_000})
        endless = browser.post("/sign-in", content=iter([b"email=", email.encode()]))

    assert [long.status_code, endless.status_code] == [403] * 2


@pytest.mark.parametrize(
    ("wanted", "given"),
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
        ("/sign-in/code", "/"),
    ],
)
def test_the_way_on_stays_on_this_server(wanted, given):
    assert safe_next(wanted) == given


def test_what_was_asked_for_is_not_put_on_the_page_as_markup(server):
    page = httpx.get(f"{server.url}/sign-in", params={"next": '/"><b>x'})

    assert "<b>" not in page.text
