"""A patient's chart in a real browser: part by part, by its addresses."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from services.consultations import notes
from services.core.actors import Role
from services.patients.care import care
from services.patients.records import patients
from tests.browser.conftest import Site, ready
from tests.browser.looks import assert_fit, assert_fit_as_opened
from tests.browser.parts import assert_part_fits, show_on_desk
from tests.kit import cast
from tests.services.visits import visit_samples

pytestmark = pytest.mark.browser

PARTS = (
    "Time line",
    "Visits",
    "Vital signs",
    "Documents",
    "Prescriptions",
    "Details",
)
_VISITS = (
    (400, {"systolic": "150", "diastolic": "95", "diagnoses": "I10 Hypertension"}),
    (60, {"systolic": "142", "diastolic": "91", "pulse": "74", "weight": "82"}),
    (
        9,
        {
            "complaint": "Cough for a week, worse at night",
            "diagnoses": "J20.9 Acute bronchitis\nI10 Hypertension",
            "systolic": "138",
            "diastolic": "88",
            "pulse": "70",
            "temperature": "38.2",
            "weight": "81",
        },
    ),
)


def _settle(session: Session) -> UUID:
    """Add a patient with a history and a coming visit; return the id."""
    people = cast.get_demo(session)
    doctor, clerk = people[Role.CLINICIAN], people[Role.STAFF]
    draft = cast.invent_patient(
        allergies=("Penicillin", "Latex"),
        medical_history=("Asthma",),
        current_medications=("Salbutamol inhaler", "Ramipril 5 mg"),
        phone_number="+441632960555",
    )
    now = datetime.now(UTC)
    patient = patients.register(session, clerk, draft, today=now.date()).id
    care.assign(session, clerk, patient, doctor.id)
    doctor_id = cast.add_doctor(session).id
    for days, typed in _VISITS:
        before = visit_samples.visit(
            session, doctor_id, patient, now - timedelta(days=days), status="completed"
        )
        notes.save(session, doctor, before, typed, number=0)
    visit_samples.visit(session, doctor_id, patient, now + timedelta(days=3))
    return patient


@pytest.fixture(scope="module")
def patient(site: Site) -> UUID:
    return site.write(_settle)


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1440), ("dark", 390)], ids=["desk", "phone"]
)
def test_every_part_opens_by_its_tab_and_has_no_violation(
    site: Site, patient: UUID, scheme: str, width: int
):
    with site.lend(Role.CLINICIAN, scheme=scheme, width=width) as page:
        page.goto(f"/patient?patient={patient}")
        # Initials, and lines for what was measured more than once: they are really
        # drawn.
        measured = page.get_by_alt_text("Blood pressure before: 150, 142, 138")
        expect(measured).to_be_visible()
        ready(page).wait_for_function(
            "() => [...document.querySelectorAll('main img[src^=\"data:image/svg\"]')]"
            ".filter(image => image.naturalWidth > 0).length === 4"
        )
        if scheme == "light":
            assert_fit(page)
            show_on_desk(page)
        else:
            assert_fit_as_opened(page)

        for part in PARTS:
            tab = page.get_by_role("tab", name=part, exact=True)
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            assert_part_fits(ready(page))
            expect(page.get_by_text("Allergy: Penicillin")).to_be_visible()
        assert page.url.endswith("part=details")


def test_the_time_line_leads_to_a_visit_and_the_visit_back_to_the_time_line(
    site: Site, patient: UUID
):
    with site.lend(Role.CLINICIAN) as page:
        page.goto(f"/patient?patient={patient}&part=time-line")
        row = page.get_by_role("row").filter(has_text="Acute bronchitis")
        row.get_by_role("link").first.click()

        page.get_by_role("button", name="Save notes").wait_for()
        ready(page).get_by_role("button", name="Time line").click()

        expect(
            page.get_by_role("row").filter(has_text="Acute bronchitis")
        ).to_be_visible()
        assert page.url.endswith("part=time-line")


def test_a_phone_shows_a_long_allergy_in_full(site: Site):
    allergy = "Non-steroidal anti-inflammatory drugs and salicylates"
    patient = site.write(
        lambda session: cast.add_patient(session, cast.ada(allergies=(allergy,))).id
    )
    with site.lend(width=390, at=f"/patient?patient={patient}") as page:
        badge = ready(page).locator(".stMarkdownBadge").filter(has_text=allergy)
        expect(badge).to_be_visible()

        assert badge.evaluate("one => one.scrollWidth <= one.clientWidth + 1")


def test_a_long_email_address_is_shown_in_full_beside_its_name(site: Site):
    email = f"{'maximiliane.' * 4}brandt@university-clinic.example.org"
    patient = site.write(
        lambda session: cast.add_patient(session, cast.ada(email=email)).id
    )
    with site.lend(width=390, at=f"/patient?patient={patient}") as page:
        contact = ready(page).get_by_test_id("stTable").filter(has_text=email)
        expect(contact).to_be_visible()

        value = contact.get_by_test_id("stMarkdownContainer").filter(has_text=email)
        assert value.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
