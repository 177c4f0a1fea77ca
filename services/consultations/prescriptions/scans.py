"""Scans of papers that were signed by hand: documents beside their prescription."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import and_, insert, select
from sqlalchemy.orm import Session

from db.models.consultation import Prescription, PrescriptionScan
from db.models.document import Document
from services.consultations.prescriptions import rows
from services.consultations.prescriptions.errors import NoSuchPrescription
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.errors import DocumentIdTaken
from services.documents.records.kinds import DocumentType
from services.documents.records.model import DocumentRecord
from services.documents.records.rows.documents import (
    COLUMNS,
    record_of,
    records as select_documents,
)
from services.documents.records.visibility import is_visible_to, require_view

Scans = Mapping[UUID, tuple[DocumentRecord, ...]]
TITLE: Final = "Signed prescription"


def add(
    session: Session,
    actor: Actor,
    prescription_id: UUID,
    draft: DraftDocument,
    content: StoredContent,
) -> DocumentRecord:
    """File a scan of the signed paper for the patient; the caller commits.

    From then on it is a document like others: it is replaced, deleted and kept by their
    rules. A scan that was filed before under the draft's id stays as it is. Raises
    NoSuchPrescription, NotAllowed, and what `records.file` raises.
    """
    actor.require(Permission.FILE_DOCUMENTS)
    rows.require_view(actor)
    prescription = rows.find(session, actor, prescription_id)
    if prescription is None:
        raise NoSuchPrescription
    paper = replace(
        draft,
        title=draft.title or TITLE,
        document_type=DocumentType.PRESCRIPTION,
        patient_id=prescription.patient_id,
    )
    filed = records.file(session, actor, paper, content)
    if filed.version.file_id != content.file_id:
        _require_scan_of(session, filed.id, prescription.id)
        return filed
    session.execute(
        insert(PrescriptionScan).values(
            document_id=filed.id, prescription_id=prescription.id, added_by=actor.id
        )
    )
    rows.record_event(
        session,
        actor,
        Action.PRESCRIPTION_ADD_SCAN,
        prescription,
        document=filed.id,
    )
    return filed


def list_for(
    session: Session, actor: Actor, prescription_ids: Collection[UUID]
) -> Scans:
    """Return the scans of each of these prescriptions, the newest first.

    Documents that were deleted, or moved to another patient, no longer count as scans.
    Raises NotAllowed.
    """
    rows.require_view(actor)
    require_view(actor)
    statement = (
        select_documents()
        .add_columns(PrescriptionScan.prescription_id)
        .join(PrescriptionScan, PrescriptionScan.document_id == Document.id)
        .join(
            Prescription,
            and_(
                Prescription.id == PrescriptionScan.prescription_id,
                Prescription.patient_id == Document.patient_id,
            ),
        )
        .where(
            is_visible_to(actor),
            rows.is_visible_to(actor),
            Document.deleted_at.is_(None),
            Prescription.id.in_(prescription_ids),
        )
        .order_by(Document.created_at.desc(), Document.id.desc())
    )
    by_prescription: dict[UUID, tuple[DocumentRecord, ...]] = {}
    for row in session.execute(statement):
        of, scan = row.prescription_id, record_of(row[: len(COLUMNS)])
        by_prescription[of] = (*by_prescription.get(of, ()), scan)
    _record(session, actor, by_prescription)
    return by_prescription


def _require_scan_of(
    session: Session, document_id: UUID, prescription_id: UUID
) -> None:
    """Raise DocumentIdTaken unless the document is a scan of the prescription."""
    scan = select(PrescriptionScan.document_id).where(
        PrescriptionScan.document_id == document_id,
        PrescriptionScan.prescription_id == prescription_id,
    )
    if session.scalar(scan) is None:
        raise DocumentIdTaken


def _record(session: Session, actor: Actor, by_prescription: Scans) -> None:
    shown = [scan for scans in by_prescription.values() for scan in scans]
    if not shown:
        return
    audit.record(
        session,
        actor,
        Action.DOCUMENT_LIST,
        details={
            "documents": [scan.id for scan in shown],
            "patients": sorted({scan.patient_id for scan in shown if scan.patient_id}),
        },
    )
