"""Documents over the API: filed, listed, described, replaced, deleted, restored."""

from uuid import uuid4

import pytest
from sqlalchemy import select, update

from api.core.answers import LSN_HEADER
from db.files.gridfs import Bucket
from db.models.audit import AuditEvent
from db.models.document import Document, DocumentVersion
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.api.document_samples import pdf, upload

LIST = "/api/documents"


@pytest.fixture
def filed(client, ada):
    """A document of Ada's."""
    return upload(client, patient_id=ada["uuid"]).json()["document"]


@pytest.fixture
def patient(as_role):
    return as_role(Role.PATIENT)


def test_tags_are_made_given_and_taken_away_again(client, as_role, filed, patient):
    admin = as_role(Role.ADMIN)
    made = admin.post("/api/document-tags", json={"name": "Claim", "colour": "red"})
    details = f"{LIST}/{filed['id']}/details"

    given = client.ask(
        "PATCH", details, json={"tags": ["claim"]}, headers={"If-Match": "*"}
    )

    assert made.status_code == 201
    assert given.json()["document"]["tags"] == ["Claim"]
    assert client.get("/api/document-tags").json()["tags"] == [made.json()]
    assert patient.get("/api/document-tags").json() == {"tags": []}
    wrong = admin.post("/api/document-tags", json={"name": "x", "colour": "pink"})
    assert wrong.status_code == 400
    gone = admin.delete(f"/api/document-tags/{made.json()['id']}")
    assert gone.json() == {"documents": 1}
    assert client.get(details).json()["tags"] == []


def test_fields_are_defined_filled_in_filtered_by_and_archived(
    client, as_role, filed, patient
):
    admin = as_role(Role.ADMIN)
    said = {"kind": "date", "document_types": ["other"], "is_required": True}
    made = admin.post("/api/document-fields", json={"name": "Sample of", **said})
    details = f"{LIST}/{filed['id']}/details"

    def patch(**body):
        return client.ask("PATCH", details, json=body, headers={"If-Match": "*"})

    wrong = patch(custom_fields={"sample_of": "last week"})
    given = patch(custom_fields={"sample_of": "2026-11-25"})

    assert made.status_code == 201
    assert made.json()["key"] == "sample_of"
    assert client.get("/api/document-fields").json()["fields"] == [made.json()]
    assert patient.get("/api/document-fields").json()["fields"] == [made.json()]
    assert wrong.status_code == 400
    assert wrong.json()["property"] == "custom_fields.sample_of"
    assert given.json()["document"]["custom_fields"] == {"sample_of": "2026-11-25"}
    refused = upload(client, title="Without")
    assert refused.json()["property"] == "custom_fields.sample_of"
    second = upload(client, title="B", custom_fields='{"sample_of": "2026-11-01"}')
    assert second.status_code == 201
    query = "0_field=custom_fields.sample_of&0_operator=LESS_THAN&0_value=2026-11-02"
    listed = client.get(f"{LIST}?{query}").json()["documents"]
    assert [document["title"] for document in listed] == ["B"]
    assert listed[0]["custom_fields"] == {"sample_of": "2026-11-01"}
    unknown = client.get(f"{LIST}?{query.replace('sample_of', 'mood')}")
    assert unknown.status_code == 400
    address = f"/api/document-fields/{made.json()['id']}"
    body = {"name": "Sampled", "is_required": False}
    assert admin.ask("PUT", address, json=body).json()["key"] == "sample_of"
    assert admin.post(f"{address}/archive").json()["archived_at"]
    assert patch(custom_fields={"sample_of": "2026-11-26"}).status_code == 400
    assert admin.post(f"{address}/restore").json()["archived_at"] is None
    emptied = patch(custom_fields={"sample_of": None})
    assert emptied.json()["document"]["custom_fields"] == {}
    bad = admin.post("/api/document-fields", json={"name": "x", "kind": "colour"})
    assert bad.json()["property"] == "kind"
    types = {"name": "x", "document_types": ["novel"]}
    bad = admin.post("/api/document-fields", json=types)
    assert bad.json()["property"] == "document_types"


def _events_of(application, document):
    """Return the actions that the audit log has of the document."""

    def find(session):
        about = select(AuditEvent).where(AuditEvent.subject_id == document["id"])
        return list(session.scalars(about.order_by(AuditEvent.position)))

    return application.database.write(find, identity=SYSTEM).value


def _forget_file(application, files, document):
    """Remove a document's bytes, as a lost disk would."""

    def find(session):
        of_document = DocumentVersion.document_id == document["id"]
        return session.scalar(select(DocumentVersion.file_id).where(of_document))

    file_id = application.database.write(find, identity=SYSTEM).value
    files.delete(Bucket.DOCUMENTS, file_id)


def _problem(answer, status, sentence):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["error"], problem["detail"]) == (sentence, sentence)


def test_a_file_alone_is_enough(client):
    data = pdf("One page")

    answer = upload(client, data, "Blood count.pdf")

    assert answer.status_code == 201
    assert answer.json()["message"] == "File uploaded successfully"
    document = answer.json()["document"]
    assert document["filename"] == "Blood count.pdf"
    assert document["filesize"] == len(data)
    assert document["title"] == "Blood count"
    assert document["patient_id"] is None
    assert (document["document_type"], document["version"]) == ("other", 1)
    assert answer.headers["location"] == f"{LIST}/{document['id']}"
    assert client.get(answer.headers["location"]).content == data


def test_what_is_said_of_a_document_is_kept(client, ada):
    facts = {
        "patient_id": ada["uuid"],
        "document_type": "lab_report",
        "classification": "administrative",
        "title": "Blood",
        "description": "Fasting",
        "metadata": '{"lab": "North", "values": [1, 2.5, null]}',
    }

    document = upload(client, **facts).json()["document"]

    assert document.pop("metadata") == {"lab": "North", "values": [1, 2.5, None]}
    assert document["patient_name"] == "Ada Lovelace"
    del facts["metadata"]
    assert facts.items() <= document.items()


@pytest.mark.parametrize(
    ("said", "handled"),
    [
        ({"classification": "urgent"}, (True, False, False)),
        ({"classification": "routine"}, (False, False, False)),
        ({"classification": "confidential"}, (False, True, False)),
        ({"classification": "confidential", "urgent": "true"}, (True, True, False)),
        ({"confidential": "true", "withheld": "true"}, (False, True, True)),
        ({"retention_class": "clinical"}, (False, False, False)),
    ],
    ids=["urgent", "routine", "confidential", "both", "withheld", "class"],
)
def test_an_upload_says_how_the_document_is_handled(client, ada, said, handled):
    answer = upload(client, patient_id=ada["uuid"], **said)

    assert answer.status_code == 201, answer.json()
    document = answer.json()["document"]
    names = ("urgent", "confidential", "withheld")
    assert tuple(document[name] for name in names) == handled
    assert document["retention_class"] == document["classification"] == "clinical"


def test_the_retention_class_is_taken_by_its_name_and_by_its_former_one(client, filed):
    path = f"{LIST}/{filed['id']}/details"
    said = []

    for body in (
        {"retention_class": "temporary"},
        {"classification": "administrative"},
        {"classification": "urgent"},
    ):
        answer = client.ask("PATCH", path, json=body, headers={"If-Match": "*"})
        said.append(answer.json()["document"])

    classes = [document["retention_class"] for document in said]
    assert classes == ["temporary", "administrative", "administrative"]
    assert [document["urgent"] for document in said] == [False, False, True]


def test_what_is_confidential_is_not_there_for_another_desk(client, application, ada):
    filed = upload(client, patient_id=ada["uuid"], confidential="true").json()
    uuid = filed["document"]["id"]
    page = f"/files/documents/{uuid}/versions/1"
    ways = [
        f"{LIST}/{uuid}",
        f"{LIST}/{uuid}/details",
        f"{LIST}/{uuid}/shares",
        f"{page}/pages/1.png",
        f"{page}/pages/1.json",
        f"{page}/text.json",
        f"{page}/thumbnail.png",
        f"/files/documents.zip?document={uuid}",
    ]
    assert {client.get(way).status_code for way in ways} == {200}

    # As if a colleague at another desk had filed it.
    by_another = update(Document).where(Document.id == uuid)
    written = application.database.write(
        lambda s: s.execute(by_another.values(created_by=uuid4())), identity=SYSTEM
    )

    after = {LSN_HEADER: str(written.lsn)}
    assert {client.get(way, headers=after).status_code for way in ways} == {404}
    page = client.get(LIST, params={"per_page": 1000}, headers=after)
    listed = page.json()["documents"]
    assert uuid not in {document["id"] for document in listed}


def test_what_a_patient_sends_is_theirs(patient, as_role):
    document = upload(patient, classification="temporary").json()["document"]

    assert document["patient_id"] is not None
    assert document["classification"] == "clinical"
    shown = patient.get(LIST).json()["documents"]
    assert {listed["patient_id"] for listed in shown} == {document["patient_id"]}
    assert patient.get(f"{LIST}/{document['id']}").status_code == 200


def test_a_patient_can_reach_nobody_elses(patient, ada, filed):
    assert upload(patient, patient_id=ada["uuid"]).status_code == 404
    for way in ("", "/details", "/shares"):
        answer = patient.get(f"{LIST}/{filed['id']}{way}")
        _problem(answer, 404, "Document not found")
    assert patient.delete(f"{LIST}/{filed['id']}").status_code == 404


def test_the_same_content_again_is_kept_and_said(client, ada):
    data = pdf()
    first = upload(client, data, patient_id=ada["uuid"]).json()

    again = upload(client, data, patient_id=ada["uuid"]).json()

    assert first["already_filed"] is None
    assert again["already_filed"] == first["document"]["id"]
    assert again["document"]["id"] != first["document"]["id"]


def test_the_newest_are_listed_first(client, ada):
    names = [f"{number}.pdf" for number in range(3)]
    for name in names:
        upload(client, name=name, patient_id=ada["uuid"])
    hers = f"0_field=patient_id&0_operator=EQUAL&0_value={ada['uuid']}"

    first = client.get(f"{LIST}?{hers}&per_page=2").json()
    second = client.get(f"{LIST}?{hers}&per_page=2&after={first['next']}").json()
    numbered = client.get(f"{LIST}?{hers}&per_page=2&page=2").json()

    shown = [listed["filename"] for listed in first["documents"] + second["documents"]]
    assert shown == names[::-1]
    assert second["next"] is None
    assert numbered["documents"] == second["documents"]
    assert (numbered["total"], numbered["total_is_exact"]) == (3, True)


def test_a_search_shows_the_passages_it_found(client):
    word = f"q{uuid4().hex[:12]}"
    document = upload(client, pdf(f"The {word} is high"), "a.pdf").json()["document"]

    (hit,) = client.get(f"{LIST}?search={word}").json()["documents"]

    assert hit["id"] == document["id"]
    segments = hit["passages"][0]["segments"]
    assert [segment["text"] for segment in segments if segment["is_hit"]] == [word]


def test_details_tell_of_every_version(client, filed):
    newer = pdf("Newer")
    file = {"file": ("Newer.pdf", newer)}
    added = client.ask("POST", f"{LIST}/{filed['id']}/versions", files=file)
    details = client.get(f"{LIST}/{filed['id']}/details")

    assert added.status_code == 201
    assert added.json()["message"] == "New version uploaded successfully"
    assert (added.json()["document"]["version"], details.json()["latest"]) == (2, 2)
    numbers = [version["number"] for version in details.json()["versions"]]
    assert numbers == [2, 1]
    assert client.get(f"{LIST}/{filed['id']}").content == newer
    first = client.get(f"{LIST}/{filed['id']}?version=1")
    assert first.headers["etag"] == f'"{filed["sha256"]}"'
    tag = {"If-None-Match": details.headers["etag"]}
    again = client.get(f"{LIST}/{filed['id']}/details", headers=tag)
    assert again.status_code == 304


def test_an_earlier_version_can_be_made_the_newest(client, filed):
    file = {"file": ("Newer.pdf", pdf())}
    client.ask("POST", f"{LIST}/{filed['id']}/versions", files=file)

    restored = client.post(f"{LIST}/{filed['id']}/versions/1/restore")

    assert restored.status_code == 201
    document = restored.json()["document"]
    assert (document["version"], document["sha256"]) == (3, filed["sha256"])
    nothing = client.post(f"{LIST}/{filed['id']}/versions/9/restore")
    _problem(nothing, 404, "This document has no version 9.")


def test_only_what_is_named_changes(client, ada):
    document = upload(client, title="Blood", description="Fasting").json()["document"]
    path = f"{LIST}/{document['id']}/details"
    changes = {"title": "Blood count", "patient_id": ada["uuid"]}

    changed = client.ask("PATCH", path, json=changes, headers={"If-Match": '"1"'})

    assert changed.status_code == 200
    shown = changed.json()["document"]
    assert (shown["title"], shown["description"]) == ("Blood count", "Fasting")
    assert shown["patient_id"] == ada["uuid"]
    assert changed.headers["etag"] == '"2"'


def test_a_change_that_comes_too_late_is_shown_what_is_there(client, filed):
    path = f"{LIST}/{filed['id']}/details"
    client.ask("PATCH", path, json={"title": "First"}, headers={"If-Match": '"1"'})

    late = client.ask(
        "PATCH", path, json={"title": "Late"}, headers={"If-Match": '"1"'}
    )
    blind = client.ask("PATCH", path, json={"title": "Blind"})

    assert (late.status_code, blind.status_code) == (412, 428)
    assert late.json()["current"]["title"] == "First"
    assert blind.json()["error"] == blind.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"document_type": "novel"}, "document_type"),
        ({"classification": "secret"}, "classification"),
        ({"withheld": True}, "withheld"),
        ({"title": "x" * 201}, "title"),
        ({"description": "x" * 2001}, "description"),
        ({"metadata": {"a": "x" * 20_000}}, "metadata"),
        ({"patient_id": "x"}, "patient_id"),
        ({"filename": "x"}, "filename"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused_by_name(client, filed, changes, name):
    path = f"{LIST}/{filed['id']}/details"

    answer = client.ask("PATCH", path, json=changes, headers={"If-Match": "*"})

    assert answer.status_code == 400
    assert answer.json()["property"] == name


def test_a_deleted_document_is_gone_until_it_is_restored(client, filed):
    path = f"{LIST}/{filed['id']}"

    deleted = client.delete(path)

    assert deleted.status_code == 200
    assert deleted.json() == {"message": "Document deleted successfully"}
    _problem(client.get(path), 404, "Document not found")
    _problem(client.delete(path), 404, "Document not found")
    assert client.get(f"{path}/details").json()["deleted_at"] is not None
    restored = client.post(f"{path}/restore")
    assert restored.json()["document"]["deleted_at"] is None
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("tag", ['"1"', '"{sha256}"', "*"])
def test_a_deletion_may_name_what_it_is_about(client, filed, tag):
    headers = {"If-Match": tag.format(**filed)}

    stale = client.delete(f"{LIST}/{filed['id']}", headers={"If-Match": '"9"'})
    fresh = client.delete(f"{LIST}/{filed['id']}", headers=headers)

    assert (stale.status_code, fresh.status_code) == (412, 200)


@pytest.mark.parametrize(
    "name", ["0199f0aa-0000-7000-8000-000000000001", "nothing", "1", "%00"]
)
@pytest.mark.parametrize("way", ["", "/details", "/shares"])
def test_what_is_not_there_is_not_found(client, name, way):
    _problem(client.get(f"{LIST}/{name}{way}"), 404, "Document not found")


def test_a_file_that_is_gone_is_said_to_be(client, filed, application, module_files):
    _forget_file(application, module_files, filed)

    answer = client.get(f"{LIST}/{filed['id']}")

    _problem(answer, 404, "File not found on server")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", LIST, 405),
        ("GET", f"{LIST}/x/y/z", 404),
        ("PATCH", LIST, 405),
        ("GET", "/files/documents/x/versions/1/pages/1.png", 404),
    ],
)
def test_every_refusal_of_the_tree_carries_its_sentence_twice(
    client, stranger, method, path, status
):
    answer = client.ask(method, path)

    assert answer.status_code == status
    assert answer.json()["error"] == answer.json()["detail"]
    unknown = stranger.get(LIST)
    assert unknown.status_code == 401
    assert unknown.json()["error"] == unknown.json()["detail"]


def test_every_deed_names_its_version(client, filed, application):
    path = f"{LIST}/{filed['id']}"
    client.get(path)
    client.get(f"{path}?version=1")
    client.ask(
        "PATCH", f"{path}/details", json={"title": "x"}, headers={"If-Match": "*"}
    )
    client.delete(path)

    done = [
        (event.action, event.details["version"])
        for event in _events_of(application, filed)
    ]

    assert done == [
        ("document:file", 1),
        ("document:download", 1),
        ("document:download", 1),
        ("document:change", 1),
        ("document:delete", 1),
    ]
    assert {
        event.patient_id is not None for event in _events_of(application, filed)
    } == {True}


def test_a_numbered_page_is_not_combined_with_a_place(client):
    answer = client.get(f"{LIST}?page=2&after={uuid4()}")

    assert (answer.status_code, answer.json()["property"]) == (400, "page")


def test_what_a_new_version_cannot_change_is_refused(client):
    filed = upload(client).json()["document"]
    path = f"{LIST}/{filed['id']}"

    answer = client.ask(
        "POST",
        f"{path}/versions",
        files={"file": ("Second.pdf", pdf(), "application/pdf")},
        data={"confidential": "true"},
    )

    assert (answer.status_code, answer.json()["property"]) == (400, "confidential")
    assert len(client.get(f"{path}/details").json()["versions"]) == 1


@pytest.mark.parametrize("number", [0, "0", "86400", "20261127"])
def test_a_number_is_no_date(client, number):
    filed = upload(client).json()["document"]

    answer = client.ask(
        "PATCH",
        f"{LIST}/{filed['id']}/details",
        json={"dated_on": number},
        headers={"If-Match": "*"},
    )

    assert (answer.status_code, answer.json()["property"]) == (400, "dated_on")
