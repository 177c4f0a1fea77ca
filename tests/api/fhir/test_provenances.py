"""Who made which version: Provenances of patients, documents and prescribed drugs."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.fhir import systems
from api.fhir.resources import provenances
from api.fhir.resources.provenances import MadeVersion, provenance_resource
from services.audit.log.makers import Maker
from services.core.actors import Role
from services.core.audit import Action
from tests.api.conftest import NEWEST, Client
from tests.api.fhir.conftest import actions_about, ids_of, link_of
from tests.api.fhir.oracles import validate

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROSA = Maker(UUID(int=1), "Rosa Diaz", "staff")
ITSELF = Maker(None, "Chartroom", "")


@pytest.mark.parametrize(
    ("number", "action", "operation"),
    [
        (1, Action.PATIENT_REGISTER, "CREATE"),
        (1, Action.DOCUMENT_FILE, "CREATE"),
        (2, Action.DOCUMENT_ADD_VERSION, "UPDATE"),
        (3, Action.DOCUMENT_DELETE, "DELETE"),
        (3, Action.PRESCRIPTION_WITHDRAW, "UPDATE"),
    ],
)
def test_a_version_says_who_made_it_when_and_how(number, action, operation):
    resource = provenance_resource(MadeVersion("Patient/1", number, AT, ROSA, action))

    validate(resource)
    assert resource["id"] == f"Patient.1.{number}"
    assert resource["target"] == [{"reference": f"Patient/1/_history/{number}"}]
    assert resource["recorded"] == "2026-11-20T12:00:00.000000+00:00"
    assert resource["activity"]["coding"] == [
        {"system": systems.DATA_OPERATION, "code": operation},
        {"system": systems.AUDIT_ACTION, "code": action},
    ]
    [agent] = resource["agent"]
    assert agent["who"] == {
        "display": "Rosa Diaz",
        "identifier": {"system": systems.USER, "value": str(ROSA.id)},
    }
    assert agent["role"][0]["text"] == "staff"


def test_what_the_clinic_s_machine_did_is_nobody_s():
    resource = provenance_resource(
        MadeVersion("DocumentReference/1", 2, AT, ITSELF, Action.DOCUMENT_CHANGE)
    )

    validate(resource)
    [agent] = resource["agent"]
    assert agent["who"] == {"display": "Chartroom"}
    assert "role" not in agent


@pytest.fixture
def targets(moved, revised) -> dict[str, int]:
    """The references of a patient and a document, with their numbers of versions."""
    return {f"Patient/{moved['uuid']}": 2, f"DocumentReference/{revised}": 4}


def _search(
    client: Client, kind: str = "Provenance", **parameters: Any
) -> dict[str, Any]:
    answer = client.get(f"/fhir/{kind}", params=parameters, headers=NEWEST)
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    validate(bundle)
    for entry in bundle.get("entry", ()):
        validate(entry["resource"])
    return bundle


def _targets(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["target"][0]["reference"] for entry in bundle["entry"]]


def test_every_version_that_is_told_has_its_provenance(client, targets):
    for target, count in targets.items():
        bundle = _search(client, target=target)

        versions = [f"{target}/_history/{number + 1}" for number in range(count)]
        assert _targets(bundle) == versions
        assert bundle["total"] == count
        assert _targets(_search(client, target=versions[-1])) == versions[-1:]
        for entry in bundle["entry"]:
            provenance = entry["resource"]
            path = f"/fhir/Provenance/{provenance['id']}"
            assert client.get(path).json() == provenance
            [version] = provenance["target"]
            status = client.get(f"/fhir/{version['reference']}").status_code
            operation = provenance["activity"]["coding"][0]["code"]
            assert status == (410 if operation == "DELETE" else 200)
            assert provenance["agent"][0]["role"][0]["text"] == "staff"


def test_pages_follow_each_other(client, revised):
    bundle = _search(client, target=f"DocumentReference/{revised}", _count=3)
    rest = client.get(link_of(bundle, "next")).json()

    assert len(ids_of(bundle) + ids_of(rest)) == 4
    assert ids_of(rest)[0] not in ids_of(bundle)


def test_provenances_go_with_what_was_found(client, targets):
    for reference, count in targets.items():
        kind, _, id_ = reference.partition("/")

        bundle = _search(client, kind, _id=id_, _revinclude="Provenance:target")

        modes = [entry["search"]["mode"] for entry in bundle["entry"]]
        assert modes == ["match"] + ["include"] * count
        assert bundle["total"] == 1
        included = bundle["entry"][1]
        assert included["fullUrl"].endswith(
            f"/fhir/Provenance/{included['resource']['id']}"
        )


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("Patient", {"_revinclude": "Observation:subject"}),
        ("Practitioner", {"_revinclude": "Provenance:target"}),
        ("Provenance", {"target": "Practitioner/1"}),
        ("Provenance", {"target": "1"}),
        ("Provenance", {"target": "Patient/1,Patient/2"}),
        ("Provenance", {}),
    ],
    ids=str,
)
def test_what_there_is_no_provenance_of_is_refused(client, kind, parameters):
    answer = client.get(f"/fhir/{kind}", params=parameters)

    assert answer.status_code == 400
    validate(answer.json())


def test_a_page_with_provenances_is_not_a_long_one(client, register, monkeypatch):
    monkeypatch.setattr(provenances, "MOST_INCLUDED", 2)
    for _ in range(3):
        register(last_name="Oneofthree")
    parameters = {"family": "Oneofthree", "_revinclude": "Provenance:target"}

    answer = client.get("/fhir/Patient", params=parameters)

    assert answer.status_code == 400
    assert "_count" in answer.json()["issue"][0]["diagnostics"]
    bundle = _search(client, "Patient", **parameters, _count="2")
    assert len(bundle["entry"]) == 4


def test_nobody_is_told_of_what_they_may_not_read(as_role, targets):
    for role, status in (
        (Role.CLINICIAN, 404),
        (Role.PATIENT, 404),
        (Role.ANALYST, 403),
        (Role.ADMIN, 403),
    ):
        for target in targets:
            client = as_role(role)
            parameters = {"target": target}
            answer = client.get("/fhir/Provenance", params=parameters)
            assert answer.status_code == status, (role, target)
            provenance_id = f"{target.replace('/', '.')}.1"
            assert client.get(f"/fhir/Provenance/{provenance_id}").status_code == status
    analyst = as_role(Role.ANALYST).get("/fhir/Patient?_revinclude=Provenance:target")
    assert analyst.status_code == 403


def test_there_is_no_provenance_of_a_version_that_is_none(client, moved):
    id_ = moved["uuid"]
    for name in (f"Patient.{id_}.9", f"Patient.{uuid4()}.1", id_, "Patient"):
        assert client.get(f"/fhir/Provenance/{name}").status_code == 404


def test_who_asked_for_it_is_in_the_audit_log(application, client, moved):
    _search(client, target=f"Patient/{moved['uuid']}")

    assert actions_about(application, moved["uuid"]).count("patient:read") == 2
