"""One search for patients, documents and doctors: what is found, and for whom."""

import pytest

from services.core.actors import Role
from tests.api.conftest import ADA

SEARCH = "/api/v1/search"
NOTHING = {
    "patients": [],
    "similar": False,
    "total": None,
    "total_is_exact": None,
    "documents": [],
    "doctors": [],
    "advice": None,
}


def search(client, typed, **options):
    answer = client.post(SEARCH, {"search": typed, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_patient_is_found_by_name_and_by_number(client, ada):
    number = f"{ada['record_number'][:3]}-{ada['record_number'][3:]}"
    shown = {
        "uuid": ada["uuid"],
        "name": "Lovelace, Ada",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "date_of_birth": ada["date_of_birth"],
        "record_number": ada["record_number"],
    }

    assert shown in search(client, "lovel", most=30)["patients"]
    assert search(client, number.lower())["patients"] == [shown]


def test_one_who_only_sounds_so_is_found_where_nobody_else_is(client, ada):
    answer = search(client, "lavlace", most=30, total=True)

    assert ada["uuid"] in [patient["uuid"] for patient in answer["patients"]]
    assert (answer["similar"], answer["total"]) == (True, 0)


def test_the_first_few_say_of_how_many_they_are(client):
    for first_name in ("Ada", "Byron", "Ralph"):
        named = ADA | {"first_name": first_name, "last_name": "Quillfeather"}
        client.post("/api/v1/patients", named)

    answer = search(client, "quillfeather", kinds=["patients"], most=2, total=True)

    assert len(answer["patients"]) == 2
    assert (answer["total"], answer["total_is_exact"]) == (3, True)
    assert answer["documents"] == answer["doctors"] == []


@pytest.mark.parametrize("most", [0, 31, "6"])
def test_no_more_patients_are_shown_than_a_picker_may_ask_for(client, most):
    answer = client.post(SEARCH, {"search": "ada", "most": most})

    assert answer.status_code == 400
    assert "most" in answer.text


def test_a_mistyped_number_is_advised_about_and_the_rest_is_found(client, ada):
    number = ada["record_number"]
    wrong = f"{number[:5]}{'A' if number[5] != 'A' else 'B'}"

    answer = search(client, wrong)

    assert "mistyped" in answer["advice"]
    assert answer["patients"] == []


@pytest.mark.parametrize("typed", ["", " ", "l"])
@pytest.mark.usefixtures("ada")
def test_less_than_two_characters_find_nothing(client, typed):
    assert search(client, typed) == NOTHING


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN, Role.PATIENT])
@pytest.mark.usefixtures("ada")
def test_who_sees_no_names_finds_no_patient(as_role, role):
    for typed in ("lovelace", "ada 1980-05-17", "47T-XZF"):
        assert search(as_role(role), typed)["patients"] == []


def test_a_clinician_finds_none_but_who_they_treat(as_role, ada):
    stranger = as_role(Role.CLINICIAN)

    assert ada["uuid"] not in str(search(stranger, "lovelace"))


def test_another_sites_page_finds_nothing(client):
    elsewhere = {"Origin": "https://elsewhere.example"}
    answer = client.post(SEARCH, {"search": "ada"}, headers=elsewhere)

    assert answer.status_code == 403
