"""Resources read one by one, and how unreadable ones are refused."""

import pytest

from services.core.actors import Role
from tests.api.document_samples import upload
from tests.api.fhir.conftest import actions_about, ids_of, program

JSON = "application/fhir+json"


def _code(answer):
    assert answer.headers["content-type"] == JSON
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    [issue] = outcome["issue"]
    assert issue["diagnostics"] == issue["details"]["text"] != ""
    return issue["code"]


def test_a_patient_is_read_with_version_and_moment(client, ada):
    answer = client.get(f"/fhir/Patient/{ada['uuid']}")

    assert answer.headers["content-type"] == JSON
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"].endswith(" GMT")
    assert answer.json()["name"] == [{"family": "Lovelace", "given": ["Ada"]}]


def test_what_the_client_has_is_not_sent_again(client, ada):
    path = f"/fhir/Patient/{ada['uuid']}"

    known = client.get(path, headers={"If-None-Match": 'W/"1"'})
    stale = client.get(path, headers={"If-None-Match": 'W/"2"'})

    assert (known.status_code, known.content) == (304, b"")
    assert stale.status_code == 200


def test_a_program_reads_what_it_has_just_written(client, ada):
    body = {name: ada[name] for name in ("first_name", "last_name", "email")}
    body |= {"date_of_birth": ada["date_of_birth"], "address": "1 Quay Street"}
    client.put(f"/api/v1/patients/{ada['uuid']}", body, headers={"If-Match": '"1"'})

    answer = client.get(f"/fhir/Patient/{ada['uuid']}")

    assert answer.json()["address"] == [{"text": "1 Quay Street"}]
    assert answer.headers["etag"] == 'W/"2"'


def test_an_allergy_is_read_by_the_id_that_a_search_tells(client, ada):
    bundle = client.get(f"/fhir/AllergyIntolerance?patient=Patient/{ada['uuid']}")
    [id_] = ids_of(bundle.json())

    answer = client.get(f"/fhir/AllergyIntolerance/{id_}")

    assert answer.json()["code"] == {"text": "Penicillin V"}
    assert client.get(f"/fhir/AllergyIntolerance/{id_}0").status_code == 404


def test_the_file_of_a_document_comes_whole_and_in_parts(client, paper):
    resource = client.get(f"/fhir/DocumentReference/{paper['id']}").json()
    attachment = resource["content"][0]["attachment"]
    path = f"/fhir/{attachment['url']}"

    whole = client.get(path)
    part = client.get(path, headers={"Range": "bytes=0-3"})
    known = client.get(path, headers={"If-None-Match": whole.headers["etag"]})

    assert whole.content == client.get(f"/api/documents/{paper['id']}").content
    assert len(whole.content) == attachment["size"]
    assert whole.headers["content-type"] == "application/pdf"
    assert (part.status_code, part.content) == (206, b"%PDF")
    assert known.status_code == 304
    beyond = client.get(path, headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, _code(beyond)) == (416, "invalid")
    as_json = client.get(path, headers={"Accept": JSON})
    assert (as_json.status_code, _code(as_json)) == (406, "not-supported")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/fhir/Patient/nobody", 404, "not-found"),
        ("GET", "/fhir/Patient/00000000-0000-0000-0000-000000000009", 404, "not-found"),
        ("GET", "/fhir/Practitioner/x", 404, "not-found"),
        ("GET", "/fhir/DocumentReference/x", 404, "not-found"),
        ("GET", "/fhir/Binary/x", 404, "not-found"),
        ("GET", "/fhir/AllergyIntolerance/x.1", 404, "not-found"),
        ("GET", "/fhir/MedicationRequest/x.1", 404, "not-found"),
        ("GET", "/fhir/Encounter/x", 404, "not-found"),
        ("GET", "/fhir/Schedule/x", 404, "not-found"),
        ("GET", "/fhir/Slot/x", 404, "not-found"),
        ("GET", "/fhir/Medication", 404, "not-found"),
        ("GET", "/fhir", 405, "not-supported"),
        ("DELETE", "/fhir/Patient", 405, "not-supported"),
        ("PUT", "/fhir/Patient/x", 405, "not-supported"),
        ("GET", "/fhir/Patient/a_b", 404, "not-found"),
        ("GET", f"/fhir/Patient/{'x' * 65}", 404, "not-found"),
        ("GET", "/fhir/Patient/$nope/_history", 404, "not-found"),
        ("GET", "/fhir/Nothing/1", 404, "not-found"),
        ("GET", "/fhir/Patient?_format=xml", 406, "not-supported"),
        ("GET", "/fhir/metadata?_format=xml", 406, "not-supported"),
        ("GET", "/fhir/Patient?name:exact=Ada", 400, "invalid"),
        ("POST", "/fhir/Patient/_search?color=red", 400, "invalid"),
    ],
)
def test_a_refusal_is_an_operation_outcome(client, method, path, status, code):
    answer = client.ask(method, path)

    assert (answer.status_code, _code(answer)) == (status, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fhir/Patient"),
        ("GET", "/fhir/Patient/$nope"),
        ("GET", "/fhir/Appointment/$hold"),
        ("DELETE", "/fhir/Patient"),
        ("GET", "/fhir/Nothing/1"),
    ],
)
def test_without_a_token_an_outcome_says_so(stranger, method, path):
    answer = stranger.ask(method, path)

    assert (answer.status_code, _code(answer)) == (401, "login")
    assert answer.headers["www-authenticate"] == 'Bearer realm="Chartroom"'


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/fhir/auth/token", "POST"),
        ("POST", "/fhir/metadata", "GET, HEAD"),
        ("DELETE", "/fhir/.well-known/smart-configuration", "GET, HEAD"),
    ],
)
def test_what_needs_no_token_tells_its_methods_without_one(
    stranger, method, path, allowed
):
    answer = stranger.ask(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/Patient/", 200),
        ("HEAD", "/fhir/Patient/", 200),
        ("GET", "/fhir/Patient/?_count=1", 200),
        ("GET", "/fhir/metadata/", 200),
        ("POST", "/fhir/Patient/_search/", 200),
        ("POST", "/fhir/", 415),
        ("DELETE", "/fhir/Patient/", 405),
        ("GET", "/fhir/Patient//", 404),
        ("GET", "/api/v1/patients/", 404),
    ],
)
def test_one_trailing_slash_changes_nothing(client, method, path, status):
    assert client.ask(method, path).status_code == status


@pytest.mark.parametrize(
    "format_",
    [
        "json",
        "application/fhir+json",
        "application/fhir json",
        "application/fhir json; fhirVersion=4.0",
        "text/json",
    ],
)
def test_json_is_asked_for_by_any_of_its_names(client, format_):
    answer = client.get("/fhir/Patient", params={"_format": format_})

    assert answer.status_code == 200


def test_whoever_asks_for_pretty_json_is_answered(client, ada):
    patient = f"/fhir/Patient/{ada['uuid']}"
    addresses = ("/fhir/Patient", patient, f"{patient}/_history", f"{patient}/$summary")

    answers = [client.get(address, params={"_pretty": "true"}) for address in addresses]
    sent = client.post("/fhir/Patient/_search", data={"_pretty": "true"})

    assert [answer.status_code for answer in (*answers, sent)] == [200] * 5
    assert "_pretty" not in sent.json()["link"][0]["url"]


def test_accept_names_what_the_client_reads(client):
    xml = client.get("/fhir/Patient", headers={"Accept": "application/fhir+xml"})
    either = client.get(
        "/fhir/Patient", headers={"Accept": "application/fhir+xml, */*;q=0.1"}
    )

    assert (xml.status_code, either.status_code) == (406, 200)
    assert xml.json()["issue"][0]["diagnostics"] == f"This is served only as {JSON}."


@pytest.mark.parametrize(
    ("accepted", "status"),
    [
        ("", 200),
        (f"{JSON}; fhirVersion=4.0", 200),
        (f"{JSON}; fhirVersion=3.0", 406),
        (f"{JSON};q=0", 406),
        (f"{JSON}; q=0.000, text/html", 406),
        (f"text/html, {JSON};q=0.1", 200),
    ],
)
def test_what_is_accepted_says_also_which_version_and_what_is_not(
    client, accepted, status
):
    answer = client.get("/fhir/Patient", headers={"Accept": accepted})

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("format_", "accepted", "status"), [("xml", JSON, 406), ("json", "text/xml", 200)]
)
def test_a_form_may_say_the_format(client, format_, accepted, status):
    answer = client.ask(
        "POST",
        "/fhir/Patient/_search",
        data={"_format": format_, "_count": "1"},
        headers={"Accept": accepted},
    )

    assert answer.status_code == status


def test_a_token_without_the_scope_is_refused_and_told_so(application, ada):
    reader = program(application, Role.STAFF, "doctors:read")

    answer = reader.get(f"/fhir/Patient/{ada['uuid']}")

    assert (answer.status_code, _code(answer)) == (403, "forbidden")
    assert reader.get("/fhir/Practitioner").status_code == 200
    reader.close()


def test_who_is_not_treated_here_does_not_exist_for_a_clinician(as_role, ada, paper):
    clinician = as_role(Role.CLINICIAN)
    path = f"/fhir/AllergyIntolerance?patient={ada['uuid']}"

    assert clinician.get(f"/fhir/Patient/{ada['uuid']}").status_code == 404
    assert clinician.get(path).status_code == 404
    bundle = clinician.get("/fhir/Patient", params={"_id": ada["uuid"]}).json()
    assert (bundle["total"], ids_of(bundle)) == (0, [])
    assert clinician.get(f"/fhir/DocumentReference/{paper['id']}").status_code == 404
    assert clinician.get(f"/fhir/Binary/{paper['id']}.1").status_code == 404


def test_patients_read_their_own_record_and_no_other(application, as_role, ada):
    patient, own = as_role(Role.PATIENT), application.people[Role.PATIENT].patient_id

    assert patient.get(f"/fhir/Patient/{own}").status_code == 200
    assert patient.get(f"/fhir/Patient/{ada['uuid']}").status_code == 404
    documents = "/fhir/DocumentReference?patient="
    filed = upload(patient).json()["document"]["id"]
    assert filed in ids_of(patient.get(f"{documents}{own}").json())
    assert ids_of(patient.get(f"{documents}{ada['uuid']}").json()) == []


def test_analysts_find_patients_without_anything_that_names_them(as_role, ada):
    analyst = as_role(Role.ANALYST)

    bundle = analyst.get("/fhir/Patient").json()

    resource = next(
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["birthDate"] == "1980"
    )
    assert ada["uuid"] not in str(bundle)
    assert set(resource) == {
        "resourceType",
        "id",
        "meta",
        "active",
        "gender",
        "birthDate",
    }
    assert resource["birthDate"] == "1980"
    for search in (
        f"_id={ada['uuid']}",
        "name=Ada",
        "birthdate=1980",
        f"identifier={ada['record_number']}",
    ):
        assert analyst.get(f"/fhir/Patient?{search}").status_code == 403
    assert analyst.get(f"/fhir/Patient/{ada['uuid']}").status_code == 403


def test_who_read_a_patient_by_fhir_is_in_the_audit_log(application, client, ada):
    client.get(f"/fhir/Patient/{ada['uuid']}")

    assert actions_about(application, ada["uuid"]).count("patient:read") == 1
