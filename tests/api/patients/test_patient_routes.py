"""/api/v1/patients: versions, cursors, and reading one's own writes."""

from uuid import uuid4

import pytest

from services.core.actors import Role
from tests.api.conftest import ADA, NEWEST

PATIENTS = "/api/v1/patients"


def _path(patient):
    return f"{PATIENTS}/{patient['uuid']}"


def _problem(response):
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["detail"]
    return problem


def test_a_new_patient_has_a_place_and_a_version(client):
    response = client.post(PATIENTS, ADA)

    assert response.status_code == 201
    assert response.headers["Location"] == _path(response.json())
    assert response.headers["ETag"] == '"1"'
    assert client.get(response.headers["Location"]).json() == response.json()


def test_every_field_comes_back_as_it_was_sent(client):
    sent = {
        "first_name": "Zoë",
        "last_name": "Ångström",
        "date_of_birth": "1990-02-28",
        "sex": "female",
        "email": "zoe@example.org",
        "phone_number": "+491701234567",
        "address": "1 High Street",
        "emergency_contact": "Bo, +491701234568",
        "allergies": [],
        "no_known_allergies": True,
        "medical_history": ["asthma", "appendectomy"],
        "current_medications": ["salbutamol"],
    }

    got = client.post(PATIENTS, sent).json()

    assert {name: got[name] for name in sent} == sent
    assert got["photo"] is None
    assert got["deleted_at"] is None


def test_a_write_is_read_back_at_once_with_its_lsn(client):
    for _ in range(20):
        written = client.post(PATIENTS, ADA)
        lsn = written.headers["X-Chartroom-LSN"]

        read = client.get(written.headers["Location"], headers={"X-Chartroom-LSN": lsn})

        assert read.status_code == 200
        assert read.headers["X-Chartroom-LSN"] == lsn
        assert read.headers["X-Chartroom-Node"]


@pytest.mark.parametrize("lsn", ["0", "x/y", "0/0/0", "FFFFFFFFF/0", "-1/2"])
def test_an_lsn_that_is_none_is_refused(client, lsn):
    response = client.get(PATIENTS, headers={"X-Chartroom-LSN": lsn})

    assert response.status_code == 400
    assert _problem(response)["property"] == "X-Chartroom-LSN"


def test_an_edit_replaces_the_version_it_started_from(client, ada):
    change = ADA | {"last_name": "King", "allergies": []}

    response = client.put(_path(ada), change, headers={"If-Match": '"1"'})

    assert response.status_code == 200
    assert response.headers["ETag"] == '"2"'
    assert response.json()["last_name"] == "King"
    assert response.json()["allergies"] == []


def test_an_edit_without_a_version_is_asked_for_one(client, ada):
    response = client.put(_path(ada), ADA)

    assert response.status_code == 428
    assert "If-Match" in _problem(response)["detail"]


def test_a_stale_edit_is_refused_with_both_versions(client, ada):
    client.put(_path(ada), ADA | {"last_name": "King"}, headers={"If-Match": '"1"'})

    response = client.put(
        _path(ada), ADA | {"last_name": "Byron"}, headers={"If-Match": '"1"'}
    )

    problem = _problem(response)
    assert response.status_code == 412
    assert problem["current"]["last_name"] == "King"
    assert problem["current"]["version"] == 2
    assert problem["typed"]["last_name"] == "Byron"
    assert client.get(_path(ada)).json()["last_name"] == "King"


def test_a_star_edits_whatever_version_there_is(client, ada):
    client.put(_path(ada), ADA, headers={"If-Match": '"1"'})

    response = client.put(_path(ada), ADA, headers={"If-Match": "*"})

    assert response.headers["ETag"] == '"3"'


@pytest.mark.parametrize("tags", ['W/"1"', '"7", "1"', "*"])
def test_a_version_that_is_known_by_one_of_several_tags_is_not_sent(client, ada, tags):
    """Proxies that compress weaken a tag, and caches send all that they have."""
    known = client.get(_path(ada), headers={"If-None-Match": tags})

    assert (known.status_code, known.content) == (304, b"")
    assert client.get(_path(ada), headers={"If-None-Match": '"7"'}).status_code == 200


@pytest.mark.parametrize(
    "tag", ["1", 'W/"1"', '"x"', '"0"', '"1", "2"', '"99999999999"']
)
def test_a_tag_that_is_not_ours_is_refused(client, ada, tag):
    response = client.put(_path(ada), ADA, headers={"If-Match": tag})

    assert response.status_code == 400
    assert _problem(response)["property"] == "If-Match"


def test_what_did_not_change_is_not_sent_again(client, ada):
    response = client.get(_path(ada), headers={"If-None-Match": '"1"'})

    assert response.status_code == 304
    assert response.content == b""
    assert client.get(_path(ada), headers={"If-None-Match": '"2"'}).status_code == 200


def test_an_invalid_edit_names_every_problem(client, ada):
    bad = ADA | {"email": "x", "phone_number": "1"}

    response = client.put(_path(ada), bad, headers={"If-Match": '"1"'})

    problem = _problem(response)
    assert response.status_code == 400
    assert {entry["property"] for entry in problem["problems"]} == {
        "email",
        "phone_number",
    }


def test_an_edit_without_e_mail_and_phone_is_refused_as_a_registration_is(client, ada):
    nobody = {name: ADA[name] for name in ("first_name", "last_name", "date_of_birth")}

    edited = client.put(_path(ada), nobody, headers={"If-Match": '"1"'})
    registered = client.post(PATIENTS, nobody)

    assert edited.status_code == registered.status_code == 400
    assert _problem(edited) == _problem(registered)
    assert _problem(edited)["property"] == "phone_number"
    assert client.get(_path(ada)).json()["email"] == "ada@example.org"


def test_an_edit_replaces_the_whole_record(client, ada):
    change = {name: value for name, value in ADA.items() if name != "allergies"}

    response = client.put(_path(ada), change, headers={"If-Match": '"1"'})

    assert response.json()["allergies"] == []


def test_an_archived_patient_leaves_the_list_and_comes_back(client, ada):
    list_url = f"{PATIENTS}?archived=true&per_page=1000"

    archived = client.delete(_path(ada), headers={"If-Match": '"1"'})
    lsn = {"X-Chartroom-LSN": archived.headers["X-Chartroom-LSN"]}

    assert (archived.status_code, archived.content) == (204, b"")
    listed = client.get(list_url, headers=lsn).json()["patients"]
    assert ada["uuid"] in {patient["uuid"] for patient in listed}
    assert client.get(_path(ada), headers=lsn).json()["deleted_at"]
    restored = client.post(f"{_path(ada)}/restore")
    assert restored.status_code == 200
    assert restored.json()["deleted_at"] is None
    assert restored.headers["ETag"] == '"3"'


def test_archiving_without_a_version_takes_the_current_one(client, ada):
    client.put(_path(ada), ADA, headers={"If-Match": '"1"'})

    assert client.delete(_path(ada)).status_code == 204


def test_archiving_a_stale_version_is_refused(client, ada):
    client.put(_path(ada), ADA, headers={"If-Match": '"1"'})

    response = client.delete(_path(ada), headers={"If-Match": '"1"'})

    assert response.status_code == 412
    assert _problem(response)["current"]["version"] == 2
    assert response.json()["typed"] is None


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nobody_is_found_under_an_unknown_id(client, method):
    response = client.ask(
        method,
        f"{PATIENTS}/{uuid4()}",
        json=ADA if method == "PUT" else None,
        headers={"If-Match": '"1"'},
    )

    assert response.status_code == 404
    _problem(response)


def test_an_id_that_is_none_is_refused(client):
    response = client.get(f"{PATIENTS}/robert'); DROP TABLE patients;--")

    assert response.status_code in {400, 404}
    _problem(response)


def test_pages_follow_each_other_by_cursor(client):
    for letter in "ABCDE":
        client.post(PATIENTS, ADA | {"first_name": "Curt", "last_name": letter * 3})
    query = (
        "0_field=first_name&0_operator=EQUAL&0_value=Curt&orderBy=last_name&per_page=2"
    )

    names, after = [], ""
    while after is not None:
        page = client.get(f"{PATIENTS}?{query}" + (after and f"&after={after}")).json()
        names += [patient["last_name"] for patient in page["patients"]]
        after = page["next"]

    assert names == ["AAA", "BBB", "CCC", "DDD", "EEE"]


def test_who_may_be_registered_already_is_offered(client, ada):
    before = client.post(f"{PATIENTS}/duplicates", ADA).json()["duplicates"]
    other = client.post(PATIENTS, ADA).json()
    after = client.get(f"{_path(other)}/duplicates").json()["duplicates"]

    assert before[0]["score"] >= 60
    assert before[0]["reasons"]
    assert other["uuid"] not in {candidate["patient"]["uuid"] for candidate in after}


def test_duplicates_of_an_invalid_draft_are_not_looked_for(client):
    response = client.post(f"{PATIENTS}/duplicates", ADA | {"first_name": "A\x00da"})

    assert response.status_code == 400


def test_two_records_of_one_person_become_one(client, ada):
    other = client.post(PATIENTS, ADA | {"allergies": ["latex"]}).json()
    merge = {"merged": other["uuid"], "merged_version": 1, "version": 1, "patient": ADA}

    response = client.post(f"{_path(ada)}/merge", merge)

    lsn = {"X-Chartroom-LSN": response.headers["X-Chartroom-LSN"]}
    assert response.status_code == 200
    assert client.get(_path(other), headers=lsn).json()["merged_into"] == ada["uuid"]


def test_a_stale_merge_is_a_conflict(client, ada):
    other = client.post(PATIENTS, ADA).json()
    merge = {"merged": other["uuid"], "merged_version": 1, "version": 7, "patient": ADA}

    response = client.post(f"{_path(ada)}/merge", merge)

    assert response.status_code == 409
    _problem(response)


def test_patients_see_themselves_and_nobody_else(as_role, application, ada):
    patient = as_role(Role.PATIENT)

    assert patient.get(_path(ada)).status_code == 404
    assert patient.get(PATIENTS).status_code == 403


def own_path(application) -> str:
    """Return the address of the calling patient's contact data."""
    patient_id = application.people[Role.PATIENT].patient_id
    return f"/api/v1/patients/{patient_id}/contact"


def test_a_patients_program_corrects_phone_and_address(application, as_role):
    caller, path = as_role(Role.PATIENT), own_path(application)
    before = caller.get(path.removesuffix("/contact"), headers=NEWEST)
    kept = {"email": before.json()["email"], "phone_number": "+441632960777"}

    answer = caller.ask(
        "PUT",
        path,
        json=kept | {"address": "2 New Street"},
        headers={"If-Match": before.headers["ETag"]},
    )

    assert answer.status_code == 200
    assert answer.json()["address"] == "2 New Street"
    assert answer.json()["first_name"] == before.json()["first_name"]
    stale = caller.ask(
        "PUT", path, json=kept, headers={"If-Match": before.headers["ETag"]}
    )
    assert stale.status_code == 412


def test_a_new_address_of_a_patients_own_is_proved_on_a_page(application, as_role):
    answer = as_role(Role.PATIENT).ask(
        "PUT",
        own_path(application),
        json={"email": "new@mail.example"},
        headers={"If-Match": "*"},
    )

    assert answer.status_code == 400
    assert answer.json()["property"] == "email"
    assert "code" in answer.json()["detail"]


def test_a_page_number_is_refused_where_it_would_have_no_effect(client):
    answer = client.get("/api/v1/patients?page=2")

    assert (answer.status_code, answer.json()["property"]) == (400, "page")


@pytest.mark.parametrize("path", ["/api/v1/patients", "/patient-register"])
def test_a_registration_that_is_sent_again_with_its_key_makes_one_patient(client, path):
    headers = {"Idempotency-Key": str(uuid4())}

    first, again = (client.post(path, ADA, headers=headers).json() for _ in range(2))
    other = client.post(path, ADA | {"first_name": "Eve"}, headers=headers)

    assert again == first
    assert other.status_code == 409
