"""Reading prescriptions; each reading is recorded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, or_
from sqlalchemy.orm import Session

from db.files.gridfs import (
    Bucket,
    FileDamaged,
    FileMissing,
    FileStore,
    FileStoreUnavailable,
)
from db.models import consultation as tables
from db.models.consultation import Prescription
from services.consultations.prescriptions import rows
from services.consultations.prescriptions.errors import (
    NoSuchPrescription,
    PaperDamaged,
    PapersUnavailable,
)
from services.consultations.prescriptions.records import (
    PrescriptionRecord,
    PrescriptionVersion,
)
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists.streaming.rows import stream_rows
from services.patients.duplicates.merged import has_absorbed

_MOST: Final = 100


def get(session: Session, actor: Actor, prescription_id: UUID) -> PrescriptionRecord:
    """Return the prescription with its latest version.

    Raises NoSuchPrescription, NotAllowed.
    """
    rows.require_view(actor)
    prescription = rows.find(session, actor, prescription_id)
    if prescription is None:
        raise NoSuchPrescription
    rows.record_event(session, actor, Action.PRESCRIPTION_READ, prescription)
    return prescription


def find_of_visit(
    session: Session, actor: Actor, visit_id: UUID
) -> PrescriptionRecord | None:
    """Return the prescription of a visit, or None. Raises NotAllowed."""
    rows.require_view(actor)
    statement = rows.prescriptions().where(
        Prescription.appointment_id == visit_id, rows.is_visible_to(actor)
    )
    return _find(session, actor, statement)


def list_of_patient(
    session: Session, actor: Actor, patient_id: UUID, *, limit: int = _MOST
) -> tuple[PrescriptionRecord, ...]:
    """Return the patient's prescriptions, the newest first. Raises NotAllowed."""
    rows.require_view(actor)
    statement = (
        rows.prescriptions()
        .where(Prescription.patient_id == patient_id, rows.is_visible_to(actor))
        .order_by(Prescription.created_at.desc(), Prescription.id.desc())
        .limit(limit)
    )
    prescriptions = tuple(map(rows.record_of, session.execute(statement)))
    audit.record(
        session,
        actor,
        Action.PRESCRIPTION_READ,
        patient_id=patient_id,
        details={"shown": len(prescriptions)},
    )
    return prescriptions


def stream_all(
    session: Session,
    actor: Actor,
    patient_ids: Sequence[UUID] | None,
    *,
    since: datetime | None = None,
) -> Iterator[Sequence[PrescriptionRecord]]:
    """Yield the prescriptions of all patients, or of these.

    `since` limits them to those issued, amended or withdrawn after it, or taken over
    from a merged record. The caller records the export. Raises NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    rows.require_view(actor)
    statement = rows.prescriptions().where(rows.is_visible_to(actor))
    if since is not None:
        is_another = has_absorbed(Prescription.patient_id, since)
        statement = statement.where(or_(Prescription.updated_at > since, is_another))
    pieces = stream_rows(session, statement, Prescription.patient_id, patient_ids)
    return (list(map(rows.record_of, piece)) for piece in pieces)


def find_by_content(
    session: Session, actor: Actor, sha256_of_file: bytes
) -> PrescriptionRecord | None:
    """Return the prescription that was issued as this very file. Raises NotAllowed.

    None also if the actor may not see it.
    """
    rows.require_view(actor)
    statement = (
        rows.any_versions()
        .where(
            tables.PrescriptionVersion.sha256 == sha256_of_file,
            rows.is_visible_to(actor),
        )
        .limit(1)
    )
    return _find(session, actor, statement)


def versions(
    session: Session, actor: Actor, prescription_id: UUID
) -> tuple[PrescriptionVersion, ...]:
    """Return all versions, the newest first. Raises NoSuchPrescription, NotAllowed."""
    get(session, actor, prescription_id)
    return rows.versions_of(session, prescription_id)


def open_version(
    session: Session, actor: Actor, prescription_id: UUID, number: int | None = None
) -> PrescriptionVersion:
    """Return the version whose file the caller hands out, and record that.

    Raises NoSuchPrescription, NotAllowed.
    """
    rows.require_view(actor)
    prescription = rows.find(session, actor, prescription_id, number)
    if prescription is None:
        raise NoSuchPrescription
    rows.record_event(session, actor, Action.PRESCRIPTION_DOWNLOAD, prescription)
    return prescription.version


def read_file(files: FileStore, version: PrescriptionVersion) -> bytes:
    """Return the signed PDF; call `open_version` for the version first.

    Raises PaperDamaged, PapersUnavailable.
    """
    with _translate_errors():
        data = files.get(Bucket.PRESCRIPTION_FILES, version.file_id).data
    if sha256(data).digest() != version.sha256:
        raise PaperDamaged
    return data


def _find(
    session: Session, actor: Actor, wanted: Select[*tuple[Any, ...]]
) -> PrescriptionRecord | None:
    row = session.execute(wanted).one_or_none()
    if row is None:
        return None
    prescription = rows.record_of(row)
    rows.record_event(session, actor, Action.PRESCRIPTION_READ, prescription)
    return prescription


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (FileMissing, FileDamaged) as error:
        raise PaperDamaged from error
    except FileStoreUnavailable as error:
        raise PapersUnavailable from error
