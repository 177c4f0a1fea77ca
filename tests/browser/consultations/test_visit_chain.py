"""One visit from the booking to a signed prescription that verifies."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Slot
from db.models.doctor import Doctor
from db.models.patient import Patient
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.browser.conftest import Site, ready, turn_to
from tests.browser.consultations.test_visit import leave_with
from tests.browser.patients.test_front_desk import add_patient, record_of, unlike
from tests.browser.visits.test_desk import scan
from tests.kit import cast
from tests.services.visits import visit_samples

pytestmark = pytest.mark.browser

LINE = {
    "Drug": "Amoxicillin 500 mg capsules",
    "Dose": "1 capsule",
    "Frequency": "3 times a day",
    "Duration": "7 days",
}
# Misspelt: one letter is missing.
MISSPELT = "Amoxicilin 500 mg"
REASON = "Tolerated amoxicillin well last year"


@pytest.fixture
def room(site: Site) -> Iterator[BrowserContext]:
    with site.lend(Role.CLINICIAN) as page:
        yield page.context


def own_slot(session: Session) -> tuple[UUID, UUID, datetime]:
    """Give the demo's clinician one free slot, half an hour from now."""
    clinician_id = cast.get_demo(session)[Role.CLINICIAN].id
    doctor_id = (
        session.scalar(select(Doctor.id).where(Doctor.user_id == clinician_id))
        or cast.add_doctor(session, user_id=clinician_id).id
    )
    starts_at = datetime.now(UTC).replace(second=0, microsecond=0)
    # A doctor cannot have two slots at one time, so those around it are withdrawn.
    session.execute(
        update(Slot)
        .where(
            Slot.doctor_id == doctor_id,
            Slot.starts_at.between(
                starts_at - timedelta(hours=1), starts_at + timedelta(hours=2)
            ),
        )
        .values(withdrawn_at=starts_at)
    )
    starts_at += timedelta(minutes=30)
    return doctor_id, visit_samples.slot(session, doctor_id, starts_at), starts_at


def make_allergic(site: Site, patient_id: str) -> None:
    change = (
        update(Patient)
        .where(Patient.id == UUID(patient_id))
        .values(allergies=["Penicillin V"])
    )
    site.write(lambda s: s.execute(change) and None)


def code_of(site: Site, patient_id: str) -> str:
    """Return the code on the patient's ticket."""
    wanted = select(Appointment.code).where(Appointment.patient_id == UUID(patient_id))
    return site.database.read_latest(
        lambda s: s.scalars(wanted).one(), identity=SYSTEM
    ).value


def fetched(site: Site, room: BrowserContext, link: Locator) -> bytes:
    """Return the file behind a link that is shown."""
    content = room.request.get(f"{site.address}{link.get_attribute('href')}").body()
    assert content.startswith(b"%PDF-")
    return content


def check(page: Page, content: bytes) -> None:
    """Check a file on the page for checking prescriptions, even after another one."""
    ready(page).locator("input[type=file]").set_input_files(
        {"name": "x.pdf", "mimeType": "application/pdf", "buffer": content}
    )


def prescribe_misspelt(page: Page) -> None:
    """Prescribe an unknown drug, which is refused, and correct its name."""
    for label, value in {**LINE, "Drug": MISSPELT}.items():
        leave_with(page, f"{label}, line 1", value)
    warning = page.get_by_text("allergies cannot be checked")
    expect(warning).to_be_visible()
    expect(warning).to_contain_text("The patient is allergic to Penicillin V")
    ready(page).get_by_role("button", name="Sign and issue").click()
    expect(page.get_by_text("give the reason for prescribing it")).to_be_visible()
    expect(page.get_by_role("link", name="Download")).to_have_count(0)

    leave_with(page, "Drug, line 1", LINE["Drug"])
    expect(warning).to_have_count(0)


def test_from_the_booking_to_a_prescription_that_verifies(
    site: Site, page: Page, room: BrowserContext
):
    name = unlike()
    patient_id = str(add_patient(site, "Grete", name))
    make_allergic(site, patient_id)
    doctor_id, slot_id, starts_at = site.write(own_slot)

    page.goto(f"/doctor?doctor={doctor_id}&patient={patient_id}")
    # Other days may have a slot at the same hour and minute.
    ready(page).locator(f'[data-slot="{slot_id}"]').click()
    page.get_by_role("button", name="Confirm visit").click()
    expect(page.get_by_role("link", name="Ticket")).to_be_visible()

    turn_to(page, "/desk").get_by_label("Scan the ticket, or type its code").focus()
    scan(page, code_of(site, patient_id))
    expect(page.get_by_text("is checked in for")).to_be_visible()

    tab = room.pages[0]
    tab.goto("/day")
    # Half an hour from now may be tomorrow.
    if starts_at.date() > datetime.now(UTC).date():
        ready(tab).get_by_role("button", name="Next day").click()
    ready(tab).get_by_role("link", name=re.compile(name)).click()
    tab.get_by_role("button", name="Save notes").wait_for()
    leave_with(ready(tab), "Presenting complaint", "Sore throat")
    tab.get_by_role("button", name="Save notes").click()
    expect(tab.get_by_text("Version 1 of the notes is saved.")).to_be_visible()

    prescribe_misspelt(tab)
    # The warning appears as soon as the drug is typed.
    expect(tab.get_by_text("The patient is allergic to Penicillin V")).to_be_visible()
    ready(tab).get_by_role("button", name="Sign and issue").click()
    # The refusal loses nothing that was typed.
    expect(tab.get_by_text("give the reason for prescribing it")).to_be_visible()
    expect(tab.get_by_label("Drug, line 1", exact=True)).to_have_value(LINE["Drug"])
    leave_with(tab, "Reason for overriding the warning", REASON)
    ready(tab).get_by_role("button", name="Sign and issue").click()
    download = tab.get_by_role("link", name="Download")
    expect(download).to_be_visible()

    first = fetched(site, room, download)
    tab.get_by_role("button", name="Amend").click()
    # The form begins with what was issued.
    expect(tab.get_by_label("Drug, line 1", exact=True)).to_have_value(LINE["Drug"])
    expect(
        tab.get_by_label("Reason for overriding the warning", exact=True)
    ).to_have_value(REASON)
    leave_with(tab, "Dose, line 1", "2 capsules")
    # This text appears above the button, and moves it.
    expect(tab.get_by_text("Draft saved at")).to_be_visible()
    ready(tab).get_by_role("button", name="Sign and issue the new version").click()
    expect(tab.get_by_text("Version 2, signed and issued by")).to_be_visible()

    content = fetched(site, room, download)
    turn_to(tab, record_of(UUID(patient_id)))
    expect(tab.get_by_text(LINE["Drug"]).first).to_be_visible()
    turn_to(tab, "/check_prescription")
    check(tab, first)
    expect(tab.get_by_text("It is version 1, which was replaced")).to_be_visible()
    check(tab, content)
    expect(tab.get_by_text("nothing has been changed since")).to_be_visible()
    expect(tab.get_by_text("It is the current version.")).to_be_visible()
    changed = content.replace(b"/MediaBox", b"/mediaBox", 1)
    check(tab, changed)
    expect(tab.get_by_text("It was changed after it was signed")).to_be_visible()
