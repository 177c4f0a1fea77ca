"""Actions on prescriptions."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from db.files.signing_keys import SigningKeyFile
from services.consultations import prescriptions
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionIssuer,
    PrescriptionLine,
    PrescriptionOrder,
    PrescriptionRecord,
    SignedPaper,
    scans,
)
from services.core.audit import Action
from services.documents.forms import Clinic
from services.documents.records.drafts import DraftDocument
from services.pdf.signing import Signer
from tests.kit import cast
from tests.services.core.audit_actions.world import REASON, ActionCall, World, prepares
from tests.services.documents.records.samples import content
from tests.services.visits import visit_samples

_LINE = PrescriptionLine("Paracetamol 500 mg", "1", "3 times a day", "5 days")
_DRAFT = DraftPrescription((_LINE,))


def _visit(w: World) -> UUID:
    doctor_id = cast.add_doctor(w.session, user_id=w.treating_doctor.id).id
    return visit_samples.visit(
        w.session,
        doctor_id,
        w.patient.id,
        visit_samples.soon(),
        status="checked-in",
        checked_in_at=datetime.now(UTC),
    )


def _paper(w: World, order: PrescriptionOrder) -> SignedPaper:
    keys = SigningKeyFile(w.folder / "signing.pem", "Clinic", True)
    issuer = PrescriptionIssuer(w.files, Signer(keys), Clinic("Clinic"))
    return issuer.make(order, now=datetime.now(UTC))


def issued(w: World) -> PrescriptionRecord:
    """Issue a prescription for the patient."""
    order = prescriptions.prepare(w.session, w.treating_doctor, _visit(w), _DRAFT)
    return prescriptions.issue(w.session, w.treating_doctor, order, _paper(w, order))


@prepares(Action.PRESCRIPTION_ISSUE)
def prescription_issue(w: World) -> ActionCall:
    order = prescriptions.prepare(w.session, w.treating_doctor, _visit(w), _DRAFT)
    given = (w.session, w.treating_doctor, order, _paper(w, order))
    return lambda: prescriptions.issue(*given)


@prepares(Action.PRESCRIPTION_AMEND)
def prescription_amend(w: World) -> ActionCall:
    before = issued(w)
    draft = DraftPrescription((replace(_LINE, dose="2"),))
    order = prescriptions.prepare_amendment(
        w.session, w.treating_doctor, before.id, draft, number=1
    )
    given = (w.session, w.treating_doctor, order, _paper(w, order))
    return lambda: prescriptions.issue(*given)


@prepares(Action.PRESCRIPTION_WITHDRAW)
def prescription_withdraw(w: World) -> ActionCall:
    given = (w.session, w.treating_doctor, issued(w).id)
    return lambda: prescriptions.withdraw(*given, number=1, reason=REASON)


@prepares(Action.PRESCRIPTION_ADD_SCAN)
def prescription_add_scan(w: World) -> ActionCall:
    given = (w.session, w.clerk, issued(w).id, DraftDocument(), content())
    return lambda: scans.add(*given)


@prepares(Action.PRESCRIPTION_READ)
def prescription_read(w: World) -> ActionCall:
    given = (w.session, w.treating_doctor, issued(w).id)
    return lambda: prescriptions.get(*given)


@prepares(Action.PRESCRIPTION_DOWNLOAD)
def prescription_download(w: World) -> ActionCall:
    given = (w.session, w.treating_doctor, issued(w).id)
    return lambda: prescriptions.open_version(*given)
