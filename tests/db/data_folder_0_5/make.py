"""Record a data folder as version 0.5 left it before its migrations were squashed.

Run by hand, with that version's code: see README.md.
"""

import json
import lzma
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import bson
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymongo import MongoClient

from dashboard.wiring import Wiring, attached
from db import embedded
from db.embedded.processes import programs
from db.postgres import SYSTEM
from db.settings import Settings
from services.audit import chain
from services.consultations import prescriptions
from services.documents import records as documents
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.model import DocumentRecord
from services.visits.booking import bookings
from tests.services.consultations.prescriptions.conftest import draft
from tests.services.documents.forms.samples import made, record_form
from tests.services.patients.clinic_samples import Clinic, settled
from tests.services.visits import visit_samples

HERE = Path(__file__).parent
DATABASES = ("chartroom", "chartroom_audit")


def main() -> None:
    with tempfile.TemporaryDirectory() as room:
        settings = Settings(_env_file=None, data=Path(room) / "data")
        with attached(settings) as wiring, settled(wiring.endpoints) as clinic:
            expected = live(wiring, clinic)
            record(wiring, settings.data)
    (HERE / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


def live(wiring: Wiring, clinic: Clinic) -> dict[str, Any]:
    """Let the clinic work for a day, and return what must be found again."""
    findings = [made(form=record_form(diagnosis=d)) for d in ("Asthma", "Migraine")]
    filed = file(wiring, clinic, findings[0])
    add_version(wiring, clinic, filed, findings[1])
    doctor = clinic.database.write(
        lambda s: visit_samples.doctor(s, clinic.dora.id, license_number="GMC 1234567"),
        identity=SYSTEM,
    ).value
    booked = book(clinic, doctor)
    prescribe(wiring, clinic, doctor)
    clinic.names(clinic.cleo)
    return {
        "document": str(filed.id),
        "versions": [sha256(data).hexdigest() for data in findings],
        "booking": str(booked),
        "sealed": seal(wiring, clinic),
    }


def file(wiring: Wiring, clinic: Clinic, data: bytes) -> DocumentRecord:
    """File a document of Grace's."""
    content, cleo = store(wiring, data), clinic.cleo
    about = DraftDocument("Findings", patient_id=clinic.grace.id)
    with wiring.intake.row_of(content):
        return clinic.write(cleo, lambda s: documents.file(s, cleo, about, content))


def add_version(
    wiring: Wiring, clinic: Clinic, filed: DocumentRecord, data: bytes
) -> None:
    content, cleo = store(wiring, data), clinic.cleo
    with wiring.intake.row_of(content):
        clinic.write(
            cleo,
            lambda s: documents.add_version(
                s, cleo, filed.id, content, revision=filed.revision
            ),
        )


def store(wiring: Wiring, data: bytes) -> StoredContent:
    return wiring.intake.receive(BytesIO(data), "findings.pdf")


def book(clinic: Clinic, doctor: UUID) -> UUID:
    """Hold and confirm a slot for Grace."""
    cleo, in_two_days = clinic.cleo, datetime.now(UTC) + timedelta(days=2)
    slot = clinic.database.write(
        lambda s: visit_samples.slot(s, doctor, in_two_days), identity=SYSTEM
    ).value
    wish = bookings.BookingRequest(slot, clinic.grace.id, uuid4())
    held = clinic.write(cleo, lambda s: bookings.hold(s, cleo, wish))
    clinic.write(cleo, lambda s: bookings.confirm(s, cleo, held.id))
    return held.id


def prescribe(wiring: Wiring, clinic: Clinic, doctor: UUID) -> None:
    """Let Dora issue a signed prescription to Grace, who is there."""
    dora, now = clinic.dora, datetime.now(UTC)
    is_there = {"status": "checked-in", "checked_in_at": now}
    visit = clinic.database.write(
        lambda s: visit_samples.visit(s, doctor, clinic.grace.id, now, **is_there),
        identity=SYSTEM,
    ).value
    order = clinic.read(dora, lambda s: prescriptions.prepare(s, dora, visit, draft()))
    paper = wiring.press.make(order, now=now)
    with wiring.press.row_of(paper):
        clinic.write(dora, lambda s: prescriptions.issue(s, dora, order, paper))


def seal(wiring: Wiring, clinic: Clinic) -> int:
    """Ship all events to the audit log, seal it, and return how many there are."""
    while clinic.database.write(
        lambda s: chain.ship(s, wiring.audit), identity=SYSTEM
    ).value:
        pass
    keys = wiring.seal_keys.read_or_make()
    return chain.seal(clinic.database, wiring.audit, keys).link.sequence


def record(wiring: Wiring, data: Path) -> None:
    """Dump the primary's database, MongoDB's two, and the keys."""
    addresses = embedded.attach(data)
    dump = programs.find(data).postgres.with_name("pg_dump")
    url = addresses.primary_url("postgres", "chartroom")
    dumped = subprocess.run([dump, "--dbname", url], check=True, capture_output=True)
    (HERE / "database.sql.xz").write_bytes(lzma.compress(dumped.stdout))
    with MongoClient(addresses.mongo.admin_url) as client:
        entries = [
            {"database": name, "collection": collection, "document": document}
            for name in DATABASES
            for collection in sorted(client[name].list_collection_names())
            for document in client[name][collection].find()
        ]
    packed = lzma.compress(b"".join(map(bson.encode, entries)))
    (HERE / "mongo.bson.xz").write_bytes(packed)
    (HERE / "file.keys").write_bytes(wiring.file_keys.path.read_bytes())
    public = wiring.seal_keys.read().signing.public_key()
    (HERE / "audit.pem").write_bytes(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )


if __name__ == "__main__":
    main()
