"""Scans of papers signed by hand: documents linked to their prescription."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from services.consultations.prescriptions import scans
from services.consultations.prescriptions.errors import NoSuchPrescription
from services.core.errors import NotAllowed
from services.documents import records
from services.documents.records.drafts import ChangedDocument, DraftDocument
from services.documents.records.kinds import DocumentType
from tests.services.consultations.prescriptions.conftest import PARACETAMOL
from tests.services.documents.records.samples import content


@pytest.fixture
def issued(room):
    return room.issue(PARACETAMOL)


def add(room, actor, prescription, **facts):
    draft = DraftDocument(**facts)
    return room.write(
        actor, lambda s, a: scans.add(s, a, prescription.id, draft, content())
    )


def shown(room, actor, prescription):
    scans_by_prescription = room.read(
        actor, lambda s, a: scans.list_for(s, a, [prescription.id])
    )
    return [scan.id for scan in scans_by_prescription.get(prescription.id, ())]


@pytest.mark.parametrize("who", ["cleo", "dora"])
def test_a_scan_is_the_patients_document_beside_the_prescription(room, issued, who):
    actor = getattr(room.clinic, who)

    scan = add(room, actor, issued, patient_id=room.clinic.ada.id)

    # Whatever was said about it, it belongs to this prescription.
    assert scan.patient_id == room.clinic.grace.id
    assert scan.document_type is DocumentType.PRESCRIPTION
    assert scan.title == "Signed prescription"
    grace = room.clinic.invite(room.clinic.grace)
    for reader in (room.clinic.cleo, room.clinic.dora, grace):
        assert shown(room, reader, issued) == [scan.id]
    action, details = room.events()[-1]
    assert action == "prescription:add-scan"
    assert details["document"] == str(scan.id)


def test_it_goes_and_comes_back_by_the_rules_of_documents(room, issued):
    cleo = room.clinic.cleo
    scan = add(room, cleo, issued)

    room.write(cleo, lambda s, a: records.delete(s, a, scan.id, revision=1))
    assert shown(room, cleo, issued) == []
    room.write(cleo, lambda s, a: records.restore(s, a, scan.id, revision=2))

    assert shown(room, cleo, issued) == [scan.id]


def test_a_clinician_adds_none_to_anothers_patient_and_a_patient_to_none(room, issued):
    with pytest.raises(NoSuchPrescription):
        add(room, room.clinic.emil, issued)
    grace = room.clinic.invite(room.clinic.grace)
    with pytest.raises(NotAllowed, match="You may not file documents"):
        add(room, grace, issued)

    assert shown(room, room.clinic.dora, issued) == []


def test_what_is_filed_to_somebody_else_since_is_no_longer_shown(room, issued):
    cleo = room.clinic.cleo
    scan = add(room, cleo, issued)

    moved = replace(ChangedDocument.of(scan), patient_id=room.clinic.ada.id)
    room.write(cleo, lambda s, a: records.change(s, a, scan.id, moved, revision=1))

    assert shown(room, cleo, issued) == []


def test_who_was_shown_which_scans_is_written_down(room, issued):
    cleo, grace = room.clinic.cleo, room.clinic.grace
    scan = add(room, cleo, issued)

    shown(room, cleo, issued)

    looks = (
        select(AuditEvent.details)
        .where(AuditEvent.action == "document:list")
        .order_by(AuditEvent.position)
    )
    kept_details = room.clinic.database.read_latest(
        lambda s: s.scalars(looks).all(), identity=SYSTEM
    )
    details = {"documents": [str(scan.id)], "patients": [str(grace.id)]}
    assert kept_details.value[-1] == details


def test_a_scan_that_is_withheld_is_none_for_the_patient(room, issued):
    dora, grace = room.clinic.dora, room.clinic.invite(room.clinic.grace)
    kept = add(room, dora, issued, confidential=True, withheld=True)

    assert shown(room, grace, issued) == []
    assert shown(room, dora, issued) == [kept.id]
    # The desk is shown the prescription, and no confidential document.
    assert shown(room, room.clinic.cleo, issued) == []
