"""Several documents or patients in one call: each by itself, each with its outcome."""

from uuid import uuid4

import pytest

from services.core.actors import Role
from tests.api.conftest import ADA
from tests.api.document_samples import pdf, upload

DOCUMENTS = "/api/documents/bulk"
PATIENTS = "/api/v1/patients/bulk"
REASON = "Case 2026-17, by order"


@pytest.fixture
def filed(client, ada):
    """Two documents of Ada's."""
    return [
        upload(client, pdf(words), patient_id=ada["uuid"]).json()["document"]["id"]
        for words in ("one", "two")
    ]


def act(client, documents, action, **more):
    body = {"documents": documents, "action": action, **more}
    return client.post(DOCUMENTS, json=body)


def details(client, document_id):
    return client.get(f"/api/documents/{document_id}/details").json()


def outcomes_of(answer):
    return [
        (outcome["is_done"], (outcome["problem"] or {}).get("status"))
        for outcome in answer.json()["outcomes"]
    ]


def test_each_document_is_changed_by_itself_and_what_is_refused_keeps_no_other(
    client, as_role, filed
):
    first, second = filed
    as_role(Role.ADMIN).post("/api/document-tags", json={"name": "Bulk"})
    changes = {"document_type": "lab_report", "urgent": True}

    changed = act(
        client, [first, str(uuid4()), second, first], "change", changes=changes
    )
    tagged = act(client, filed, "add_tags", tags=["bulk"])
    held = act(client, [first], "hold", reason=REASON)
    deleted = act(client, filed, "delete")

    assert changed.status_code == 200
    assert changed.headers["X-Chartroom-LSN"]
    assert outcomes_of(changed) == [(True, None), (False, 404), (True, None)]
    assert changed.json()["done"] == 2
    assert outcomes_of(tagged) == [(True, None)] * 2
    assert outcomes_of(held) == [(True, None)]
    assert outcomes_of(deleted) == [(False, 409), (True, None)]
    kept = details(client, first)
    assert (kept["document_type"], kept["urgent"]) == ("lab_report", True)
    assert kept["tags"] == ["Bulk"]
    assert kept["held_at"]
    assert kept["deleted_at"] is None
    assert details(client, second)["deleted_at"]


def test_what_is_wrong_for_all_is_refused_before_any_is_changed(client, filed):
    for body, wrong in (
        ({"action": "change"}, "changes"),
        ({"action": "change", "changes": {"title": "Same"}}, "changes.title"),
        (
            {"action": "change", "changes": {"document_type": "novel"}},
            "document_type",
        ),
        ({"action": "add_tags"}, "tags"),
        ({"action": "hold", "reason": "x"}, "reason"),
        ({"action": "burn"}, "action"),
        # What belongs to another action would be lost while all is reported as done.
        ({"action": "add_tags", "tags": ["x"], "changes": {"urgent": True}}, "changes"),
        ({"action": "change", "changes": {"urgent": True}, "tags": ["x"]}, "tags"),
        ({"action": "delete", "reason": REASON}, "reason"),
    ):
        refused = client.post(DOCUMENTS, json={"documents": filed, **body})
        assert (refused.status_code, refused.json()["property"]) == (400, wrong)
    assert act(client, [], "delete").status_code == 400
    assert act(client, [str(uuid4())] * 101, "delete").status_code == 400
    assert details(client, filed[0])["revision"] == 1


def test_a_field_that_a_type_needs_is_named_for_each_that_lacks_it(
    client, as_role, filed
):
    first, second = filed
    said = {"name": "Bulk lot", "document_types": ["consent"], "is_required": True}
    as_role(Role.ADMIN).post("/api/document-fields", json=said)
    lot = {"document_type": "consent", "custom_fields": {"bulk_lot": "7"}}

    done = act(client, [first], "change", changes=lot)
    refused = act(client, [second], "change", changes={"document_type": "consent"})

    assert outcomes_of(done) == [(True, None)]
    [outcome] = refused.json()["outcomes"]
    assert outcome["problem"]["property"] == "custom_fields.bulk_lot"
    assert details(client, first)["custom_fields"] == {"bulk_lot": "7"}


def test_patients_put_only_what_is_theirs_into_the_trash(as_role, filed):
    patient = as_role(Role.PATIENT)
    own = upload(patient, pdf("mine")).json()["document"]["id"]

    assert outcomes_of(act(patient, [filed[0], own], "delete")) == [
        (False, 404),
        (True, None),
    ]
    changes = {"urgent": True}
    [outcome] = act(patient, [filed[0]], "change", changes=changes).json()["outcomes"]
    assert outcome["problem"]["status"] == 404


def test_patients_are_assigned_archived_and_restored(client, application):
    made = [
        client.post("/api/v1/patients", ADA | {"email": f"{uuid4().hex}@example.org"})
        for _ in range(2)
    ]
    ids = [answer.json()["uuid"] for answer in made]
    clinician = str(application.people[Role.CLINICIAN].id)

    def act_on(patients, action, **more):
        body = {"patients": patients, "action": action, **more}
        return client.post(PATIENTS, json=body)

    assigned = act_on(ids, "assign", clinician=clinician)
    again = act_on(ids[:1], "assign", clinician=clinician)
    archived = act_on([ids[0], str(uuid4())], "archive", reason="Moved to another city")
    twice = act_on(ids, "archive", reason="Moved to another city")
    restored = act_on(ids, "restore")

    assert outcomes_of(assigned) == [(True, None)] * 2
    assert outcomes_of(again) == [(False, 409)]
    assert outcomes_of(archived) == [(True, None), (False, 404)]
    assert outcomes_of(twice) == [(False, 409), (True, None)]
    assert outcomes_of(restored) == [(True, None)] * 2
    assert act_on(ids, "assign").json()["property"] == "clinician"
    assert act_on(ids, "archive").json()["property"] == "reason"
