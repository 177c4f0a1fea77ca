"""Makes FHIR requests, and reads searchsets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from api.fhir.table import BULK_SOURCES
from db.files.gridfs import Bucket
from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from jobs.fhir.exporting import BulkExporter
from services.consultations import notes, prescriptions
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionLine,
    SignedPaper,
)
from services.core.actors import Role
from services.patients.care import care
from services.people import tokens
from services.people.tokens import bearers
from tests.api.conftest import Application, Client
from tests.api.document_samples import pdf, upload
from tests.api.fhir.exports import NOON, Worker, stored
from tests.api.fhir.serving import serving
from tests.api.visit_samples import Practice
from tests.browser.running import free_port
from tests.kit import cast
from tests.services.visits import visit_samples

TYPED = {
    "diagnoses": "I10\nTired of it all",
    "systolic": "120",
    "diastolic": "80",
    "pulse": "64",
}
LINE = PrescriptionLine("Paracetamol 500 mg", "1", "3 times a day", "5 days")


@dataclass(frozen=True)
class Consultation:
    """A visit with notes and a prescription of the patient who signs in."""

    patient_id: UUID
    doctor_id: UUID
    visit_id: UUID
    prescription_id: UUID


@pytest.fixture
def exporter(application, module_files) -> Worker:
    """The exporter that a worker would run."""
    made = BulkExporter(
        application.database, module_files, lambda: BULK_SOURCES, lambda: NOON
    )
    return Worker(application.database, made)


@pytest.fixture
def no_exports(application, module_files) -> None:
    """Begin without any exports."""
    for file_id in stored(module_files):
        module_files.delete(Bucket.BULK_EXPORTS, file_id)
    application.database.write(
        lambda session: session.execute(text("DELETE FROM bulk_exports")),
        identity=SYSTEM,
    )


@pytest.fixture(scope="module")
def consultation(application) -> Consultation:
    clerk = application.people[Role.STAFF]
    patient_id = application.people[Role.PATIENT].patient_id

    def hold(session):
        program = bearers.find(session, application.tokens[Role.CLINICIAN]).actor
        assert program
        care.assign(session, clerk, patient_id, program.id)
        clinician = application.people[Role.CLINICIAN]
        doctor_id = cast.add_doctor(session, user_id=clinician.id).id
        visit_id = visit_samples.visit(
            session,
            doctor_id,
            patient_id,
            visit_samples.soon(),
            status="checked-in",
            checked_in_at=datetime.now(UTC),
        )
        notes.save(session, program, visit_id, TYPED, number=0)
        draft = DraftPrescription((LINE, LINE))
        order = prescriptions.prepare(session, clinician, visit_id, draft)
        paper = SignedPaper(uuid4().hex, "x.pdf", 1, bytes(32), bytes(32))
        issued = prescriptions.issue(session, clinician, order, paper)
        return Consultation(patient_id, doctor_id, visit_id, issued.id)

    return application.database.write(hold, identity=SYSTEM).value


@pytest.fixture
def paper(client, ada) -> dict[str, Any]:
    """A document of Ada's."""
    filed = upload(
        client, patient_id=ada["uuid"], document_type="lab_report", title="Blood count"
    )
    return filed.json()["document"]


@pytest.fixture
def moved(client, ada) -> dict[str, Any]:
    """Ada, whose address has changed since she was registered."""
    path = f"/api/v1/patients/{ada['uuid']}"
    read = client.get(path).json()
    body = {name: read[name] for name in ("first_name", "last_name", "date_of_birth")}
    body |= {"email": read["email"], "address": "2 Quay Street"}
    answer = client.put(path, body, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    moved: dict[str, Any] = answer.json()
    return moved


@pytest.fixture
def revised(client, paper) -> str:
    """The id of a document whose file was replaced; then deleted, and restored."""
    path = f"/api/documents/{paper['id']}"
    file = {"file": ("Second.pdf", pdf(), "application/pdf")}
    for method, address, sent in (
        ("POST", f"{path}/versions", {"files": file}),
        ("DELETE", path, {}),
        ("POST", f"{path}/restore", {}),
    ):
        answer = client.ask(method, address, **sent)
        assert answer.is_success, answer.text
    return paper["id"]


@pytest.fixture
def register(client) -> Callable[..., dict[str, Any]]:
    """Registers a patient whom nobody could take for another."""

    def make(**fields: Any) -> dict[str, Any]:
        draft = cast.invent_patient()
        body = {
            "first_name": draft.first_name,
            "last_name": draft.last_name,
            "date_of_birth": str(draft.date_of_birth),
            "email": draft.email,
        }
        return client.post("/api/v1/patients", body | fields).json()

    return make


@pytest.fixture(scope="module")
def port() -> int:
    """The port on which the application's server listens."""
    return free_port()


@pytest.fixture(scope="module")
def address(application, port) -> Iterator[str]:
    """The address of the application's server over HTTP."""
    with serving(application.app, port) as address:
        yield address


@pytest.fixture
def visits(application, client, ada) -> dict[str, Any]:
    """Two visits of Ada's on one day, and the doctor, whom no other test books."""
    practice = Practice.open(application.database)
    made = []
    for number in range(2):
        wish = practice.wish(number, ada["uuid"])
        booking = client.post("/api/bookings", wish).json()
        client.post(f"/api/bookings/{booking['id']}/confirm")
        made.append(booking["id"])
    return {"ids": made, "doctor": str(practice.doctor_id)}


def ids_of(bundle: dict[str, Any]) -> list[str]:
    """Return the ids of the resources in a searchset."""
    return [entry["resource"]["id"] for entry in bundle.get("entry", ())]


def link_of(bundle: dict[str, Any], relation: str) -> str | None:
    """Return the path and the query of a link of the bundle."""
    for link in bundle["link"]:
        if link["relation"] == relation:
            parts = urlsplit(link["url"])
            return f"{parts.path}?{parts.query}"
    return None


def program(application: Application, role: Role, *scopes: str) -> Client:
    """Return a client whose token has these scopes of the role."""
    token = application.database.write(
        lambda session: tokens.issue(session, role, scopes=frozenset(scopes)),
        identity=SYSTEM,
    ).value
    return Client(application.app, token, application.position)


def actions_about(application: Application, patient_id: str) -> list[str]:
    """Return the actions that the audit log has about a patient's record."""
    about = (
        select(AuditEvent.action)
        .where(AuditEvent.patient_id == patient_id)
        .order_by(AuditEvent.position)
    )
    return application.database.write(
        lambda session: list(session.scalars(about)), identity=SYSTEM
    ).value
