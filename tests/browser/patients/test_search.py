"""Patients are found by what is known of them, and lists by what they share."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, ready
from tests.browser.patients.filter_rows import add_filter
from tests.browser.patients.test_front_desk import a_number, add_patient, find, unlike
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser


def test_somebody_is_found_by_what_they_say_on_the_phone(site: Site, page: Page):
    last, number = unlike(), a_number()
    email = f"{last.lower()}@example.org"
    add_patient(site, "Ann", f"{last}meyer", phone_number=number, email=email)
    page.goto("/patients")
    ready(page)

    # As it is spelt, as it sounds, and with the year of birth beside half of it.
    for typed in (number, email, f"{last}meier", f"{last[:6]} 1984"):
        find(page, typed)
        expect(page.get_by_role("link", name=f"{last}meyer, Ann")).to_be_visible()

    # Nobody of that year, and no table without rows.
    find(page, f"{last[:6]} 1939")
    expect(page.get_by_text("No patients match").first).to_be_visible()
    nobody = unlike()
    find(page, nobody)
    expect(page.get_by_role("table")).to_have_count(0)
    ready(page).get_by_role("button", name=f"Register “{nobody}”").click()
    expect(page.get_by_label("Last name", exact=True)).to_have_value(nobody)


def test_a_list_is_of_days_between_and_of_the_last_days_and_of_a_doctor(
    site: Site, page: Page
):
    last, doctor = unlike(), f"Dora {unlike()}"
    patients = [add_patient(site, first, last) for first in ("Ann", "Zoe")]

    def see(session) -> None:
        doctor_id = cast.add_doctor(session, name=doctor).id
        for patient, days in zip(patients, (10, 40), strict=True):
            at = soon() - timedelta(days=days)
            visit_samples.visit(session, doctor_id, patient, at, status="completed")

    site.write(see)
    page.goto("/patients")
    add_filter(page, 0, "Date of birth", "is between")
    # A year is enough.
    page.get_by_label("From", exact=True).fill("1984")
    page.get_by_label("To, this included").fill("1984-02-29")
    add_filter(page, 1, "Doctor", "is")
    page.get_by_label("Value", exact=True).fill(doctor)
    add_filter(page, 2, "Last visit", "is in the last")
    ready(page).get_by_role("button", name="Show patients").click()

    expect(page.get_by_text("in the last 30 days").first).to_be_visible()
    expect(page.get_by_role("link", name=f"{last}, Ann")).to_be_visible()
    expect(page.get_by_role("link", name=f"{last}, Zoe")).to_have_count(0)
