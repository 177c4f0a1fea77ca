"""The calendar in a browser: opened, dragged, booked from and used by keyboard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select, update

from db.models.booking import Appointment, BookingSlot, Slot
from db.models.doctor import ScheduleException
from services.core.actors import Role
from services.visits.schedule import visit_changes
from tests.browser.choosing import type_and_choose
from tests.browser.conftest import Site, ready
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Day:
    """A day far ahead with two doctors of this test's own and a visit at nine."""

    doctor: str
    colleague: str
    doctor_id: UUID
    visit_id: UUID
    patient: str
    begins: datetime

    @property
    def address(self) -> str:
        return f"/calendar?day={self.begins.date()}"


@pytest.fixture
def day(site: Site) -> Day:
    """Two doctors with free times, one of whom has a visit at nine."""
    # A day of this test's own, so that no other test's doctors are on it.
    ahead = 200 + uuid4().int % 5000
    begins = soon(ahead * 24 * 60).replace(hour=9, minute=0, second=0, microsecond=0)
    name = uuid4().hex[:8]

    def add(session) -> tuple[UUID, UUID, str]:
        doctor = cast.add_doctor(session, name=f"Dora {name}").id
        colleague = cast.add_doctor(session, name=f"Emil {name}").id
        patient = cast.add_patient(session, cast.invent_patient())
        visit = visit_samples.visit(session, doctor, patient.id, begins, note="Cough")
        for number in range(1, 4):
            at = begins + number * visit_samples.TWENTY_MINUTES
            visit_samples.slot(session, doctor, at)
            visit_samples.slot(session, colleague, at)
        # Otherwise the web server would still use its cached doctors.
        visit_changes.announce_change(session)
        return doctor, visit, f"{patient.last_name}, {patient.first_name}"

    doctor_id, visit_id, patient = site.write(add)
    return Day(f"Dora {name}", f"Emil {name}", doctor_id, visit_id, patient, begins)


def visit_of(page: Page, day: Day) -> Locator:
    return page.get_by_role("button", name=day.patient)


def free_time(page: Page, doctor: str, time: str) -> Locator:
    return page.get_by_role("button", name=f"{time} to").filter(has_text=doctor)


def drag(page: Page, visit: Locator, onto: Locator) -> None:
    for place, act in ((visit, page.mouse.down), (onto, page.mouse.up)):
        box = place.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 12, y, steps=4)
        page.mouse.move(x, y, steps=4)
        act()


def draw_over_visit(page: Page, day: Day) -> Locator:
    """Draw a stretch over the visit and the time after it; return the dialog."""
    lane = page.locator(f'[data-lane^="{day.doctor_id}"]')
    visit, last = visit_of(page, day), free_time(page, day.doctor, "09:20")
    top, low = visit.bounding_box()["y"] - 20, last.bounding_box()["y"] + 20
    middle = lane.bounding_box()["x"] + lane.bounding_box()["width"] / 2
    page.mouse.move(middle, low)
    page.mouse.down()
    page.mouse.move(middle, top, steps=6)
    page.mouse.up()
    return page.get_by_role("dialog")


def stands_at(site: Site, day: Day) -> list[tuple[datetime, str]]:
    """Return the times of the patient's visits, and their states."""

    def read(session) -> list[tuple[datetime, str]]:
        whose = select(Appointment.patient_id).where(Appointment.id == day.visit_id)
        rows = session.execute(
            select(Appointment.starts_at, Appointment.status)
            .where(Appointment.patient_id == whose.scalar_subquery())
            .order_by(Appointment.starts_at)
        )
        return [tuple(row) for row in rows]

    return site.write(read)


def test_a_visit_is_dragged_to_a_free_time_and_to_a_colleague_and_opened(
    page: Page, site: Site, day: Day
):
    page.goto(day.address)
    ready(page)
    expect(page.get_by_role("heading", name=day.colleague)).to_be_visible()
    visit = visit_of(page, day)
    expect(visit).to_contain_text("Expected")
    expect(visit).to_contain_text("Cough")
    dialog = page.get_by_role("dialog")
    move = dialog.get_by_role("button", name="Move the visit")

    # A time that was just taken is reported, and the next one offered.
    drag(page, visit, free_time(page, day.doctor, "09:20"))
    move.wait_for()
    assert [status for _, status in stands_at(site, day)] == ["scheduled"]
    site.write(lambda session: take(session, day, minutes=20))
    move.click()
    expect(dialog.get_by_text("was just taken.")).to_be_visible()
    dialog.get_by_role("button", name="09:40").click()
    move.click()
    expect(visit).to_contain_text("09:40")
    later = day.begins + timedelta(minutes=40)
    assert stands_at(site, day) == [(day.begins, "cancelled"), (later, "scheduled")]

    # It moves to a colleague once that is confirmed.
    drag(ready(page), visit, free_time(page, day.colleague, "10:00"))
    expect(dialog.get_by_text(f"with {day.colleague}.")).to_be_visible()
    assert len(stands_at(site, day)) == 2
    move.click()
    # Its end was 10:00 before.
    expect(visit).to_contain_text("10:20")
    expect(visit).to_contain_text("Cough")
    last = day.begins + timedelta(hours=1)
    assert stands_at(site, day)[-1] == (last, "scheduled")

    # The calendar shows who is with whom and where, and a click shows the details.
    page.get_by_role("radio", name="Rooms").click()
    expect(page.get_by_role("heading", name="Room 12").first).to_be_visible()
    expect(visit).to_contain_text(day.colleague)
    ready(page)
    visit.click()
    expect(dialog.get_by_text(day.patient)).to_be_visible()
    expect(dialog.get_by_text("Cough")).to_be_visible()
    expect(dialog.get_by_role("button", name="Cancel visit…")).to_be_visible()


def take(session, day: Day, *, minutes: int) -> None:
    """Give a slot of the doctor to somebody else, as if they had been quicker."""
    at = day.begins + timedelta(minutes=minutes)
    slot = session.scalars(
        select(Slot).where(Slot.doctor_id == day.doctor_id, Slot.starts_at == at)
    ).one()
    other = cast.add_patient(session, cast.invent_patient()).id
    # The booking of another, distant visit, which is then moved to this slot.
    visit = visit_samples.visit(session, day.doctor_id, other, at + timedelta(days=1))
    booking_id = session.get_one(Appointment, visit).booking_id
    session.execute(
        update(BookingSlot)
        .where(BookingSlot.booking_id == booking_id)
        .values(slot_id=slot.id, starts_at=at, ends_at=slot.ends_at)
    )
    visit_changes.announce_change(session)


def test_a_visit_is_found_opened_and_moved_by_keys_alone(
    page: Page, site: Site, day: Day
):
    page.goto(day.address)
    ready(page)

    free_time(page, day.doctor, "09:20").focus()
    page.keyboard.press("ArrowUp")
    expect(visit_of(page, day)).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Move…").press("Enter")
    dialog.get_by_label("Time").focus()
    page.keyboard.type("10:00")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Move the visit").press("Enter")

    expect(page.get_by_text("is moved to")).to_be_visible()
    assert stands_at(site, day)[1][0] == day.begins + timedelta(hours=1)


def test_a_stretch_that_is_drawn_is_blocked_once_its_visits_were_named(
    page: Page, site: Site, day: Day
):
    page.goto(day.address)
    ready(page)
    dialog = draw_over_visit(page, day)
    dialog.get_by_label("Reason (no patient names)").fill("Course")
    dialog.get_by_role("button", name="Block the time").click()

    # Tables begin with the family name.
    named = dialog.get_by_role("row").filter(has_text=day.patient.split()[-1])
    expect(named).to_be_visible()
    expect(page.get_by_text("Blocked: Course")).to_have_count(0)
    dialog.get_by_role("button", name="Block it, 1 to be moved").click()
    expect(page.get_by_text("Blocked: Course")).to_be_visible()
    # The calendar itself has no such list.
    expect(page.get_by_text("they are listed in the doctor's plan")).to_be_visible()
    expect(free_time(page, day.doctor, "09:20")).to_have_count(0)
    expect(visit_of(page, day)).to_be_visible()


def test_a_whole_day_is_blocked_without_typing_times(page: Page, site: Site, day: Day):
    page.goto(day.address)
    ready(page)
    dialog = draw_over_visit(page, day)

    dialog.get_by_text("The whole day").click()
    expect(dialog.get_by_role("spinbutton", name="hour, From")).to_be_disabled()
    ready(page)
    dialog.get_by_role("button", name="Block the time").click()
    dialog.get_by_role("button", name="Block it, 1 to be moved").click()

    expect(visit_of(page, day)).to_contain_text("To be moved")
    expect(page.get_by_role("button", name="To be moved, Expected")).to_be_visible()
    midnight = day.begins.replace(hour=0)
    assert site.write(lambda session: blocked(session, day)) == [
        (midnight, midnight + timedelta(days=1))
    ]


def blocked(session, day: Day) -> list[tuple[datetime, datetime]]:
    """Return the times of the doctor that are blocked."""
    times = select(ScheduleException.starts_at, ScheduleException.ends_at)
    whose = times.where(ScheduleException.doctor_id == day.doctor_id)
    return [tuple(row) for row in session.execute(whose)]


def test_what_a_colleague_books_is_there_without_a_click_and_a_free_time_is_booked(
    page: Page, site: Site, day: Day
):
    page.goto(day.address)
    ready(page)
    expect(page.get_by_text("Booked", exact=True)).to_have_count(0)
    page.evaluate(_WATCH_SHIFTS)

    site.write(lambda session: take(session, day, minutes=20))

    expect(free_time(page, day.doctor, "09:20")).to_have_count(0, timeout=30_000)
    # And nothing shifts.
    assert page.evaluate("window.shifts") == 0

    # A free time leads to booking, and is held for whoever is selected.
    free_time(page, day.doctor, "09:40").click()
    expect(page.get_by_text("is held as soon as a patient is selected")).to_be_visible()
    field = page.get_by_label("Patient", exact=True)
    option = page.get_by_role("option", name=day.patient.split()[-1]).first
    type_and_choose(page, field, day.patient.replace(",", ""), option)
    expect(page.get_by_role("button", name="Confirm visit")).to_be_visible()
    expect(page.get_by_text(", 09:40").first).to_be_visible()


_WATCH_SHIFTS = """() => {
    window.shifts = 0
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) window.shifts += entry.value
    }).observe({type: "layout-shift"})
}"""


@pytest.fixture
def phone(site: Site) -> Iterator[Page]:
    """The calendar on a phone, in the dark scheme."""
    with site.lend(Role.STAFF, scheme="dark", width=390) as page:
        yield page


def test_the_calendar_fits_on_a_phone(phone: Page, day: Day):
    phone.goto(day.address)
    ready(phone)

    expect(visit_of(phone, day)).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
