"""A visit in the consulting room, in a real browser: typed, kept, saved, completed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.models.user import UserSession
from services.consultations import notes
from services.core.actors import Role
from services.patients.care import care
from tests.browser.choosing import type_and_choose
from tests.browser.conftest import Site, ready
from tests.browser.looks import assert_fit
from tests.browser.parts import (
    DIALOG,
    assert_part_fits,
    show_on_desk,
    show_on_phone,
)
from tests.kit import cast
from tests.services.visits import visit_samples

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Consultation:
    """A visit of today, and the page for its notes."""

    id: UUID

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"/visit?visit={self.id}"


def settle(session: Session) -> UUID:
    """Add a visit of a patient with allergies who was measured twice before."""
    people = cast.get_demo(session)
    doctor = people[Role.CLINICIAN]
    patient = session.scalars(
        Patient.__table__.select()
        .with_only_columns(Patient.id)
        .where(
            func.cardinality(Patient.allergies) > 0,
            Patient.deleted_at.is_(None),
            # Another test checks this patient's own pages, with visits of its own.
            Patient.id != people[Role.PATIENT].patient_id,
        )
        .limit(1)
    ).one()
    if not care.is_treated_by(session, doctor.id, patient):
        care.assign(session, people[Role.STAFF], patient, doctor.id)
    doctor_id = cast.add_doctor(session).id
    now = datetime.now(UTC)
    for days, upper in ((60, "150"), (30, "140")):
        before = visit_samples.visit(
            session, doctor_id, patient, now - timedelta(days=days), status="completed"
        )
        typed = {
            "complaint": "Migraine with flashing lights",
            "diagnoses": "G43.1 Migraine with aura",
            "systolic": upper,
            "diastolic": "90",
            "plan": "Dark room, come back",
        }
        notes.save(session, doctor, before, typed, number=0)
    return visit_samples.visit(
        session,
        doctor_id,
        patient,
        now,
        note="Headache for a week",
        status="checked-in",
        checked_in_at=now,
    )


@pytest.fixture
def visit(site: Site) -> Consultation:
    return Consultation(site.write(settle))


@pytest.fixture
def room(site: Site) -> Iterator[BrowserContext]:
    with site.lend(Role.CLINICIAN) as page:
        yield page.context


def opened(page: Page, visit: Consultation) -> Page:
    page.goto(visit.address)
    ready(page).get_by_role("button", name="Save notes").wait_for()
    return page


def field(page: Page, label: str) -> Any:
    return page.get_by_label(label, exact=True)


def leave_with(page: Page, label: str, text: str) -> None:
    field(page, label).fill(text)
    field(page, label).press("Tab")


def test_from_the_first_word_to_the_completed_visit(
    room: BrowserContext, visit: Consultation
):
    page = opened(room.pages[0], visit)
    expect(page.get_by_text("Headache for a week").first).to_be_visible()
    leave_with(page, "Presenting complaint", "Migraine again")
    expect(page.get_by_text("Draft saved at")).to_be_visible()
    page.get_by_role("tab", name="Similar").click()
    expect(page.get_by_text("Shares: migraine").first).to_be_visible()

    leave_with(page, "Pulse (/min)", "700")
    page.get_by_role("button", name="Save notes").click()
    expect(page.get_by_text("Pulse must be between 20 and 300 /min.")).to_be_visible()
    leave_with(page, "Pulse (/min)", "70")
    leave_with(page, "Systolic pressure (mmHg)", "121")
    leave_with(page, "Diastolic pressure (mmHg)", "79")
    page.get_by_role("button", name="Save notes").click()
    expect(page.get_by_text("Version 1 of the notes is saved.")).to_be_visible()
    # Earlier measurements are listed beside the usual range; today's own are not.
    page.get_by_role("tab", name="Measured").click()
    measured = page.get_by_role("tabpanel", name="Measured")
    expect(measured).to_contain_text("140 / 90 mmHg (high)")
    expect(measured).not_to_contain_text("121 / 79")

    search = page.get_by_role("combobox", name="Find a diagnosis")
    first = page.get_by_role("option").first
    type_and_choose(page, search, "migraine with au", first)
    expect(field(page, "Diagnoses")).to_have_value("G43 Migraine")
    leave_with(page, "Plan", "Dark room")
    page.get_by_role("tab", name="Earlier").click()
    earlier = page.get_by_role("tabpanel", name="Earlier")
    expect(earlier).to_contain_text("Migraine")
    ready(page).get_by_role("button", name="Complete the visit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("saved as version 2")).to_be_visible()
    dialog.get_by_role("button", name="Complete", exact=True).click()

    expect(page.get_by_text("This visit is completed.")).to_be_visible()
    expect(field(page, "Plan")).to_have_value("Dark room")
    # The chart and the next patient are each one click away.
    expect(page.get_by_role("button", name="Documents").last).to_be_visible()
    following = page.get_by_role("button", name="Next patient: ")
    expect(following.or_(page.get_by_text("Nobody else is waiting"))).to_be_visible()


def test_what_was_being_typed_when_the_sign_in_ended_comes_back(
    site: Site, room: BrowserContext, visit: Consultation
):
    page = opened(room.pages[0], visit)
    leave_with(page, "Presenting complaint", "Left and kept as a draft")
    expect(page.get_by_text("Draft saved at")).to_be_visible()
    field(page, "Examination").press_sequentially("In the middle of a sen")

    site.write(lambda s: s.execute(update(UserSession).values(ended_at=func.now())))
    page.wait_for_url("**/sign-in?next=%2Fvisit**")
    page.get_by_role("button", name=cast.AMARA.name).click()
    page.get_by_role("button", name="Sign in", exact=True).click()

    page.get_by_text("What you typed is restored.").wait_for()
    expect(field(page, "Examination")).to_have_value("In the middle of a sen")
    expect(field(page, "Presenting complaint")).to_have_value(
        "Left and kept as a draft"
    )


def test_no_part_of_it_has_a_violation_or_scrolls_sideways(
    site: Site, visit: Consultation
):
    # Drawing a page in another look takes as long as checking it, so each comes once.
    with site.lend(Role.CLINICIAN, width=390) as tab:
        page = opened(tab, visit)
        leave_with(page, "Presenting complaint", "Migraine")
        leave_with(page, "Temperature (°C)", "376")
        page.get_by_role("button", name="Save notes").click()
        page.get_by_text("Nothing was saved").wait_for()

        # First the parts that are open, from the light phone to the light desk.
        assert_fit(page)
        show_on_desk(page)
        assert_parts_fit(page)
        page.get_by_role("button", name="Complete the visit").click()
        page.get_by_role("dialog").wait_for()
        assert_part_fits(page, DIALOG)
        show_on_phone(page)
        assert_part_fits(page, DIALOG)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert_parts_fit(page)


def assert_parts_fit(page: Page) -> None:
    """Check each part beside the notes that is not open at first."""
    for name in ("Similar", "Measured", "Versions"):
        part = page.get_by_role("tab", name=name)
        part.click()
        expect(part).to_have_attribute("aria-selected", "true")
        assert_part_fits(page)
