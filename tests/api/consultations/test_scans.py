"""The scan of a signed prescription, sent by a program and listed with it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from db.postgres import SYSTEM
from services.consultations import prescriptions
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionLine,
    PrescriptionRecord,
    SignedPaper,
)
from services.core.actors import Role
from tests.api.conftest import NEWEST
from tests.api.document_samples import UPLOAD, pdf, upload
from tests.kit import cast
from tests.services.visits import visit_samples

LINE = PrescriptionLine("Paracetamol 500 mg", "1", "3 times a day", "5 days")


@pytest.fixture(scope="module")
def prescription(application) -> PrescriptionRecord:
    """A prescription of the patient who signs in."""
    clinician = application.people[Role.CLINICIAN]
    patient_id = application.people[Role.PATIENT].patient_id

    def issue(session):
        visit_id = visit_samples.visit(
            session,
            cast.add_doctor(session, user_id=clinician.id).id,
            patient_id,
            visit_samples.soon(),
            status="checked-in",
            checked_in_at=datetime.now(UTC),
        )
        draft = DraftPrescription((LINE,))
        order = prescriptions.prepare(session, clinician, visit_id, draft)
        paper = SignedPaper(uuid4().hex, "x.pdf", 1, bytes(32), bytes(32))
        return prescriptions.issue(session, clinician, order, paper)

    return application.database.write(issue, identity=SYSTEM).value


def test_a_scan_is_uploaded_for_a_prescription_and_listed_with_it(
    client, as_role, prescription
):
    filed = upload(client, prescription_id=str(prescription.id))

    assert filed.status_code == 201
    document = filed.json()["document"]
    assert document["document_type"] == "prescription"
    assert document["patient_id"] == str(prescription.patient_id)
    for reader in (client, as_role(Role.PATIENT)):
        listed = reader.get(
            f"/api/prescriptions/{prescription.id}/scans", headers=NEWEST
        ).json()
        assert listed["appointment_id"] == str(prescription.appointment_id)
        assert listed["doctor_id"] == str(prescription.doctor_id)
        (scan,) = listed["scans"]
        assert (scan["document_id"], scan["content_type"]) == (
            document["id"],
            "application/pdf",
        )
        assert reader.get(scan["url"], headers=NEWEST).status_code == 200


@pytest.mark.parametrize(
    ("role", "named", "status"),
    [
        (Role.STAFF, "none", 400),
        (Role.STAFF, str(UUID(int=99, version=4)), 404),
        (Role.PATIENT, None, 403),
    ],
    ids=["no id", "no prescription", "a patient's own"],
)
def test_what_is_no_signed_paper_of_somebodys_patient_is_refused(
    as_role, prescription, role, named, status
):
    answer = upload(as_role(role), prescription_id=named or str(prescription.id))

    assert answer.status_code == status


def test_a_scan_that_was_filed_before_is_named(client, prescription):
    paper, named = pdf("Signed once"), str(prescription.id)
    first = upload(client, paper, prescription_id=named).json()

    again = upload(client, paper, prescription_id=named).json()

    assert first["already_filed"] is None
    assert again["already_filed"] == first["document"]["id"]


def test_a_scan_for_one_patient_is_not_filed_for_another(client, ada, prescription):
    refused = upload(
        client, prescription_id=str(prescription.id), patient_id=ada["uuid"]
    )
    own = upload(
        client,
        prescription_id=str(prescription.id),
        patient_id=str(prescription.patient_id),
    )

    assert (refused.status_code, refused.json()["property"]) == (400, "patient_id")
    assert own.status_code == 201


def test_a_scan_that_is_sent_again_with_its_key_is_filed_once(client, prescription):
    paper, key = pdf("Signed"), {"Idempotency-Key": uuid4().hex}

    def send(**facts):
        return client.ask(
            "POST", UPLOAD, files={"file": ("a.pdf", paper)}, data=facts, headers=key
        )

    named = str(prescription.id)
    first, again = (send(prescription_id=named) for _ in range(2))

    assert again.status_code == 201
    assert again.json()["document"] == first.json()["document"]


def test_a_key_of_a_plain_document_is_refused_for_a_scan(client, prescription):
    paper, key = pdf("Signed"), {"Idempotency-Key": uuid4().hex}
    facts = {
        "patient_id": str(prescription.patient_id),
        "title": "Signed prescription",
        "document_type": "prescription",
    }
    files = {"file": ("a.pdf", paper)}
    client.ask("POST", UPLOAD, files=files, data=facts, headers=key)

    named = {"prescription_id": str(prescription.id)}
    answer = client.ask("POST", UPLOAD, files=files, data=named, headers=key)

    assert answer.status_code == 409
