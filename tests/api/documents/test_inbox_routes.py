"""The inbox over the API: listed, assigned, done, and put back."""

from uuid import uuid4

import pytest

from db.postgres import SYSTEM
from services.core.actors import Role, Scope
from services.patients.care import care
from services.people import tokens
from tests.api.conftest import Client
from tests.api.document_samples import upload

INBOX = "/api/inbox"


@pytest.fixture
def doctor(as_role):
    return as_role(Role.CLINICIAN)


@pytest.fixture
def paper(doctor):
    """A document that a clinician uploaded without a patient."""
    return upload(doctor).json()["document"]


def _listed(client, **parameters):
    """Return the ids of a part of the inbox, page after page."""
    ids, after = [], None
    while True:
        more = {"after": after} if after else {}
        answer = client.get(INBOX, params=parameters | more)
        assert answer.status_code == 200, answer.text
        ids += [document["id"] for document in answer.json()["documents"]]
        after = answer.json()["next"]
        if after is None:
            return ids


def _colleagues(client):
    listed = client.get(f"{INBOX}/colleagues").json()["colleagues"]
    return {person["name"]: person["id"] for person in listed}


def _problem(answer, status, words):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_what_came_in_is_listed_page_by_page_and_counted(client, doctor):
    papers = [upload(doctor).json()["document"]["id"] for _ in range(3)]

    listed = _listed(client, view="unassigned", per_page=1)

    assert [each for each in listed if each in papers] == papers
    counts = client.get(f"{INBOX}/counts").json()
    assert counts["unassigned"] == len(listed) == len(set(listed))
    assert not set(papers) & set(_listed(doctor))


def test_a_document_is_assigned_done_and_put_back(client, application, paper):
    desk = application.people[Role.STAFF]
    address = f"{INBOX}/{paper['id']}"
    assert _colleagues(client)[desk.name] == str(desk.id)

    assigned = client.post(f"{address}/assign", {"assignee": str(desk.id)})

    assert assigned.status_code == 200
    item = assigned.json()
    assert item["assignee"] == {"id": str(desk.id), "name": desk.name}
    assert (item["patient_id"], item["patient_name"]) == (None, None)
    assert item["title"] == paper["title"]
    assert paper["id"] not in _listed(client, view="unassigned")
    assert paper["id"] in _listed(client)
    done = client.post(f"{address}/done").json()
    assert done["done_at"] is not None
    assert paper["id"] not in _listed(client)
    assert client.post(f"{address}/reopen").json()["done_at"] is None
    assert paper["id"] in _listed(client)
    freed = client.post(f"{address}/assign", {"assignee": None}).json()
    assert freed["assignee"] is None
    assert paper["id"] in _listed(client, view="unassigned")


def test_what_is_assigned_to_a_colleague_is_not_the_callers(client, application, ada):
    own = application.people[Role.CLINICIAN]
    application.database.write(
        lambda s: care.assign(s, application.people[Role.STAFF], ada["uuid"], own.id),
        identity=SYSTEM,
    )
    of_ada = upload(client, patient_id=ada["uuid"]).json()["document"]["id"]

    client.post(f"{INBOX}/{of_ada}/assign", {"assignee": str(own.id)})

    assert of_ada in _listed(client)
    assert of_ada not in _listed(client, view="mine")


def test_an_assignment_opens_nothing(client, application, ada):
    of_ada = upload(client, patient_id=ada["uuid"]).json()["document"]["id"]
    doctor = application.people[Role.CLINICIAN]

    refused = client.post(f"{INBOX}/{of_ada}/assign", {"assignee": str(doctor.id)})

    _problem(refused, 409, "assigning it does not give access")


@pytest.mark.parametrize(
    "body", [{}, {"assignee": "nobody"}, {"assignee": str(uuid4())}, {"to": None}]
)
def test_what_names_no_colleague_is_refused(client, paper, body):
    refused = client.post(f"{INBOX}/{paper['id']}/assign", body)

    assert refused.status_code == 400
    assert "assignee" in refused.text


@pytest.mark.parametrize("action", ["assign", "done", "reopen"])
def test_what_is_not_there_is_not_found(client, action):
    body = {"assignee": None} if action == "assign" else None

    _problem(
        client.post(f"{INBOX}/{uuid4()}/{action}", body), 404, "Document not found"
    )


@pytest.mark.parametrize(
    "parameters", [{"view": "all"}, {"per_page": 201}, {"after": str(uuid4())}]
)
def test_a_part_that_cannot_be_is_refused(client, parameters):
    assert client.get(INBOX, params=parameters).status_code == 400


def test_who_reads_documents_only_lists_and_assigns_nothing(application, paper):
    token = application.database.write(
        lambda s: tokens.issue(s, Role.STAFF, scopes={Scope.READ_DOCUMENTS}),
        identity=SYSTEM,
    ).value
    reader = Client(application.app, token, application.position)
    try:
        assert reader.get(INBOX).status_code == 200
        for action in ("done", "reopen"):
            refused = reader.post(f"{INBOX}/{paper['id']}/{action}")
            _problem(refused, 403, "this token was made for less")
    finally:
        reader.close()
