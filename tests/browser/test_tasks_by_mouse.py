"""Tasks of every day with the mouse, in as many clicks as the guide says.

That is no more than the best of comparable programs takes. The switchover is in
cluster/test_operations.py, on servers of its own.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from db.models.booking import Appointment
from db.models.consultation import Prescription, PrescriptionVersion
from services.core.actors import Role
from tests.api.document_samples import pdf
from tests.browser.conftest import Site, file_pdf, ready, turn_to
from tests.browser.consultations.test_visit import Consultation, settle
from tests.browser.documents.test_dropped_files import held
from tests.browser.mouse import Mouse, counted
from tests.browser.patients.filter_rows import choose
from tests.browser.patients.test_front_desk import (
    a_number,
    add_patient,
    record_of,
    unlike,
)
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser

Opened = Callable[[str], Mouse]


@pytest.fixture
def at(page: Page) -> Opened:
    """Open a page as somebody of the front desk."""

    def open_page(address: str) -> Mouse:
        return Mouse(turn_to(page, address))

    return open_page


def test_a_patient_is_found_by_half_a_name_and_a_document_by_its_words(
    site: Site, page: Page, at: Opened
):
    last, word = unlike(), unlike()
    add_patient(site, "Ann", last)
    file = {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": pdf(word)}
    file_pdf(page, file)
    mouse = at("/")

    for task, typed, title in (
        ("Find a patient by half a name, and open", last[:5], f"{last}, Ann"),
        ("Find words in documents, and open", word, "letter"),
    ):
        with counted(mouse, task):
            mouse.click(page.get_by_role("button", name="Search", exact=True))
            mouse.type(page.get_by_role("combobox", name="Search everywhere"), typed)
            mouse.click(page.get_by_role("option").filter(has_text=title).first)
            expect(page.get_by_role("heading", level=1)).to_contain_text(title)
            ready(page)


def test_somebody_is_checked_in(site: Site, page: Page, at: Opened):
    patient, doctor = add_patient(site, "Ann", unlike()), f"Dora {unlike()}"

    def add(session) -> None:
        doctor_id = cast.add_doctor(session, name=doctor).id
        visit_samples.visit(session, doctor_id, patient, soon(5))

    site.write(add)
    mouse = at("/")

    with counted(mouse, "Check in"):
        mouse.click(page.get_by_role("button", name="Front desk"))
        expected = page.get_by_role("table", name="Expected")
        row = expected.get_by_role("row").filter(has_text=doctor)
        mouse.click(row.get_by_role("button", name="Check in"))

        expect(page.get_by_text("is checked in for")).to_be_visible()


def test_a_patient_is_registered(page: Page, at: Opened):
    last = unlike()
    mouse = at("/")

    with counted(mouse, "Register"):
        mouse.click(page.get_by_role("button", name="Register patient"))
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        for label, text in {
            "First name": "Ann",
            "Last name": last,
            "Date of birth": "1980-01-31",
            "Phone number": a_number(),
        }.items():
            mouse.type(ready(page).get_by_label(label, exact=True), text)
        mouse.enter()

        title = page.get_by_role("heading", level=1)
        expect(title).to_have_text(f"{last}, Ann")


def test_a_visit_is_booked_and_cancelled_from_the_patients_page(
    site: Site, page: Page, at: Opened
):
    patient, speciality = add_patient(site, "Ann", unlike()), f"Hips {unlike()}"

    def add(session) -> UUID:
        doctor = cast.add_doctor(session, speciality=speciality).id
        return visit_samples.slot(session, doctor, soon(26 * 60))

    site.write(add)
    mouse = at(record_of(patient))

    with counted(mouse, "Book by speciality"):
        mouse.click(page.get_by_role("button", name="Book a visit"))
        mouse.click(page.get_by_role("radio", name=speciality))
        mouse.click(page.get_by_role("button", name="Hold ").first)
        mouse.click(page.get_by_role("button", name="Confirm visit"))
        expect(page.get_by_role("link", name="Ticket")).to_be_visible()

    mouse = at(record_of(patient))
    with counted(mouse, "Cancel a visit"):
        mouse.click(page.get_by_role("tab", name="Visits"))
        visits = page.get_by_role("table", name="Next visits")
        mouse.click(visits.get_by_role("button", name="Cancel"))
        mouse.click(page.get_by_role("button", name="Cancel visit"))
        expect(page.get_by_text("No visit is booked.")).to_be_visible()


def test_a_pdf_is_filed_by_dropping_it(page: Page, at: Opened):
    word = unlike()
    mouse = at("/documents")

    with counted(mouse, "File a PDF that is dropped on the page"):
        files = held(page, **{word: pdf(word)})
        page.dispatch_event("h1", "drop", {"dataTransfer": files})
        expect(page.get_by_text(f"{word}.pdf is filed.")).to_be_visible()


def test_a_list_is_filtered_by_two_criteria(page: Page, at: Opened):
    mouse = at("/patients")

    with counted(mouse, "Filter by two criteria"):
        mouse.click(page.get_by_text("Charts of this list"))
        for chart, said in (("sex", "whose sex is"), ("age", "aged")):
            box = page.locator(f".st-key-patients_chart_{chart}_box .stVegaLiteChart")
            mouse.click(box.locator(".mark-rect.role-mark path").first)
            expect(page.get_by_text(said).first).to_be_visible()
            ready(page)


def test_a_list_is_filtered_by_two_criteria_in_rows(site: Site, page: Page, at: Opened):
    last = unlike()
    add_patient(site, "Ann", last)
    add_patient(site, "Zoe", last)
    mouse = at("/patients")
    value = page.get_by_label("Value", exact=True)

    mouse.click(page.get_by_text("Filters and order"))
    mouse.click(page.get_by_role("button", name="Add filter"))
    mouse.type(ready(page).get_by_label("Value", exact=True), last)
    mouse.click(page.get_by_role("button", name="Add filter"))
    expect(value).to_have_count(2)
    ready(page)
    choose(page, "Field", 1, "First name")
    mouse.clicks += 2
    mouse.type(ready(page).get_by_label("Value", exact=True).last, "Ann")
    mouse.click(page.get_by_role("button", name="Show patients"))

    expect(page.get_by_text("1 patient whose")).to_be_visible()
    assert mouse.acts == 7


_DRUG = "Paracetamol 500 mg tablets"


def issue_before(session, visit_id: UUID) -> None:
    """Add an earlier visit at which the demo's clinician prescribed the drug."""
    visit = session.get_one(Appointment, visit_id)
    long_ago = datetime.now(UTC) - timedelta(days=90)
    whose = (visit.doctor_id, visit.patient_id)
    earlier = visit_samples.visit(session, *whose, long_ago, status="completed")
    prescription = Prescription(
        appointment_id=earlier, doctor_id=visit.doctor_id, patient_id=visit.patient_id
    )
    session.add(prescription)
    session.flush()
    clinician = cast.get_demo(session)[Role.CLINICIAN]
    line = {"dose": "1 tablet", "frequency": "3 times a day", "duration": "3 days"}
    session.add(
        PrescriptionVersion(
            prescription_id=prescription.id,
            number=1,
            lines=[{"drug": _DRUG, **line}],
            file_id="none",
            filename="none.pdf",
            filesize=1,
            sha256=bytes(32),
            signer=bytes(32),
            author_id=clinician.id,
            author_name=cast.AMARA.name,
        )
    )


def test_a_visit_is_written_up_prescribed_and_completed(site: Site):
    visit = Consultation(site.write(settle))
    site.write(lambda session: issue_before(session, visit.id))
    with site.lend(Role.CLINICIAN) as page:
        page.goto(visit.address)
        ready(page).get_by_role("button", name="Save notes").wait_for()
        mouse = Mouse(page)

        with counted(mouse, "Prescribe and sign, from the visit's page"):
            search = page.get_by_role("combobox", name="Find a drug")
            option = page.get_by_role("option", name=_DRUG)
            mouse.choose(search, _DRUG.lower(), option)
            mouse.click(page.get_by_role("button", name="1 tablet, 3 times a day"))
            expect(page.get_by_label("Dose, line 1")).to_have_value("1 tablet")
            mouse.click(ready(page).get_by_role("button", name="Sign and issue"))
            expect(page.get_by_role("link", name="Download")).to_be_visible()

        with counted(mouse, "Write notes and complete the visit"):
            complaint = page.get_by_label("Presenting complaint", exact=True)
            mouse.type(complaint, "No mouse")
            mouse.type(page.get_by_label("Examination", exact=True), "None needed")
            mouse.click(page.get_by_role("button", name="Save notes"))
            expect(page.get_by_text("Version 1 of the notes is saved.")).to_be_visible()
            mouse.click(ready(page).get_by_role("button", name="Complete the visit"))
            dialog = page.get_by_role("dialog")
            mouse.click(dialog.get_by_role("button", name="Complete", exact=True))
            expect(page.get_by_text("This visit is completed.")).to_be_visible()


def test_an_administrator_sees_the_lag_over_time(site: Site):
    with site.lend(Role.ADMIN) as page:
        page.goto("/")
        mouse = Mouse(ready(page))

        with counted(mouse, "See the replication lag over time"):
            mouse.click(page.get_by_role("link", name="Replication").first)
            lag = page.get_by_role("heading", name="Replication lag")
            expect(lag).to_be_in_viewport()
