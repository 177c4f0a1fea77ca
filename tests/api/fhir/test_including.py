"""`_include`: the resources that a page refers to, returned with it."""

import pytest

from api.fhir import including
from api.fhir.table import SERVED
from services.core.actors import Role
from tests.api.conftest import NEWEST
from tests.api.document_samples import upload
from tests.api.fhir.conftest import actions_about, link_of
from tests.api.fhir.oracles import validate


def _search(client, kind, **parameters):
    answer = client.get(f"/fhir/{kind}", params=parameters, headers=NEWEST)
    assert answer.status_code == 200, answer.text
    validate(answer.json())
    return answer.json()


def _references_by_mode(bundle) -> list[tuple[str, str]]:
    """Return each entry's search mode, and its reference."""
    return [
        (
            entry["search"]["mode"],
            f"{entry['resource']['resourceType']}/{entry['resource']['id']}",
        )
        for entry in bundle["entry"]
    ]


def _included(bundle) -> set[str]:
    return {
        reference
        for mode, reference in _references_by_mode(bundle)
        if mode == "include"
    }


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("Observation", ("patient", "encounter")),
        ("Condition", ("patient", "encounter")),
        ("MedicationRequest", ("patient", "encounter", "requester")),
        ("Encounter", ("patient", "practitioner", "appointment")),
        ("Appointment", ("patient", "practitioner")),
    ],
)
def test_what_a_visit_refers_to_is_told_beside_it_as_it_is_read(
    as_role, consultation, kind, names
):
    clinician = as_role(Role.CLINICIAN)
    wanted = [f"{kind}:{name}" for name in names]

    bundle = _search(
        clinician, kind, patient=str(consultation.patient_id), _include=wanted
    )

    kinds = {"practitioner": "Practitioner", "requester": "Practitioner"}
    included = _included(bundle)
    assert {reference.partition("/")[0] for reference in included} == {
        kinds.get(name, name.title()) for name in names
    }
    for entry in bundle["entry"]:
        resource = entry["resource"]
        path = f"/fhir/{resource['resourceType']}/{resource['id']}"
        assert entry["fullUrl"].endswith(path)
        assert clinician.get(path, headers=NEWEST).json() == resource


def test_what_several_refer_to_is_told_once_and_goes_on_with_the_pages(client, ada):
    for _ in range(3):
        upload(client, patient_id=ada["uuid"])
    patient = f"Patient/{ada['uuid']}"
    wanted = {"patient": ada["uuid"], "_include": "DocumentReference:patient"}

    first = _search(client, "DocumentReference", **wanted, _count="2")
    second = client.get(link_of(first, "next")).json()

    assert [mode for mode, _ in _references_by_mode(first)] == [
        "match",
        "match",
        "include",
    ]
    assert _included(first) == _included(second) == {patient}
    assert (first["total"], len(second["entry"])) == (3, 2)
    assert "entry" not in _search(client, "DocumentReference", **wanted, _count="0")


def test_a_schedule_is_told_with_its_doctor(client, application, visits):
    doctor = visits["doctor"]

    schedules = _search(client, "Schedule", _id=doctor, _include="Schedule:actor")
    roles = _search(
        client,
        "PractitionerRole",
        practitioner=doctor,
        _include="PractitionerRole:practitioner",
    )

    assert _included(schedules) == _included(roles) == {f"Practitioner/{doctor}"}


def test_who_reads_what_is_included_is_in_the_log(application, client, ada, paper):
    before = actions_about(application, ada["uuid"]).count("patient:read")

    _search(
        client,
        "DocumentReference",
        _id=paper["id"],
        _include="DocumentReference:patient",
    )

    assert actions_about(application, ada["uuid"]).count("patient:read") == before + 1


def test_a_page_does_not_read_the_whole_register(client, register, monkeypatch):
    monkeypatch.setattr(including, "MOST_INCLUDED", 1)
    papers = [
        upload(client, patient_id=register()["uuid"]).json()["document"]["id"]
        for _ in range(2)
    ]
    wanted = {"_include": "DocumentReference:patient"}

    answer = client.get(
        "/fhir/DocumentReference", params={"_id": ",".join(papers), **wanted}
    )

    assert answer.status_code == 400
    assert "_count" in answer.json()["issue"][0]["diagnostics"]
    assert len(_search(client, "DocumentReference", _id=papers[0], **wanted)["entry"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("DocumentReference", "*"),
        ("DocumentReference", "DocumentReference:author"),
        ("DocumentReference", "Observation:patient"),
        ("Patient", "Patient:general-practitioner"),
        ("AuditEvent", "AuditEvent:patient"),
    ],
)
def test_what_is_not_included_is_refused(client, kind, value):
    answer = client.get(f"/fhir/{kind}", params={"_include": value})

    assert answer.status_code == 400
    assert "_include" in answer.json()["issue"][0]["diagnostics"]


def test_what_is_declared_to_be_included_is_understood(client, stranger):
    [rest] = stranger.get("/fhir/metadata").json()["rest"]
    declared = {
        value
        for resource in rest["resource"]
        for value in resource.get("searchInclude", ())
    }

    assert declared == {value for kind in SERVED for value in kind.includes}
    for value in declared:
        kind = value.partition(":")[0]
        # Without a patient: unknown parameters are refused before a missing patient is.
        answer = client.get(f"/fhir/{kind}?_include={value}&_include:iterate=x")
        assert "_include:iterate" in answer.json()["issue"][0]["diagnostics"], value
