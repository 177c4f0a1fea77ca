"""Who waits or is late is on top of every page that is about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import add_patient, record_of, unlike
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser

_WAITING = "Checked in, waiting 1 h 25 min"


@dataclass(frozen=True)
class Guests:
    """Somebody who waits for a long time, and somebody who is late."""

    waiting: UUID
    waiting_name: str
    late: UUID


def wait_for_long(session, doctor: UUID, patient: UUID) -> None:
    """Let a patient have been waiting since 85 minutes ago."""
    came = datetime.now(UTC) - timedelta(minutes=85, seconds=20)
    visit_samples.visit(
        session, doctor, patient, soon(-1), status="checked-in", checked_in_at=came
    )


@pytest.fixture
def guests(site: Site) -> Guests:
    """Two patients who are expected, whose time has come."""
    name = unlike()
    waiting, late = (add_patient(site, first, name) for first in ("Ann", "Zoe"))

    def add(session) -> None:
        doctor = cast.add_doctor(session, name=f"Dora {name}").id
        wait_for_long(session, doctor, waiting)
        # Of today also shortly after midnight.
        visit_samples.visit(session, cast.add_doctor(session).id, late, soon(-5))

    site.write(add)
    return Guests(waiting, f"{name}, Ann", late)


@pytest.fixture
def maya(site: Site) -> Iterator[Page]:
    with site.lend(Role.PATIENT) as page:
        yield page


def test_who_waits_or_is_late_has_their_visit_on_top(page: Page, guests: Guests):
    for patient, state in ((guests.waiting, _WAITING), (guests.late, "Booked")):
        page.goto(record_of(patient))
        expect(page.get_by_text(state).first).to_be_in_viewport()
        expect(ready(page).get_by_text("No visit is booked.")).to_have_count(0)

        page.goto(f"/visits?patient={patient}")
        ahead = ready(page).get_by_role("table", name="Visits to come")
        expect(ahead.get_by_role("row").nth(1)).to_contain_text(state)
        expect(page.get_by_text("No visit is booked.")).to_have_count(0)


def test_a_patient_who_waits_reads_so_on_their_own_pages(site: Site, maya: Page):
    def come(session) -> None:
        patient = cast.get_demo(session)[Role.PATIENT].patient_id
        wait_for_long(session, cast.add_doctor(session).id, patient)

    site.write(come)
    maya.goto("/")

    expect(maya.get_by_text(_WAITING).first).to_be_in_viewport()
    expect(ready(maya).get_by_text("No visit is booked.")).to_have_count(0)


def test_home_says_who_waits_and_for_how_long(page: Page, guests: Guests):
    page.goto("/")

    row = page.get_by_role("table", name="Waiting and next").get_by_role("row")
    longest = row.filter(has_text=guests.waiting_name)
    expect(longest).to_contain_text("Waiting 1 h 25 min")
    expect(page.get_by_text("Longest wait: 1 h")).to_be_visible()
    longest.get_by_role("link").click()
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(guests.waiting_name)


def test_who_is_called_in_and_seen_by_mistake_waits_again(page: Page, guests: Guests):
    page.goto("/desk")
    row = page.get_by_role("row").filter(has_text=guests.waiting_name)
    # By what the desk is sure who that is.
    expect(row).to_contain_text("born 29 February 1984")

    for action, state in (
        ("Call in", "In the room"),
        ("Seen", "Seen"),
        ("Undo: not seen yet", "In the room"),
        ("Undo: waits again", "Waiting 1 h"),
    ):
        ready(page)
        button = row.get_by_role("button", name=action)
        # What it does stands there, but for what takes something back.
        if not action.startswith("Undo"):
            expect(button).to_contain_text(action)
        button.click()
        expect(row.filter(has_text=state)).to_be_visible()


def test_who_waits_is_named_before_their_record_is_archived(page: Page, guests: Guests):
    page.goto(record_of(guests.waiting))
    ready(page).get_by_role("button", name="More").click()
    page.get_by_role("button", name="Archive").click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("is expected today")).to_be_visible()
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    expect(dialog).to_be_hidden()
