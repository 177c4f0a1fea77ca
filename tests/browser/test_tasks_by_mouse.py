"""Tasks of every day with the mouse, in as many clicks as the guide says."""

from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import add_patient, record_of, unlike
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser


class Mouse:
    """The mouse of a tab, whose clicks are counted."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, target: Locator) -> None:
        """Click on what is seen."""
        target.click()
        self.clicks += 1


def test_a_visit_is_booked_from_the_patients_page_in_four_clicks(
    site: Site, page: Page
):
    patient, speciality = add_patient(site, "Ann", unlike()), f"Hips {unlike()}"

    def add(session) -> UUID:
        doctor = cast.add_doctor(session, speciality=speciality).id
        return visit_samples.slot(session, doctor, soon(26 * 60))

    site.write(add)
    page.goto(record_of(patient))
    mouse = Mouse()

    mouse.click(ready(page).get_by_role("button", name="Book a visit"))
    mouse.click(page.get_by_role("radio", name=speciality.capitalize()))
    mouse.click(page.get_by_role("button", name="Hold ").first)
    mouse.click(page.get_by_role("button", name="Confirm visit"))

    expect(page.get_by_role("link", name="Ticket")).to_be_visible()
    assert mouse.clicks == 4
