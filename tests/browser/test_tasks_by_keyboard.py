"""The tasks of every day, each completed with keys alone.

The administrator's switchover is in cluster/test_operations.py, on servers of its own.
The guide says how many clicks each takes.
"""

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from db.models.booking import Appointment
from services.core.actors import Role
from tests.api.document_samples import pdf
from tests.browser.conftest import Site, ready, turn_to
from tests.browser.consultations.test_visit import Consultation, settle
from tests.browser.keyboard import Keys
from tests.browser.patients.test_front_desk import a_number, add_patient, unlike
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tab(site: Site) -> Iterator[Page]:
    """A tab in which one task is done after the other."""
    with site.lend() as page:
        yield page


@pytest.fixture
def desk(tab: Page) -> Keys:
    """The keyboard of the front desk, on a page without patients; it has the search."""
    return Keys(turn_to(tab, "/views"))


@pytest.fixture
def room(site: Site) -> Iterator[Keys]:
    """The keyboard of a clinician, who has opened nothing yet."""
    with site.lend(Role.CLINICIAN) as page:
        yield Keys(page)


def ticket_of(site: Site, patient: UUID) -> str:
    """Give a patient a visit in five minutes; return its ticket's code."""

    def add(session) -> str:
        doctor = cast.add_doctor(session, name=f"Dora {unlike()}").id
        visit = visit_samples.visit(session, doctor, patient, soon(5))
        return session.get_one(Appointment, visit).code

    return site.write(add)


def test_a_patient_is_registered(desk: Keys):
    last = unlike()

    desk.search("register", "Register", "Register a patient")
    desk.fill(First_name="Ann", Last_name=last, Date_of_birth="1980-01-31")
    desk.fill(Phone_number=a_number())
    desk.press("Enter")

    desk.stands_at(f"{last}, Ann")


def test_a_patient_is_found_by_half_a_name_with_two_keys(site: Site, desk: Keys):
    last = unlike()
    add_patient(site, "Ann", last)

    desk.search(last[:6], f"{last}, Ann", f"{last}, Ann")

    assert desk.pressed == 2


def test_somebody_with_a_ticket_is_checked_in(site: Site, desk: Keys):
    code = ticket_of(site, add_patient(site, "Ann", unlike()))

    desk.search("front desk", "Front desk", "Front desk")
    desk.to("Scan the ticket")
    desk.write(code)
    desk.press("Enter")

    expect(desk.page.get_by_text("is checked in for")).to_be_visible()


def test_a_visit_is_booked_by_speciality_and_cancelled(site: Site, desk: Keys):
    last, speciality = unlike(), f"Knees {unlike()}"
    add_patient(site, "Ann", last)

    def add(session) -> UUID:
        doctor = cast.add_doctor(session, speciality=speciality).id
        return visit_samples.slot(session, doctor, soon(26 * 60))

    site.write(add)

    desk.search(last, f"{last}, Ann", f"{last}, Ann")
    desk.to("Book a visit")
    desk.press("Enter")
    desk.stands_at("Book a visit")
    # One option has the focus, and arrows lead to the others.
    desk.to("Another patient")
    desk.press("Tab")
    desk.to(speciality, "ArrowRight")
    desk.press("Enter")
    desk.to("Hold ")
    desk.press("Enter")
    expect(desk.page.get_by_role("timer")).to_be_visible()
    desk.to("Confirm visit")
    desk.press("Enter")
    expect(desk.page.get_by_role("link", name="Ticket")).to_be_visible()

    desk.search(last, f"{last}, Ann", f"{last}, Ann")
    desk.to("Overview")
    # Two at once: the second comes before the page of the first is there.
    desk.press("ArrowRight", "ArrowRight")
    expect(desk.page.get_by_role("table", name="Next visits")).to_be_visible()
    desk.to("Cancel")
    desk.press("Enter")
    desk.page.get_by_role("dialog").wait_for()
    desk.to("Cancel visit")
    desk.press("Enter")

    expect(desk.page.get_by_text("No visit is booked.")).to_be_visible()


def test_a_pdf_is_filed_and_found_by_its_words(desk: Keys):
    word = unlike()
    file = {"name": f"{word}.pdf", "mimeType": "application/pdf", "buffer": pdf(word)}

    # From here on the browser's file chooser is answered by the test, also for the
    # first file.
    desk.page.on("filechooser", lambda _chooser: None)
    desk.search("upload", "Upload", "Upload documents")
    desk.to("Upload")
    with desk.page.expect_file_chooser() as chooser:
        desk.press("Enter")
    chooser.value.set_files(file)
    desk.page.get_by_label("Description").wait_for()
    desk.to("File document")
    desk.press("Enter")
    expect(desk.page.get_by_text("is filed")).to_be_visible()

    desk.search(word, word, word)


def test_a_list_is_filtered_by_two_criteria(site: Site, desk: Keys):
    last = unlike()
    add_patient(site, "Ann", last)
    add_patient(site, "Zoe", last)

    desk.search("patients", "Patients", "Patients")
    desk.to("Filters and order")
    desk.press("Enter")
    expect(desk.page.get_by_role("button", name="Add filter")).to_be_visible()
    desk.to("Add filter")
    desk.press("Enter")
    expect(desk.page.get_by_label("Value", exact=True)).to_have_count(1)
    desk.to("Value", "Shift+Tab")
    desk.write(last)
    desk.to("Add filter")
    desk.press("Enter")
    expect(desk.page.get_by_label("Value", exact=True)).to_have_count(2)
    desk.to("Field", "Shift+Tab")
    desk.choose("First name")
    desk.to("Value")
    desk.write("Ann")
    desk.to("Show patients")
    desk.press("Enter")

    expect(desk.page.get_by_text("1 patient whose")).to_be_visible()
    desk.to(f"{last}, Ann")


def test_a_visit_is_written_up_prescribed_and_completed(site: Site, room: Keys):
    visit = Consultation(site.write(settle))
    page = room.page
    page.goto(visit.address)
    page.get_by_role("button", name="Save notes").wait_for()

    room.fill(Presenting_complaint="No mouse", Examination="None needed")
    room.to("Save notes")
    room.press("Enter")
    expect(page.get_by_text("Version 1 of the notes is saved.")).to_be_visible()

    room.to("Find a drug")
    room.choose("paracetamol")
    drug = page.get_by_label("Drug, line 1", exact=True)
    expect(drug).to_have_value("Paracetamol")
    room.fill(Dose="1 tablet", Frequency="3 times a day", Duration="3 days")
    room.to("Sign and issue")
    # The drug that was found is added once, and not again when each field is left.
    expect(page.get_by_label("Drug, line 2")).to_have_count(0)
    room.press("Enter")
    expect(page.get_by_role("link", name="Download")).to_be_visible()

    room.to("Complete the visit", "Shift+Tab")
    room.press("Enter")
    page.get_by_role("dialog").wait_for()
    room.to("Complete")
    room.press("Enter")
    expect(page.get_by_text("This visit is completed.")).to_be_visible()


def test_an_administrator_sees_the_lag_over_time(site: Site):
    with site.lend(Role.ADMIN) as page:
        page.goto("/")
        ready(page)
        admin = Keys(page)

        admin.search("replication", "Replication", "Replication")

        lag = page.get_by_role("heading", name="Replication lag")
        expect(lag).to_be_in_viewport()
        admin.to("Live")
