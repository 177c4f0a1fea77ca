"""Patients registered by FHIR: created once, by the rules of registration."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from services.core.actors import Role, Scope
from tests.api.conftest import ADA, Client
from tests.api.fhir.conftest import actions_about, ids_of, program
from tests.api.fhir.oracles import validate
from tests.kit import cast

RACERS = 8


@pytest.fixture
def newcomer() -> dict[str, Any]:
    """A Patient whom nobody could take for another."""
    draft = cast.invent_patient()
    number = str(uuid4().int)[:10]
    return {
        "resourceType": "Patient",
        "active": True,
        "name": [{"family": draft.last_name, "given": [draft.first_name, "B."]}],
        "telecom": [
            {"system": "email", "value": draft.email},
            {"system": "phone", "value": f"+44 {number}", "use": "home"},
        ],
        "gender": "female",
        "birthDate": str(draft.date_of_birth),
        "address": [{"line": ["1 Quay Street"], "city": "Hull", "country": "GB"}],
        "contact": [
            {
                "name": {"text": "Sam Roe"},
                "telecom": [{"system": "phone", "value": "01632 960124"}],
            }
        ],
    }


def _create(client: Client, patient: Any, **headers: str):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent.setdefault("Content-Type", "application/fhir+json")
    return client.post("/fhir/Patient", patient, headers=sent)


def _sought(patient: dict[str, Any]) -> str:
    family = patient["name"][0]["family"]
    return f"family={family}&birthdate={patient['birthDate']}"


def _issues(answer, status: int = 400) -> list[dict[str, Any]]:
    assert answer.status_code == status, answer.text
    validate(answer.json())
    issues: list[dict[str, Any]] = answer.json()["issue"]
    return issues


def test_a_patient_is_registered_with_what_was_sent(client, newcomer):
    answer = _create(client, newcomer)

    assert answer.status_code == 201, answer.text
    made = answer.json()
    validate(made)
    assert answer.headers["ETag"] == 'W/"1"'
    version = answer.headers["Location"].partition("/fhir/")[2]
    assert version == f"Patient/{made['id']}/_history/1"
    assert client.get(f"/fhir/{version}").json() == made
    assert client.get(f"/fhir/Patient/{made['id']}").json() == made
    [name] = newcomer["name"]
    assert made["name"] == [name | {"given": [" ".join(name["given"])]}]
    assert {contact["value"] for contact in made["telecom"]} == {
        newcomer["telecom"][0]["value"],
        newcomer["telecom"][1]["value"].replace(" ", ""),
    }
    assert (made["gender"], made["birthDate"]) == ("female", newcomer["birthDate"])
    assert made["address"] == [{"text": "1 Quay Street, Hull, GB"}]
    assert made["contact"][0]["name"] == {"text": "Sam Roe 01632 960124"}
    assert made["identifier"][0]["system"] == "urn:chartroom:record-number"


def test_who_is_there_already_is_answered_and_not_created_again(client, newcomer):
    first = _create(client, newcomer, If_None_Exist=_sought(newcomer))
    again = _create(client, newcomer, If_None_Exist=f"Patient?{_sought(newcomer)}")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    for header in ("Location", "ETag"):
        assert again.headers[header] == first.headers[header]


def test_who_is_there_is_found_by_the_record_number(client, newcomer, ada):
    number = ada["record_number"]
    sought = f"identifier=urn:chartroom:record-number|{number}"

    answer = _create(client, newcomer, If_None_Exist=sought)

    assert (answer.status_code, answer.json()["id"]) == (200, ada["uuid"])


def test_where_several_are_found_nothing_is_created(client, newcomer):
    for number in range(2):
        twin = newcomer | {
            "telecom": [{"system": "email", "value": f"{number}{uuid4().hex}@a.org"}]
        }
        assert _create(client, twin).status_code == 201
    third = newcomer | {"birthDate": "1990-01-01"}

    sought = f"family={newcomer['name'][0]['family']}"
    [issue] = _issues(_create(client, third, If_None_Exist=sought), 412)

    assert issue["code"] == "multiple-matches"
    assert "more than one" in issue["diagnostics"]
    bundle = client.get(f"/fhir/Patient?{sought}").json()
    assert bundle["total"] == 2


@pytest.mark.parametrize(
    "sought",
    [
        "",
        "_count=5",
        "family=%20",
        "color=red",
        "birthdate=soon",
        "_sort=family&family=x",
        "identifier=urn:chartroom:source:fhir|",
    ],
)
def test_what_nobody_could_look_for_is_refused_and_creates_nothing(
    client, newcomer, sought
):
    _issues(_create(client, newcomer, If_None_Exist=sought))

    assert ids_of(client.get(f"/fhir/Patient?{_sought(newcomer)}").json()) == []


def test_a_condition_without_a_value_takes_nobody_else_for_the_patient(
    client, newcomer
):
    born = f"birthdate={newcomer['birthDate']}"
    client.post("/api/v1/patients", ADA | {"date_of_birth": newcomer["birthDate"]})

    [issue] = _issues(_create(client, newcomer, If_None_Exist=f"family=&{born}"))

    assert '"family"' in issue["diagnostics"]
    assert ids_of(client.get(f"/fhir/Patient?{_sought(newcomer)}").json()) == []


@pytest.mark.parametrize("prefer", ["handling=strict", "handling=lenient"])
def test_a_condition_in_the_address_is_refused_and_creates_nobody(
    client, newcomer, prefer
):
    path = f"/fhir/Patient?{_sought(newcomer)}"

    [issue] = _issues(client.post(path, newcomer, headers={"Prefer": prefer}))

    assert "If-None-Exist" in issue["diagnostics"]
    assert newcomer["name"][0]["family"] not in issue["diagnostics"]
    assert ids_of(client.get(path).json()) == []


def test_how_it_is_answered_may_stand_in_the_address_of_what_creates(client, newcomer):
    assert client.post("/fhir/Patient?_format=json", newcomer).status_code == 201


def test_of_many_who_send_the_same_patient_at_once_one_creates_it(as_role, newcomer):
    clients = [as_role(Role.STAFF) for _ in range(RACERS)]

    with ThreadPoolExecutor(RACERS) as racing:
        answers = list(
            racing.map(
                lambda racer: _create(racer, newcomer, If_None_Exist=_sought(newcomer)),
                clients,
            )
        )

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_request_that_is_sent_again_with_its_key_creates_nobody_else(
    client, newcomer
):
    key = uuid4().hex

    first = _create(client, newcomer, Idempotency_Key=key)
    again = _create(client, newcomer, Idempotency_Key=key)
    other = _create(client, newcomer | {"birthDate": "1980-01-01"}, Idempotency_Key=key)

    assert again.json()["id"] == first.json()["id"]
    _issues(other, 409)


def test_likely_doubles_are_warnings_in_the_outcome(client, newcomer):
    first = _create(client, newcomer).json()
    double = newcomer | {
        "telecom": [{"system": "phone", "value": newcomer["telecom"][1]["value"]}]
    }

    answer = _create(client, double, Prefer="return=OperationOutcome")

    done, warning = _issues(answer, 201)
    assert done["severity"] == "information"
    assert (warning["severity"], warning["code"]) == ("warning", "duplicate")
    assert f"Patient/{first['id']}" in warning["diagnostics"]
    assert newcomer["name"][0]["family"] not in answer.text


def test_a_body_is_left_out_where_none_is_wanted(client, newcomer):
    answer = _create(client, newcomer, Prefer="return=minimal")

    assert (answer.status_code, answer.content) == (201, b"")
    assert re.search(r"/fhir/Patient/[0-9a-f-]{36}", answer.headers["Location"])


@pytest.mark.parametrize(
    ("broken", "elements"),
    [
        ({"birthDate": "1850-01-01"}, ["Patient.birthDate"]),
        ({"birthDate": "1981"}, ["Patient.birthDate"]),
        ({"gender": "divers"}, ["Patient.gender"]),
        ({"name": [{"family": "Roe"}]}, ["Patient.name[0].given"]),
        (
            {"name": [{"given": ["x" * 51]}]},
            ["Patient.name[0].given", "Patient.name[0].family"],
        ),
        ({"telecom": [{"system": "fax", "value": "1"}]}, ["Patient.telecom[0]"]),
        ({"telecom": [{"system": "email", "value": "x"}]}, ["Patient.telecom[0]"]),
        ({"address": [{"text": "x" * 101}]}, ["Patient.address[0]"]),
        ({"contact": [{"name": {"text": "x" * 51}}]}, ["Patient.contact[0]"]),
        ({"active": False}, ["Patient.active"]),
        ({"active": "yes"}, ["Patient.active"]),
        ({"birthDate": "1980-05-17T10:00:00Z"}, ["Patient.birthDate"]),
        ({"birthDate": "19800517"}, ["Patient.birthDate"]),
        ({"deceasedBoolean": True}, ["Patient.deceasedBoolean"]),
        ({"name": "Roe"}, ["Patient.name"]),
        ({"name": [{"given": [None]}]}, ["Patient.name[0].given[0]"]),
        ({"photo": [{}]}, ["Patient.photo"]),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_element(
    client, newcomer, broken, elements
):
    issues = _issues(_create(client, newcomer | broken))

    assert [issue["expression"] for issue in issues] == [
        [element] for element in elements
    ]
    assert {issue["severity"] for issue in issues} == {"error"}


def test_all_problems_of_a_patient_are_told_at_once(client, newcomer):
    del newcomer["telecom"], newcomer["birthDate"]

    issues = _issues(_create(client, newcomer))

    named = {issue["expression"][0] for issue in issues}
    assert named == {"Patient.birthDate", "Patient.telecom"}


def test_a_second_of_what_a_record_has_once_is_refused_or_passed_over(client, newcomer):
    name, phone = newcomer["name"], newcomer["telecom"][1]
    address = newcomer["address"]
    more = newcomer | {
        "name": [*name, {"use": "maiden", "family": "Roe", "given": ["Ann"]}],
        "telecom": [*newcomer["telecom"], phone | {"value": "01632 960125"}],
        "address": [*address, {"text": "2 Quay Street"}],
    }

    strict = _issues(_create(client, more))
    made = _create(client, more, Prefer="handling=lenient").json()

    assert {issue["expression"][0] for issue in strict} == {
        "Patient.name[1]",
        "Patient.telecom[2]",
        "Patient.address[1]",
    }
    assert made["name"][0]["family"] == name[0]["family"]
    assert made["address"] == [{"text": "1 Quay Street, Hull, GB"}]
    assert len(made["telecom"]) == 2


def test_what_is_not_kept_is_passed_over_for_who_is_lenient(client, newcomer):
    more = newcomer | {
        "maritalStatus": {"text": "x"},
        "identifier": [{"value": "1"}],
        "contained": [{"resourceType": "Nothing"}],
    }
    lenient = "handling=lenient, return=OperationOutcome"

    strict = _issues(_create(client, more))
    _, *passed = _issues(_create(client, more, Prefer=lenient), 201)

    unknown = {"Patient.maritalStatus", "Patient.identifier", "Patient.contained"}
    assert {issue["expression"][0] for issue in strict} == unknown
    assert {issue["expression"][0] for issue in passed} == unknown
    assert {issue["severity"] for issue in passed} == {"warning"}


_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
MODIFIERS = {
    # The patient has died, at an unknown time.
    "Patient._deceasedDateTime": {
        "_deceasedDateTime": {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}
    },
    "Patient.implicitRules": {"implicitRules": "http://example.org/rules"},
    "Patient.modifierExtension": {"modifierExtension": [{"url": "urn:x"}]},
    "Patient.deceasedDateTime": {"deceasedDateTime": "2020-01-01"},
    "Patient.deceasedBoolean": {"deceasedBoolean": True},
    "Patient.link": {"link": [{"other": {"reference": "Patient/1"}, "type": "refer"}]},
    "Patient.meta.security": {"meta": {"security": [{"code": "R"}]}},
    "Patient.contact[0].modifierExtension": {
        "contact": [{"name": {"text": "x"}, "modifierExtension": [{"url": "urn:x"}]}]
    },
}


@pytest.mark.parametrize("element", MODIFIERS)
@pytest.mark.parametrize("prefer", ["handling=strict", "handling=lenient"])
def test_what_changes_the_meaning_of_the_rest_is_passed_over_for_nobody(
    client, newcomer, element, prefer
):
    sent = newcomer | MODIFIERS[element]

    [issue] = _issues(_create(client, sent, Prefer=prefer))

    assert issue["expression"] == [element]
    assert ids_of(client.get(f"/fhir/Patient?{_sought(newcomer)}").json()) == []


def test_what_says_that_somebody_lives_is_understood(client, newcomer):
    sent = newcomer | {
        "deceasedBoolean": False,
        "meta": {"profile": ["urn:x"], "tag": [{"code": "HTEST"}], "versionId": "7"},
    }

    made = _create(client, sent)

    assert (made.status_code, made.json()["meta"]["versionId"]) == (201, "1")


def _with_old(newcomer: dict[str, Any]) -> dict[str, Any]:
    """Return the Patient with an old name, numbers and address, each listed first."""
    [name], [address] = newcomer["name"], newcomer["address"]
    email, phone = newcomer["telecom"]
    old = {"use": "old"}
    return newcomer | {
        "name": [{"use": "maiden", "family": "Before", "given": ["Ann"]}, name],
        "telecom": [
            phone | old | {"value": "01632 960125"},
            email | old | {"value": f"{uuid4().hex}@example.org"},
            phone | {"rank": 2, "value": "01632 960126"},
            phone | {"rank": 1},
            email,
        ],
        "address": [{"use": "old", "text": "9 Hill Street"}, address],
    }


def test_what_is_of_before_is_not_taken_for_what_is_of_today(client, newcomer):
    sent = _with_old(newcomer)

    strict = _issues(_create(client, sent))
    made = _create(client, sent, Prefer="handling=lenient").json()

    assert {issue["expression"][0] for issue in strict} == {
        "Patient.name[0]",
        "Patient.address[0]",
        "Patient.telecom[0]",
        "Patient.telecom[1]",
        "Patient.telecom[2]",
    }
    assert made["name"][0]["family"] == newcomer["name"][0]["family"]
    assert made["address"] == [{"text": "1 Quay Street, Hull, GB"}]
    assert {contact["value"] for contact in made["telecom"]} == {
        newcomer["telecom"][0]["value"],
        newcomer["telecom"][1]["value"].replace(" ", ""),
    }


def test_a_number_of_before_of_the_contact_is_lost_to_nobody_without_a_word(
    client, newcomer
):
    contact = {
        "name": {"text": "Ann Roe"},
        "telecom": [{"system": "phone", "value": "01632 960127", "use": "old"}],
    }

    [issue] = _issues(_create(client, newcomer | {"contact": [contact]}))

    assert issue["expression"] == ["Patient.contact[0].telecom[0]"]


def _contact(name: str, *roles: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/v2-0131"
    codings = [{"system": system, "code": role} for role in roles]
    relationship = {"relationship": [{"coding": codings}]} if roles else {}
    return relationship | {"name": {"text": name}}


@pytest.mark.parametrize(
    ("contacts", "kept"),
    [
        ([_contact("Ann Roe", "N"), _contact("Sam Roe", "C")], "Sam Roe"),
        ([_contact("Health Insurance", "I"), _contact("Sam Roe")], "Sam Roe"),
        ([_contact("Sam Roe", "N"), _contact("Ann Roe", "N")], "Sam Roe"),
        ([_contact("Sam Roe", "E", "C")], "Sam Roe"),
        ([_contact("Health Insurance", "I"), _contact("Works", "E")], None),
    ],
)
def test_nobody_else_is_taken_for_the_emergency_contact(
    client, newcomer, contacts, kept
):
    sent = newcomer | {"contact": contacts}
    lost = [
        f"Patient.contact[{number}]"
        for number, contact in enumerate(contacts)
        if contact["name"]["text"] != kept
    ]

    if lost:
        issues = _issues(_create(client, sent))
        assert [issue["expression"][0] for issue in issues] == lost
    made = _create(client, sent, Prefer="handling=lenient").json()

    names = [contact["name"]["text"] for contact in made.get("contact", ())]
    assert names == ([kept] if kept else [])


def test_who_has_no_name_but_one_of_before_is_not_registered_by_it(client, newcomer):
    [name] = newcomer["name"]
    sent = newcomer | {"name": [name | {"use": "old"}]}

    issues = _issues(_create(client, sent, Prefer="handling=lenient"))

    assert {issue["expression"][0] for issue in issues} == {
        "Patient.name[0].given",
        "Patient.name[0].family",
    }


def test_a_problem_is_told_of_the_name_that_was_taken(client, newcomer):
    sent = _with_old(newcomer)
    sent["name"][1] = {"family": "Roe", "given": ["x" * 51]}

    [issue] = _issues(_create(client, sent, Prefer="handling=lenient"))

    assert issue["expression"] == ["Patient.name[1].given"]


@pytest.mark.parametrize("sent", [[], "x", 1, {}, {"resourceType": "Person"}])
def test_what_is_no_patient_is_refused(client, sent):
    _issues(_create(client, sent))


def test_another_format_than_json_is_refused(client, newcomer):
    _issues(_create(client, newcomer, Content_Type="application/fhir+xml"), 415)
    later = "application/fhir+json; fhirVersion=5.0"
    _issues(_create(client, newcomer, Content_Type=later), 415)
    headers = {"Content-Type": "application/fhir+json"}
    _issues(client.ask("POST", "/fhir/Patient", content=b"{", headers=headers))


def test_a_token_needs_the_scope_to_write_and_to_look(application, newcomer):
    writer = program(application, Role.STAFF, Scope.WRITE_PATIENTS)
    reader = program(application, Role.STAFF, Scope.READ_PATIENTS)

    _issues(_create(reader, newcomer, If_None_Exist=_sought(newcomer)), 403)
    _issues(_create(writer, newcomer, If_None_Exist=_sought(newcomer)), 403)
    assert _create(writer, newcomer).status_code == 201


def test_a_registration_is_in_the_log_as_any_other(application, client, newcomer):
    made = _create(client, newcomer).json()

    assert actions_about(application, made["id"]) == ["patient:register"]


def test_somebody_elses_key_leads_to_nobody_elses_patient(client, as_role, newcomer):
    key = str(uuid4())
    first = _create(client, newcomer, Idempotency_Key=key).json()

    other = _create(as_role(Role.CLINICIAN), newcomer, Idempotency_Key=key)

    assert other.status_code == 201
    assert other.json()["id"] != first["id"]


def test_a_patient_with_the_nil_uuid_is_not_taken_for_anybody(client, newcomer):
    nil = "00000000-0000-0000-0000-000000000000"
    assert client.post("/patient-register", ADA | {"uuid": nil}).status_code == 200

    read = client.get("/fhir/Patient/mistyped")
    matches = client.get("/fhir/Patient?identifier=urn:example:other-clinic|77")
    created = _create(
        client, newcomer, If_None_Exist="identifier=urn:example:other-clinic|77"
    )

    assert read.status_code == 404
    assert ids_of(matches.json()) == []
    assert created.status_code == 201
    assert client.get(f"/fhir/Patient/{nil}").status_code == 200
