"""Papers signed by hand, on the page of the visit and on the patient's page."""

from datetime import UTC, datetime, timedelta

import pytest

from services.consultations.prescriptions import scans
from services.core.actors import Role
from services.documents.records.kinds import DocumentType
from services.patients.care import care
from tests.kit import cast
from tests.pages.conftest import rows_of
from tests.pages.document_samples import press, shown
from tests.services.pdf.samples import letter
from tests.services.visits import visit_samples

CLINICIAN = Role.CLINICIAN
LINE = {
    "drug": "Paracetamol 500 mg",
    "dose": "1 tablet",
    "frequency": "3 times a day",
    "duration": "5 days",
}


@pytest.fixture
def visit(clinic):
    """A visit of the clinician's patient, who has arrived."""
    patient, clinician = clinic.register(), clinic.cast[CLINICIAN]

    def prepare(session):
        care.assign(session, clinic.clerk, patient.id, clinician.id)
        doctor_id = cast.add_doctor(session, user_id=clinician.id).id
        now = datetime.now(UTC)
        came = {"status": "checked-in", "checked_in_at": now}
        starts_at = now - timedelta(minutes=20)
        return visit_samples.visit(session, doctor_id, patient.id, starts_at, **came)

    return patient, clinic.write(prepare)


def test_the_signed_paper_is_added_at_the_visit_and_shown_beside_it(clinic, visit):
    patient, visit_id = visit
    app = clinic.open("visit", CLINICIAN, visit=visit_id)
    for widget in app.text_input:
        name = str(widget.key).rpartition("_")[2]
        if str(widget.key).startswith("prescription_line_") and name in LINE:
            widget.set_value(LINE[name])
    app.run()
    app.button(key="prescription_issue").click().run()
    opener = "prescription_add_scan"
    app.button(key=opener).click().run()
    app.file_uploader[0].set_value(("scan.pdf", letter("By hand"), ""))
    app.button(key=opener).click().run()

    press(app, opener, "prescription_scan_save")

    assert "The signed paper is filed." in [toast.value for toast in app.toast]
    (event,) = clinic.audit("prescription:add-scan")
    scans_by_prescription = clinic.write(
        lambda s: scans.list_for(s, clinic.clerk, [event.subject_id])
    )
    ((scan,),) = scans_by_prescription.values()
    assert (scan.patient_id, scan.document_type) == (
        patient.id,
        DocumentType.PRESCRIPTION,
    )
    app = clinic.open("visit", CLINICIAN, visit=visit_id)
    link = f"[Signed prescription](document?document={scan.id})"
    assert any(link in element.value for element in app.markdown)
    # The front desk sees it on the patient's page, and may add another.
    app = clinic.open("patient", patient=patient.id, part="prescriptions")
    assert rows_of(app, "patient_prescriptions")
    drawn = str(shown(app, "patient_prescriptions"))
    assert f"document?document={scan.id}" in drawn
    assert "Add the signed paper" in drawn
