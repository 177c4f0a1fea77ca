"""The language of an answer: saved, chosen before, preferred by the browser, usual."""

import json
import re
from dataclasses import replace

import httpx
import pytest

from dashboard.web.page_context.page_language import COOKIE, language_of
from services.core.actors import Actor, Role
from tests.kit import cast

GERMAN_FIRST = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def spoken(
    actor: Actor | None = None,
    accepted: str = "",
    chosen: str | None = None,
    usual: str = "en",
) -> str:
    return language_of(actor, accepted=accepted, chosen=chosen, usual=usual)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        pytest.param("de-AT,de;q=0.9,en;q=0.5", "de", id="German first"),
        pytest.param("en;q=0.5, de;q=0.9", "de", id="by weight, not by place"),
        pytest.param("fr-CH, fr;q=0.9, de;q=0.7, en;q=0.8", "en", id="the next known"),
        pytest.param("de;q=0, en", "en", id="not wanted at all"),
        pytest.param("fr", "en", id="none that is known"),
        pytest.param("de;q=much", "en", id="what no browser sends"),
        pytest.param("", "en", id="nothing"),
    ],
)
def test_a_browser_is_answered_in_what_it_likes_best(accepted, language):
    assert spoken(accepted=accepted) == language


def test_what_a_person_keeps_comes_before_all_else():
    maya = cast.act_as_somebody(Role.PATIENT)

    assert spoken(maya, "en", usual="de") == "en"
    assert spoken(maya, "", usual="de") == "de"
    assert spoken(maya, "en", chosen="de") == "de"
    assert spoken(replace(maya, language="de"), "en", chosen="en") == "de"


def test_the_first_page_speaks_the_browsers_language_until_another_is_chosen(server):
    with server.browser() as browser:
        first = browser.get("/sign-in?next=/book", headers=GERMAN_FIRST).text
        link = re.search(r'href="(\?language=en[^"]*)">English<', first)
        assert link
        address = f"/sign-in{link[1].replace('&amp;', '&')}"
        chosen = browser.get(address, headers=GERMAN_FIRST)
        later = browser.get("/sign-in", headers=GERMAN_FIRST).text

    assert '<html lang="de">' in first
    assert "Bei Chartroom anmelden" in first
    assert 'value="/book"' in chosen.text
    assert "HttpOnly" in chosen.headers["set-cookie"]
    assert [page.count('<html lang="en">') for page in (chosen.text, later)] == [1, 1]
    assert "Sign in to Chartroom" in later


def test_a_language_that_there_is_not_is_left_alone(server):
    answer = httpx.get(f"{server.url}/sign-in?language=xx")

    assert '<html lang="en">' in answer.text
    assert COOKIE not in answer.cookies


def test_a_mistake_is_told_in_german(server):
    with server.browser() as browser:
        browser.headers.update(GERMAN_FIRST)
        wrong = browser.post("/sign-in", data={"email": "maya"})
        answer = browser.post("/sign-in", data={"email": cast.ROSA.email})
        code = browser.post(answer.headers["location"], data={"code": "12"})

    assert "Schreiben Sie eine Adresse wie name@example.org." in wrong.text
    assert "Ein Code hat sechs Ziffern. Sehen Sie noch einmal nach." in code.text


def places_of(browser: httpx.Client) -> dict[str, object]:
    page = browser.get("/").text
    data = re.search(r'<script id="chartroom-places"[^>]*>(.*?)</script>', page)
    assert data
    places: dict[str, object] = json.loads(data[1])
    assert f'<html lang="{places["language"]}"' in page
    return places


def test_a_patient_keeps_a_language_in_the_menu(server):
    with server.signed_in(Role.PATIENT) as browser:
        before = places_of(browser)
        answer = browser.post("/session/language", json={"language": "de"})
        after = places_of(browser)
        browser.post("/session/language", json={"language": "en"})

    assert answer.status_code == 204
    assert before["language"] == "en"
    assert before["words"] == {}
    assert before["languages"] == {"en": "English", "de": "Deutsch"}
    assert after["language"] == "de"
    assert after["words"]["Sign out"] == "Abmelden"
    assert after["pages"][0]["title"] == "Meine Akte"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Chartroom needs JavaScript, which is off in this browser."),
        ("de", "Chartroom braucht JavaScript, das in diesem Browser"),
    ],
)
def test_a_browser_without_scripts_shows_a_sentence_to_clinic_staff(
    server, language, sentence
):
    with server.signed_in(Role.STAFF) as browser:
        page = browser.get("/", headers={"Accept-Language": language}).text

    shown = re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)
    assert len(shown) == 1
    assert sentence in shown[0]
    assert "Streamlit" not in shown[0]
    # Until a page has its own title, as while the server is away.
    assert "<title>Chartroom</title>" in page


@pytest.mark.parametrize(
    "body", [b'{"language": "fr"}', b'"de"', b"no JSON", b'{"language": "de"}' * 9]
)
def test_only_what_is_offered_can_be_chosen(server, body):
    with server.signed_in(Role.PATIENT) as browser:
        answer = browser.post("/session/language", content=body)

        assert answer.status_code == 400
        assert answer.text == "Choose one of the languages that are offered."


@pytest.mark.parametrize("role", Role)
def test_everybody_is_offered_both_languages(server, role):
    with server.signed_in(role) as browser:
        assert places_of(browser)["languages"] == {"en": "English", "de": "Deutsch"}
