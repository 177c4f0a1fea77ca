"""Grace, who must not have penicillin, is Dora's patient; Ada is Emil's."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.files.gridfs import FileStore
from db.files.signing_keys import SigningKeyFile
from db.models.audit import AuditEvent
from db.models.booking import Slot
from db.models.patient import Patient
from db.postgres import SYSTEM
from services.consultations import prescriptions
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionIssuer,
    PrescriptionLine,
    PrescriptionOrder,
    PrescriptionRecord,
    SignedPaper,
)
from services.core.actors import Actor
from services.documents.forms import Clinic as Letterhead
from services.pdf.signing import Signer
from tests.kit import cast
from tests.services.patients.clinic_samples import Clinic
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

PARACETAMOL = PrescriptionLine("Paracetamol 500 mg", "1", "3 times a day", "5 days")
AMOXICILLIN = PrescriptionLine("Amoxicillin 500 mg", "1", "3 times a day", "7 days")


def draft(*lines: PrescriptionLine, note: str = "") -> DraftPrescription:
    return DraftPrescription(lines or (PARACETAMOL,), note)


@dataclass(frozen=True)
class Room:
    """A consulting room: the clinic, its issuer, and a visit that has begun."""

    clinic: Clinic
    issuer: PrescriptionIssuer
    graces: UUID
    adas: UUID

    def read(self, actor: Actor, operation: Any) -> Any:
        return self.clinic.read(actor, lambda s: operation(s, actor))

    def write(self, actor: Actor, operation: Any) -> Any:
        return self.clinic.write(actor, lambda s: operation(s, actor))

    def make(self, order: PrescriptionOrder) -> SignedPaper:
        return self.issuer.make(order, now=datetime.now(UTC))

    def issue(self, *lines: PrescriptionLine) -> PrescriptionRecord:
        """Issue Grace's prescription as Dora."""
        dora = self.clinic.dora
        order = self.read(
            dora, lambda s, a: prescriptions.prepare(s, a, self.graces, draft(*lines))
        )
        return self.keep(order)

    def amend(
        self, before: PrescriptionRecord, *lines: PrescriptionLine
    ) -> PrescriptionRecord:
        order = self.read(
            self.clinic.dora,
            lambda s, a: prescriptions.prepare_amendment(
                s, a, before.id, draft(*lines), number=before.version.number
            ),
        )
        return self.keep(order)

    def keep(self, order: PrescriptionOrder) -> PrescriptionRecord:
        paper = self.make(order)
        with self.issuer.discarding_on_refusal(paper):
            return self.write(
                self.clinic.dora, lambda s, a: prescriptions.issue(s, a, order, paper)
            )

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the audit log's events about prescriptions."""
        statement = (
            select(AuditEvent.action, AuditEvent.details)
            .where(AuditEvent.action.startswith("prescription:"))
            .order_by(AuditEvent.position)
        )
        events = self.clinic.database.read_latest(
            lambda s: [tuple(row) for row in s.execute(statement)], identity=SYSTEM
        )
        return events.value

    def let_be_allergic(self, *allergies: str) -> None:
        change = (
            update(Patient)
            .where(Patient.id == self.clinic.grace.id)
            .values(allergies=list(allergies))
        )
        self.clinic.database.write(
            lambda s: s.execute(change) and None, identity=SYSTEM
        )


@pytest.fixture(scope="module")
def doctors(clinic: Clinic) -> tuple[UUID, UUID]:
    def add(session: Session) -> tuple[UUID, UUID]:
        return (
            cast.add_doctor(
                session, user_id=clinic.dora.id, license_number="GMC 1234567"
            ).id,
            cast.add_doctor(session, cast.DOCTOR_EMIL, user_id=clinic.emil.id).id,
        )

    return clinic.database.write(add, identity=SYSTEM).value


@pytest.fixture(scope="module")
def signing_keys(tmp_path_factory) -> SigningKeyFile:
    return SigningKeyFile(tmp_path_factory.mktemp("keys") / "own.pem", "Clinic", True)


@pytest.fixture
def room(
    clinic: Clinic,
    doctors: tuple[UUID, UUID],
    files: FileStore,
    signing_keys: SigningKeyFile,
) -> Room:
    dora, emil = doctors

    def add(session: Session) -> tuple[UUID, UUID]:
        # A doctor sees one patient at a time: the visits of earlier tests make room.
        session.execute(update(Slot).values(withdrawn_at=func.now()))
        began = {"status": "checked-in", "checked_in_at": datetime.now(UTC)}
        return (
            visit_samples.visit(session, dora, clinic.grace.id, soon(5), **began),
            visit_samples.visit(session, emil, clinic.ada.id, soon(5), **began),
        )

    visits = clinic.database.write(add, identity=SYSTEM).value
    issuer = PrescriptionIssuer(files, Signer(signing_keys), Letterhead("Your clinic"))
    consulting_room = Room(clinic, issuer, *visits)
    consulting_room.let_be_allergic("Penicillin V")
    return consulting_room
