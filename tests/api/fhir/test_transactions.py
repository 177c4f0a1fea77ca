"""Documents filed by FHIR: the DocumentReference and its Binary, or neither."""

import base64
import hashlib
import io
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from api.fhir.writing import transactions
from db.files.gridfs import Bucket, FileStore
from services.core.actors import Role, Scope
from tests.api.conftest import Client
from tests.api.document_samples import pdf
from tests.api.fhir.conftest import ids_of, program
from tests.api.fhir.oracles import validate


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bundle(patient_id: str | None, data: bytes, **attachment: Any) -> dict[str, Any]:
    """Return a transaction that files the data."""
    where = f"urn:uuid:{uuid4()}"
    binary = {
        "resourceType": "Binary",
        "contentType": "application/pdf",
        "data": _base64(data),
    }
    reference = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11502-2"}]},
        "description": "Blood count",
        "content": [{"attachment": {"url": where, "title": "count.pdf"} | attachment}],
    }
    if patient_id:
        reference["subject"] = {"reference": f"Patient/{patient_id}"}
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": where,
                "resource": binary,
                "request": {"method": "POST", "url": "Binary"},
            },
            {
                "fullUrl": f"urn:uuid:{uuid4()}",
                "resource": reference,
                "request": {"method": "POST", "url": "DocumentReference"},
            },
        ],
    }


def _send(client: Client, bundle: Any, **headers: str):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent.setdefault("Content-Type", "application/fhir+json")
    return client.post("/fhir", bundle, headers=sent)


def _issues(answer, status: int = 400) -> list[dict[str, Any]]:
    assert answer.status_code == status, answer.text
    validate(answer.json())
    issues: list[dict[str, Any]] = answer.json()["issue"]
    return issues


def _filed(answer) -> dict[str, Any]:
    """Return the DocumentReference of the response, the second entry."""
    assert answer.status_code == 200, answer.text
    validate(answer.json())
    assert answer.json()["type"] == "transaction-response"
    binary, reference = answer.json()["entry"]
    assert binary["response"]["location"].startswith("Binary/")
    return reference


def _papers_of(client: Client, ada: dict[str, Any]) -> list[str]:
    answer = client.get(f"/fhir/DocumentReference?patient={ada['uuid']}")
    return ids_of(answer.json())


def test_a_document_is_filed_with_its_file(client, ada):
    data = pdf()
    facts = {
        "contentType": "application/pdf",
        "size": len(data),
        "hash": _base64(hashlib.sha1(data, usedforsecurity=False).digest()),
        "creation": "2026-10-02",
    }

    entry = _filed(_send(client, _bundle(ada["uuid"], data, **facts)))

    filed = client.get(f"/fhir/{entry['response']['location']}")
    assert filed.json() == entry["resource"]
    assert entry["response"]["status"] == "201 Created"
    assert filed.headers["ETag"] == entry["response"]["etag"] == 'W/"1"'
    assert "outcome" not in entry["response"]
    [content] = filed.json()["content"]
    assert filed.json()["description"] == "Blood count"
    assert filed.json()["subject"] == {"reference": f"Patient/{ada['uuid']}"}
    assert filed.json()["type"]["coding"][0]["code"] == "11502-2"
    assert content["attachment"]["title"] == "count.pdf"
    assert content["attachment"]["creation"] == "2026-10-02"
    sent = client.get(
        f"/fhir/{content['attachment']['url']}", headers={"Accept": "application/pdf"}
    )
    assert sent.content == data


def test_the_answers_come_in_the_order_of_the_entries(client, ada):
    bundle = _bundle(ada["uuid"], pdf())
    bundle["entry"].reverse()

    reference, binary = _send(client, bundle, Prefer="return=minimal").json()["entry"]

    assert reference["response"]["location"].startswith("DocumentReference/")
    assert binary["response"]["location"].startswith("Binary/")
    assert "resource" not in reference


def test_a_picture_becomes_a_pdf_as_in_an_upload(client, ada):
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(picture, "JPEG")
    bundle = _bundle(ada["uuid"], picture.getvalue(), title="scan.jpg")
    bundle["entry"][0]["resource"]["contentType"] = "image/jpeg"

    entry = _filed(_send(client, bundle))

    attachment = entry["resource"]["content"][0]["attachment"]
    assert attachment["contentType"] == "application/pdf"


def test_what_has_no_subject_is_unfiled_and_a_label_makes_it_confidential(client, ada):
    system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    label = [{"coding": [{"system": system, "code": "R"}]}]
    secret = _bundle(ada["uuid"], pdf())
    secret["entry"][1]["resource"]["securityLabel"] = label
    unfiled = _bundle(None, pdf())
    both = _bundle(None, pdf())
    both["entry"][1]["resource"]["securityLabel"] = label

    kept = _filed(_send(client, secret))["resource"]
    assert kept["securityLabel"][0]["coding"][0]["code"] == "R"
    assert "subject" not in _filed(_send(client, unfiled))["resource"]
    [issue] = _issues(_send(client, both))
    assert issue["expression"][0].startswith("Bundle.entry[1].resource")


def test_the_same_content_is_filed_once_more_with_a_warning(client, ada):
    bundle = _bundle(ada["uuid"], pdf())

    first = _filed(_send(client, bundle))["resource"]["id"]
    second = _filed(_send(client, bundle))

    [issue] = second["response"]["outcome"]["issue"]
    assert (issue["severity"], issue["code"]) == ("warning", "duplicate")
    assert f"DocumentReference/{first}" in issue["diagnostics"]


def test_a_transaction_that_is_sent_again_with_its_key_files_nothing_else(client, ada):
    bundle, key = _bundle(ada["uuid"], pdf()), uuid4().hex

    first = _filed(_send(client, bundle, Idempotency_Key=key))
    again = _filed(_send(client, bundle, Idempotency_Key=key))

    assert again["response"]["location"] == first["response"]["location"]
    assert len(_papers_of(client, ada)) == 1


def test_a_key_is_refused_for_the_same_file_filed_otherwise(client, ada):
    bundle, key = _bundle(ada["uuid"], pdf()), uuid4().hex
    first = _filed(_send(client, bundle, Idempotency_Key=key))["resource"]
    label = {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
                "code": "R",
            }
        ]
    }
    _of(bundle, "DocumentReference")["securityLabel"] = [label]

    refused = _send(client, bundle, Idempotency_Key=key)

    assert refused.status_code == 409
    assert _papers_of(client, ada) == [first["id"]]


def test_a_key_finds_what_it_filed_though_it_was_retitled_since(client, ada):
    bundle, key = _bundle(ada["uuid"], pdf()), uuid4().hex
    first = _filed(_send(client, bundle, Idempotency_Key=key))
    id_ = first["resource"]["id"]
    retitled = client.ask(
        "PATCH",
        f"/api/documents/{id_}/details",
        json={"title": "Another title"},
        headers={"If-Match": "*"},
    )

    again = _filed(_send(client, bundle, Idempotency_Key=key))

    assert retitled.status_code == 200
    assert again["response"]["location"] == first["response"]["location"]


def _of(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == kind
    )


def _attachment(bundle: dict[str, Any]) -> dict[str, Any]:
    return _of(bundle, "DocumentReference")["content"][0]["attachment"]


REFERENCE = "Bundle.entry[1].resource"
ATTACHMENT = f"{REFERENCE}.content[0].attachment"
BROKEN = {
    "Bundle.type": lambda bundle: bundle.update(type="batch"),
    "Bundle.entry": lambda bundle: bundle["entry"].pop(),
    "Bundle.entry[0].request": lambda bundle: bundle["entry"][0]["request"].update(
        method="PUT"
    ),
    "Bundle.entry[0].resource.data": lambda bundle: _of(bundle, "Binary").update(
        data=_base64(b"no PDF")
    ),
    "Bundle.entry[0].resource.securityContext": lambda bundle: _of(
        bundle, "Binary"
    ).update(securityContext={"reference": "Patient/1"}),
    f"{REFERENCE}.status": lambda bundle: _of(bundle, "DocumentReference").update(
        status="superseded"
    ),
    f"{REFERENCE}.type": lambda bundle: _of(bundle, "DocumentReference").update(
        type={"text": "A letter"}
    ),
    f"{REFERENCE}.content": lambda bundle: _of(bundle, "DocumentReference").update(
        content=2 * _of(bundle, "DocumentReference")["content"]
    ),
    f"{REFERENCE}.description": lambda bundle: _of(bundle, "DocumentReference").update(
        description="x" * 201
    ),
    f"{ATTACHMENT}.url": lambda bundle: _attachment(bundle).update(url="urn:uuid:1"),
    f"{ATTACHMENT}.size": lambda bundle: _attachment(bundle).update(size=1),
    f"{ATTACHMENT}.hash": lambda bundle: _attachment(bundle).update(hash="x"),
    f"{ATTACHMENT}.contentType": lambda bundle: _attachment(bundle).update(
        contentType="image/png"
    ),
    f"{ATTACHMENT}.creation": lambda bundle: _attachment(bundle).update(
        creation="2026-11-20T10:00"
    ),
    f"{REFERENCE}.subject": lambda bundle: _of(bundle, "DocumentReference").update(
        subject={"reference": f"Device/{uuid4()}"}
    ),
}
# Elements that change the meaning of the rest: refused in lenient handling as well.
MODIFIERS = {
    "Bundle.entry[1].request.ifNoneExist": lambda bundle: bundle["entry"][1][
        "request"
    ].update(ifNoneExist="description=Blood%20count"),
    f"{REFERENCE}.relatesTo": lambda bundle: _of(bundle, "DocumentReference").update(
        relatesTo=[{"code": "replaces", "target": {"reference": "DocumentReference/1"}}]
    ),
    f"{REFERENCE}.meta.security": lambda bundle: _of(
        bundle, "DocumentReference"
    ).update(meta={"security": [{"code": "R"}]}),
    "Bundle.entry[0].resource.meta.security": lambda bundle: _of(
        bundle, "Binary"
    ).update(meta={"security": [{"code": "R"}]}),
    "Bundle.implicitRules": lambda bundle: bundle.update(implicitRules="urn:x"),
}


@pytest.mark.parametrize("element", BROKEN)
def test_what_breaks_a_rule_files_nothing_and_names_its_element(client, ada, element):
    bundle = _bundle(ada["uuid"], pdf())
    BROKEN[element](bundle)

    [issue] = _issues(_send(client, bundle))

    assert issue["expression"] == [element]
    assert _papers_of(client, ada) == []


@pytest.mark.parametrize("element", MODIFIERS)
@pytest.mark.parametrize("prefer", ["handling=strict", "handling=lenient"])
def test_what_changes_the_meaning_of_the_rest_is_passed_over_for_nobody(
    client, ada, element, prefer
):
    bundle = _bundle(ada["uuid"], pdf())
    MODIFIERS[element](bundle)

    [issue] = _issues(_send(client, bundle, Prefer=prefer))

    assert issue["expression"] == [element]
    assert _papers_of(client, ada) == []


def test_whose_it_is_is_said_by_a_reference_to_this_server(client, ada):
    id_ = ada["uuid"]
    for reference in (
        id_,
        f"urn:uuid:{id_}",
        f"http://other.example.org/fhir/Patient/{id_}",
    ):
        bundle = _bundle(id_, pdf())
        subject = {"reference": reference}
        _of(bundle, "DocumentReference")["subject"] = subject

        [issue] = _issues(_send(client, bundle))
        assert issue["expression"] == [f"{REFERENCE}.subject"], reference

    whole = _bundle(id_, pdf())
    address = client.get(f"/fhir/Patient?_id={id_}").json()["entry"][0]["fullUrl"]
    _of(whole, "DocumentReference")["subject"] = {"reference": address}
    filed = _filed(_send(client, whole))["resource"]
    assert filed["subject"] == {"reference": f"Patient/{id_}"}


def test_data_that_are_no_base64_are_refused(client, ada):
    bundle = _bundle(ada["uuid"], pdf())
    _of(bundle, "Binary")["data"] = "%%%"

    [issue] = _issues(_send(client, bundle))

    assert issue["expression"] == ["Bundle.entry[0].resource.data"]


def test_a_patient_who_is_not_there_gets_nothing_and_no_file_stays(
    client, module_files
):
    before = _stored(module_files)

    _issues(_send(client, _bundle(str(uuid4()), pdf())), 404)

    assert _stored(module_files) == before


def _stored(files: FileStore) -> int:
    return len(list(files.list_entries(Bucket.DOCUMENTS)))


def test_what_is_too_long_for_a_transaction_is_refused(client, ada, monkeypatch):
    monkeypatch.setattr(transactions, "MOST_BYTES", 2_000)

    [issue] = _issues(_send(client, _bundle(ada["uuid"], pdf(at_least=3_000))), 413)

    assert issue["code"] == "too-long"


def test_a_token_needs_the_scopes_that_an_upload_needs(application, ada):
    scopes = (Scope.WRITE_DOCUMENTS, Scope.READ_DOCUMENTS)
    bundle = _bundle(ada["uuid"], pdf())

    reader = program(application, Role.STAFF, Scope.READ_DOCUMENTS)
    _issues(_send(reader, bundle), 403)
    _filed(_send(program(application, Role.STAFF, *scopes), bundle))


def test_patients_file_their_own_documents_alone(application, as_role, ada):
    patient, own = as_role(Role.PATIENT), application.people[Role.PATIENT].patient_id

    _issues(_send(patient, _bundle(ada["uuid"], pdf())), 404)
    filed = _filed(_send(patient, _bundle(str(own), pdf())))
    assert filed["resource"]["subject"] == {"reference": f"Patient/{own}"}


@pytest.mark.parametrize("sent", [[], 1, {}, {"resourceType": "Bundle"}])
def test_what_is_no_transaction_is_refused(client, sent):
    _issues(_send(client, sent))
