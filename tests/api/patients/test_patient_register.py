"""/patient-register, in the terms its programs were written against."""

import pytest

from services.core.actors import Role
from tests.api.conftest import ADA, NEWEST, Client

POST = "/patient-register"


def test_a_registration_is_answered_in_the_envelope(client):
    response = client.post(POST, ADA)

    assert response.status_code == 200
    body = response.json()
    assert {name: body[name] for name in ("code", "is_success", "message")} == {
        "code": 200,
        "is_success": True,
        "message": "Patient register created successfully",
    }
    assert body["data"]["last_name"] == "Lovelace"
    assert body["data"]["version"] == 1
    assert response.headers["X-Chartroom-LSN"]


@pytest.mark.parametrize(
    "date_of_birth",
    ["1980-01-1998", "1880-01-01", "2026-11-21", "", "yesterday", None, 19800101, []],
)
def test_a_date_of_birth_that_cannot_be_is_refused_by_name(client, date_of_birth):
    response = client.post(POST, ADA | {"date_of_birth": date_of_birth})

    body = response.json()
    assert response.status_code == 400
    assert body["code"] == 400
    assert body["is_success"] is False
    assert body["message"] == "Data validation error"
    assert body["data"]["property"] == "date_of_birth"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"last_name": "L" * 51}, "last_name"),
        ({"first_name": 7}, "first_name"),
        ({"email": "not an address"}, "email"),
        ({"phone_number": "12"}, "phone_number"),
        ({"sex": "robot"}, "sex"),
        ({"allergies": "penicillin"}, "allergies"),
        ({"allergies": [1]}, "allergies.0"),
        ({"no_known_allergies": "yes"}, "no_known_allergies"),
        ({"shoe_size": 43}, "shoe_size"),
        ({"email": None}, "phone_number"),
    ],
)
def test_what_is_wrong_is_named(client, change, named):
    response = client.post(POST, ADA | change)

    assert response.status_code == 400
    assert response.json()["data"]["property"] == named


def test_a_missing_name_is_named(client):
    without = {name: value for name, value in ADA.items() if name != "last_name"}

    response = client.post(POST, without)

    assert response.json()["data"]["property"] == "last_name"


@pytest.mark.parametrize(
    "body", [b"{", b"", b"[]", b"null", b'"x"', b"[" * 100_000, b'{"a": NaN}', b"\xff"]
)
def test_what_is_no_json_object_is_refused_in_the_envelope(client, body):
    headers = {"Content-Type": "application/json"}

    response = client.ask("POST", POST, content=body, headers=headers)

    assert response.status_code == 400
    assert response.json()["is_success"] is False


def test_every_refusal_keeps_the_envelope(client, stranger):
    unknown = stranger.post(POST, ADA)
    method = client.delete(POST)
    media = client.ask("POST", POST, content=b"first_name=Ada")
    long = client.post(POST, ADA | {"address": "x" * 1_000_001})

    answers = [unknown, method, media, long]
    assert [answer.status_code for answer in answers] == [401, 405, 415, 413]
    for answer in answers:
        assert answer.json()["code"] == answer.status_code
        assert answer.json()["is_success"] is False
        assert answer.json()["message"]
    assert unknown.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.fixture(scope="module")
def alphabet(application):
    """Twelve patients named A to L, in addition to those that other tests register.

    Clients that did not register them ask for the newest: a replica may lag.
    """
    client = Client(application.app, application.tokens[Role.STAFF])
    for letter in "ABCDEFGHIJKL":
        client.post(POST, ADA | {"first_name": "Zed", "last_name": f"{letter}zzz"})
    client.close()


LESS = "7_field=first_name&7_operator=EQUAL&7_value=Zed&"


def test_the_list_is_filtered_sorted_and_paged(client, alphabet):
    query = LESS + "3_field=last_name&3_operator=LESS_THAN&3_value=L"

    response = client.get(
        f"{POST}?{query}&orderBy=last_name&order=DESC&page=2&per_page=4",
        headers=NEWEST,
    )

    body = response.json()
    assert response.status_code == 200
    assert body["code"] == 200
    assert body["is_success"] is True
    assert [patient["last_name"][0] for patient in body["data"]] == list("GFED")
    assert (body["total"], body["total_is_exact"]) == (11, True)
    assert (body["page"], body["per_page"]) == (2, 4)


def test_ten_patients_make_a_page_by_default(client, alphabet):
    body = client.get(f"{POST}?{LESS[:-1]}", headers=NEWEST).json()

    assert len(body["data"]) == body["per_page"] == 10
    assert (body["page"], body["total"]) == (1, 12)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("0_field=shoe_size&0_operator=EQUAL&0_value=1", "0_field"),
        ("5_field=last_name&5_operator=LIKES&5_value=1", "5_operator"),
        ("0_field=last_name&0_operator=EQUAL", "0_value"),
        ("0_field=date_of_birth&0_operator=EQUAL&0_value=x", "0_value"),
        ("per_page=1001", "per_page"),
        ("per_page=0", "per_page"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("orderBy=shoe_size", "shoe_size"),
        ("orderBy=last_name&order=UP", "order"),
        ("order=DESC", "order"),
        ("lastname=Doe", "lastname"),
    ],
)
def test_a_wrong_question_is_refused_by_name(client, query, named):
    response = client.get(f"{POST}?{query}")

    assert response.status_code == 400
    assert response.json()["message"] == "Data validation error"
    assert response.json()["data"]["property"] == named


def test_a_thousand_per_page_is_the_most(client):
    assert client.get(f"{POST}?per_page=1000").status_code == 200


@pytest.mark.parametrize(
    "value", ["%00", "%ED%A0%80", "%27%3B--", "%25", "_", "%5C", "%F0%9F%98%80"]
)
def test_odd_characters_are_looked_for_like_any_other(client, value):
    query = f"0_field=last_name&0_operator=CONTAINS&0_value=a{value}"

    assert client.get(f"{POST}?{query}").status_code in {200, 400}
