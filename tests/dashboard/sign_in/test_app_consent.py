"""The page that asks a patient whether an app may read their record."""

import re
from contextlib import closing
from html import unescape
from urllib.parse import quote, unquote
from uuid import uuid4

import httpx
import pytest

from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.people import patient_apps, sessions
from tests.kit import cast
from tests.kit.backend_services import TOKEN_PATH
from tests.kit.patient_apps import CALLBACK, DiaryApp, answer_in, register
from tests.kit.signing_in import sign_in
from tests.services.people.people_samples import desk


@pytest.fixture(scope="module")
def database(server, module_endpoints):
    with closing(Database(module_endpoints)) as opened:
        yield opened


@pytest.fixture
def app(database, server) -> DiaryApp:
    return register(
        database,
        "AllergyIntolerance",
        "Encounter",
        clinic=server.url.replace("127.0.0.1", "localhost"),
    )


@pytest.fixture
def maya(server):
    with server.signed_in(Role.PATIENT) as browser:
        yield browser


def allowing(browser: httpx.Client, app: DiaryApp) -> dict[str, str]:
    """Return the form that the page sends to let the app in."""
    page = browser.get(app.address()).text
    [account_id] = re.findall(r'name="asked" value="([^"]+)"', page)
    return {"decision": "allow", "asked": account_id}


def way_on(answer: httpx.Response) -> str:
    """Return where the page after the buttons leads, by refresh and by link alike."""
    assert "location" not in answer.headers
    [address] = re.findall(r'"refresh" content="0; url=([^"]+)"', answer.text)
    assert f'href="{address}"' in answer.text
    return unescape(address)


def test_asvs_10_7_2_the_page_says_which_app_asks_for_what_and_for_how_long(maya, app):
    page = maya.get(app.address())

    assert page.status_code == 200
    assert "read your record?" in page.text
    assert "Diary" in page.text
    for words in ("your allergies", "your visits", "60 minutes", "diary.example"):
        assert words in page.text
    assert "your documents" not in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


def test_who_allows_it_is_led_back_with_a_code_that_is_worth_a_token(maya, app, server):
    answer = maya.post(app.address(), data=allowing(maya, app))

    assert answer.status_code == 200
    assert way_on(answer).startswith(f"{CALLBACK}?")
    # form-action also applies to redirects of a form's answer: here, to the app's host.
    assert "form-action 'self';" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    led_back = answer_in(way_on(answer))
    assert (led_back["state"], led_back["iss"]) == ("a state", f"{app.clinic}/fhir")
    with server.browser() as elsewhere:
        token = elsewhere.post(TOKEN_PATH, data=app.form(led_back["code"])).json()
    assert token["token_type"] == "Bearer"
    assert led_back["code"] not in server.log.read_text()
    assert token["access_token"] not in server.log.read_text()


@pytest.mark.parametrize("form", [{"decision": "refuse"}, {}, {"decision": "other"}])
def test_who_does_not_allow_it_is_led_back_without_a_code(maya, app, form):
    answer = maya.post(app.address(), data=form)

    led_back = answer_in(way_on(answer))
    assert (led_back["error"], led_back["state"]) == ("access_denied", "a state")
    assert "code" not in led_back


def test_an_app_on_a_phone_is_opened_by_the_form_itself(maya, database, server):
    clinic = server.url.replace("127.0.0.1", "localhost")
    diary = register(database, callback="org.example.diary:/callback", clinic=clinic)

    page = maya.get(diary.address())
    answer = maya.post(diary.address(), data=allowing(maya, diary))

    policy = page.headers["content-security-policy"]
    assert "form-action 'self' org.example.diary:;" in policy
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("org.example.diary:/callback?code=")


@pytest.mark.parametrize("account", [{}, {"asked": ""}, {"asked": str(uuid4())}])
def test_who_signed_in_since_is_asked_before_the_app_is_let_in(maya, app, account):
    # The page is from another tab, and still names who was signed in before.
    answer = maya.post(app.address(), data={"decision": "allow", **account})

    assert (answer.status_code, answer.text.count("read your record?")) == (200, 1)
    assert cast.MAYA.name in answer.text
    assert "location" not in answer.headers
    assert "refresh" not in answer.text


def test_who_is_not_signed_in_signs_in_first_and_comes_back(server, app):
    with server.browser() as browser:
        sent = browser.get(app.address())
        assert sent.status_code == 303
        to_sign_in = sent.headers["location"]
        assert to_sign_in.startswith("/sign-in?next=")
        assert unquote(to_sign_in.partition("next=")[2]) == app.address()
        unsigned = browser.post(app.address(), data={"decision": "allow"})
        assert unsigned.headers["location"].startswith("/sign-in?next=")

        maya = cast.DEMO[Role.PATIENT].email
        entered = sign_in(browser, maya, app.address())

        assert entered.headers["location"] == app.address()
        assert "read your record?" in browser.get(entered.headers["location"]).text


def test_who_was_signed_out_elsewhere_just_now_signs_in_again(
    maya, app, database, server
):
    # The server has just shown the page, and still trusts the sign-in for a moment.
    allows = allowing(maya, app)
    patient = server.cast[Role.PATIENT]
    database.write(
        lambda s: sessions.end_all(s, patient, patient.id),
        identity=patient.database_identity,
    )

    answer = maya.post(app.address(), data=allows)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


def test_what_comes_from_no_page_of_ours_lets_no_app_in(maya, app, server):
    # The gate lets programs pass that send no Origin.
    with httpx.Client(base_url=server.url, cookies=maya.cookies) as program:
        answer = program.post(app.address(), data=allowing(maya, app))

    assert answer.status_code == 403
    assert "location" not in answer.headers


def test_another_site_lets_no_app_in(maya, app):
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}

    answer = maya.post(app.address(), data=allowing(maya, app), headers=foreign)

    assert answer.status_code == 403
    assert "location" not in answer.headers


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_a_colleague_is_told_that_only_patients_let_apps_in(server, app, role):
    allows = {"decision": "allow", "asked": str(server.cast[role].id)}
    with server.signed_in(role) as browser:
        page = browser.get(app.address())
        answer = browser.post(app.address(), data=allows)

    assert page.status_code == 403
    assert "Only patients can let apps in" in page.text
    assert 'value="allow"' not in page.text
    assert (answer.status_code, answer.text.count("Only patients")) == (403, 1)
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "parameters",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": None},
        {"client_id": "0199a0c4-7f3c-7d5e-9c1b-3f6f2d1e8a33"},
        {"state": "s" * 2_000},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_is_led_to_an_address_that_is_not_registered(
    maya, app, parameters, method
):
    answer = maya.request(
        method,
        app.address(**parameters),
        **({"data": allowing(maya, app)} if method == "POST" else {}),
    )

    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "This app cannot be let in" in answer.text


def test_what_is_asked_wrongly_is_told_to_the_app_before_anybody_signs_in(server, app):
    with server.browser() as browser:
        answer = browser.get(app.address(code_challenge_method="plain"))

    led_back = answer_in(answer.headers["location"])
    assert (led_back["error"], led_back["state"]) == ("invalid_request", "a state")


def test_an_app_that_was_removed_asks_nobody(maya, app, database):
    allows = allowing(maya, app)
    database.write(
        lambda s: patient_apps.remove(s, desk(s).actor, app.id), identity=SYSTEM
    )

    answer = maya.post(app.address(), data=allows)

    assert answer.status_code == 400
    assert quote(CALLBACK) not in answer.text
