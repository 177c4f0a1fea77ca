"""A clinic with real rows and real files, for jobs that keep the two consistent."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore
from db.models.audit import AuditEvent
from db.models.consultation import Prescription, PrescriptionVersion
from db.models.document import Document, DocumentVersion, RetentionRule
from db.models.patient import Patient
from db.postgres import SYSTEM, Database
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.kinds import Classification
from services.documents.records.model import DocumentRecord
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.pdf.report import PdfReport
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.visits import visit_samples

PDF = "application/pdf"
CLERK = cast.act_as(cast.CLEO)


@dataclass
class House:
    """The clinic's two stores, and what an intruder into them can do."""

    database: Database
    files: FileStore
    raw: Any
    filed: list[DocumentRecord] = field(default_factory=list)

    def write(self, operation: Callable[[Session], Any]) -> Any:
        """Run an operation as the system, and return its result."""
        return self.database.write(operation, identity=SYSTEM).value

    def store(self, data: bytes, bucket: Bucket = Bucket.DOCUMENTS) -> str:
        """Store bytes without a row."""
        return self.files.put(bucket, data, content_type=PDF)

    def content(self, data: bytes) -> StoredContent:
        """Store bytes, as an upload does before there is a row."""
        digest = hashlib.sha256(data).digest()
        name, seen = "Letter.pdf", PdfReport(pages=1)
        return StoredContent(self.store(data), name, len(data), digest, seen)

    def file(self, data: bytes = b"%PDF-1.7", **facts: Any) -> DocumentRecord:
        """File a document whose bytes are really there."""
        facts.setdefault("classification", Classification.TEMPORARY)
        holding, draft = self.content(data), DraftDocument(**facts)
        made = self.write(lambda s: records.file(s, CLERK, draft, holding))
        self.filed.append(made)
        return made

    def file_for_long(self, data: bytes = b"%PDF-1.7", **facts: Any) -> DocumentRecord:
        """File a document whose retention is over, by rules that are a year old."""
        made = self.file(data, **facts)
        long_ago = func.now() - func.make_interval(0, 0, 0, 365)
        rules = update(RetentionRule).values(updated_at=long_ago)
        row = update(Document).where(Document.id == made.id)
        self.write(lambda s: s.execute(rules))
        self.write(lambda s: s.execute(row.values(updated_at=long_ago)))
        return made

    def picture(self, data: bytes = b"picture") -> PatientRecord:
        """Register somebody with a photo."""
        file_ids = [self.store(data, Bucket.PATIENT_PHOTOS) for _ in range(2)]

        def register(session: Session) -> PatientRecord:
            made = patients.register(session, CLERK, cast.ADA, today=date(2026, 11, 20))
            session.execute(
                update(Patient)
                .where(Patient.id == made.id)
                .values(photo_file_id=".".join(file_ids))
            )
            return patients.get_patient(session, CLERK, made.id)

        return self.write(register)

    def prescribe(self, data: bytes = b"%PDF-1.7 signed") -> PrescriptionVersion:
        """Issue a prescription whose bytes are really there."""
        file_id, digest = self.store(data, Bucket.PRESCRIPTION_FILES), sha256(data)
        patient_id = self.register().id

        def issue(session: Session) -> PrescriptionVersion:
            doctor_id = cast.add_doctor(session).id
            of_visit = {"patient_id": patient_id, "doctor_id": doctor_id}
            visit_id = visit_samples.visit(
                session, doctor_id, patient_id, visit_samples.soon()
            )
            row = Prescription(appointment_id=visit_id, **of_visit)
            session.add(row)
            session.flush()
            version = PrescriptionVersion(
                prescription_id=row.id,
                number=1,
                lines=[{"drug": "Paracetamol"}],
                file_id=file_id,
                filename="Prescription.pdf",
                filesize=len(data),
                sha256=digest.digest(),
                signer=bytes(32),
                author_id=CLERK.id,
                author_name=CLERK.name,
            )
            session.add(version)
            session.flush()
            session.expunge(version)
            return version

        return self.write(issue)

    def register(self) -> PatientRecord:
        """Register somebody."""
        return self.write(
            lambda s: patients.register(s, CLERK, cast.ADA, today=date(2026, 11, 20))
        )

    def versions(self) -> list[DocumentVersion]:
        """Return the current rows of all versions, the oldest first."""
        rows = select(DocumentVersion).order_by(DocumentVersion.id)
        return self.write(lambda s: s.scalars(rows).all())

    def stored(self, bucket: Bucket = Bucket.DOCUMENTS) -> set[str]:
        """Return the ids under which a bucket has anything at all."""
        files = self.raw[f"{bucket}.files"].distinct("_id")
        return {str(file_id) for file_id in files} | {
            str(file_id)
            for file_id in self.raw[f"{bucket}.chunks"].distinct("files_id")
        }

    def flip(self, file_id: str | None, bucket: Bucket = Bucket.DOCUMENTS) -> None:
        """Change one bit of a file's bytes in MongoDB."""
        at, chunks = {"files_id": ObjectId(file_id)}, self.raw[f"{bucket}.chunks"]
        data = bytearray(chunks.find_one(at)["data"])
        data[len(data) // 2] ^= 1
        chunks.update_one(at, {"$set": {"data": bytes(data)}})

    def events(self, action: str) -> list[AuditEvent]:
        """Return the audit events of an action."""
        return self.write(lambda session: events_of(session, action))


class Killed(BaseException):
    """The process ends here: no error handling sees this."""


@dataclass
class Clock:
    """Lets a process live for so many steps."""

    left: int

    def tick(self) -> None:
        """Live on for one step, or die."""
        self.left -= 1
        if self.left < 0:
            raise Killed


class Mortal:
    """A store used by a process that dies before or after one of its calls."""

    def __init__(self, store: object, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the store's own method, with a step before and one after it."""

        def call(*args: Any, **named: Any) -> Any:
            self._clock.tick()
            answer = getattr(self._store, name)(*args, **named)
            self._clock.tick()
            return answer

        return call


def killed_at_each_step(
    house: House, job: Callable[[Any, Any], object]
) -> Iterator[int]:
    """Run a job again and again, killed one step later each time; yield after each."""
    for steps in range(200):
        clock = Clock(steps)
        try:
            job(Mortal(house.database, clock), Mortal(house.files, clock))
        except Killed:
            yield steps
        else:
            return


@pytest.fixture
def house(endpoints, files: FileStore, addresses) -> Iterator[House]:
    """Two empty stores."""
    name = files._database.name
    with (
        closing(Database(endpoints)) as database,
        MongoClient[dict[str, Any]](addresses.mongo.admin_url) as client,
    ):
        yield House(database, files, client[name])
