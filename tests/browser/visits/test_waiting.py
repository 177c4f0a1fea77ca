"""Patients who wait or are late are at the top of every page that is about them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import add_patient, unlike
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser

_WAITING = "Checked in, waiting 1 h 25 min"


def wait_for_long(session, doctor: UUID, patient: UUID) -> None:
    """Make a patient wait since 85 minutes ago."""
    came = datetime.now(UTC) - timedelta(minutes=85, seconds=20)
    visit_samples.visit(
        session, doctor, patient, soon(-1), status="checked-in", checked_in_at=came
    )


@pytest.fixture
def guest(site: Site) -> str:
    """The name of somebody who has been waiting for a long time."""
    name = unlike()
    waiting = add_patient(site, "Ann", name)

    def add(session) -> None:
        doctor = cast.add_doctor(session, name=f"Dora {name}").id
        wait_for_long(session, doctor, waiting)

    site.write(add)
    return f"{name}, Ann"


@pytest.fixture
def maya(site: Site) -> Iterator[Page]:
    with site.lend(Role.PATIENT) as page:
        yield page


def test_a_patient_who_waits_reads_so_on_their_own_pages(site: Site, maya: Page):
    def come(session) -> None:
        patient = cast.get_demo(session)[Role.PATIENT].patient_id
        wait_for_long(session, cast.add_doctor(session).id, patient)

    site.write(come)
    maya.goto("/")

    expect(maya.get_by_text(_WAITING).first).to_be_in_viewport()
    expect(ready(maya).get_by_text("No visit is booked.")).to_have_count(0)


def test_home_says_who_waits_whose_visit_is_on_top_of_their_record(
    page: Page, guest: str
):
    page.goto("/")

    row = page.get_by_role("table", name="Waiting and next").get_by_role("row")
    longest = row.filter(has_text=guest)
    expect(longest).to_contain_text("Waiting 1 h 25 min")
    expect(page.get_by_text("Longest wait: 1 h")).to_be_visible()
    longest.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(guest)
    expect(page.get_by_text(_WAITING).first).to_be_in_viewport()
    expect(ready(page).get_by_text("No visit is booked.")).to_have_count(0)
