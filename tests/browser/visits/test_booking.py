"""Two people and one time: held, counted down, booked, lost, given back."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.models.booking import Booking, BookingSlot, Slot
from db.models.user import User
from db.postgres import SYSTEM
from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import add_patient, unlike
from tests.kit import cast
from tests.services.visits.schedule.plans.samples import take
from tests.services.visits.slot_samples import week_of_slots

pytestmark = pytest.mark.browser


def next_monday() -> date:
    today = datetime.now(UTC).date()
    return today + timedelta(days=7 - today.weekday())


def free_first_hours(session: Session) -> None:
    """Free the patients with accounts in the hours of a week of slots."""
    begins = datetime.combine(next_monday(), time(), UTC)
    hour = func.extract("hour", func.timezone("UTC", BookingSlot.starts_at))
    session.execute(
        delete(BookingSlot).where(
            BookingSlot.starts_at.between(begins, begins + timedelta(days=7)),
            hour.between(8, 9),
            BookingSlot.patient_id.in_(select(User.patient_id)),
        )
    )


@pytest.fixture
def dora(site: Site) -> str:
    """The address of a doctor with an hour of slots on each day of a week."""

    def add(session) -> UUID:
        doctor_id = cast.add_doctor(session, name=f"Dora {unlike()}").id
        week_of_slots(session, doctor_id, next_monday(), hours=(8, 9))
        return doctor_id

    return f"/doctor?doctor={site.write(add)}"


@pytest.fixture
def maya(site: Site) -> Iterator[Page]:
    """A patient's first page; her other bookings are out of the way."""
    site.write(free_first_hours)
    with site.lend(Role.PATIENT) as page:
        yield page


def test_a_chosen_speciality_is_read_in_the_dark(site: Site, dora: str):
    with site.lend(Role.PATIENT, scheme="dark", at="/book") as page:
        speciality = (
            page.get_by_role("radiogroup", name="Speciality").get_by_role("radio").first
        )
        speciality.click()
        expect(speciality).to_be_checked()

        # The colour of links: the primary colour has white text there.
        expect(speciality).to_have_css("color", "rgb(92, 200, 207)")


def time_of(page: Page, text: str) -> Locator:
    """Return the button that holds a time of the first day."""
    return page.get_by_role("button", name=re.compile(f"^Hold Monday .*, {text}$"))


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    return ready(page)


def let_run_out(site: Site, *, seconds: float) -> None:
    """Let every hold end in so many seconds."""
    ends = datetime.now(UTC) + timedelta(seconds=seconds)

    def change(session) -> None:
        session.execute(
            update(BookingSlot).where(BookingSlot.status == "held"),
            {"expires_at": ends},
        )
        session.execute(
            update(Booking).where(Booking.status == "pending"), {"expires_at": ends}
        )

    site.write(change)


def test_two_people_want_one_time_and_each_sees_the_truth(
    site: Site, page: Page, maya: Page, dora: str
):
    other = add_patient(site, "Grete", unlike())
    opened(maya, dora)
    opened(page, f"{dora}&patient={other}")

    time_of(maya, "08:20").click()
    expect(maya.get_by_role("timer")).to_be_visible()
    # The other page still shows it as free; the database decides who gets it.
    time_of(page, "08:20").click()

    expect(page.get_by_text("was just taken.")).to_be_visible()
    expect(page.get_by_text("It may be free again at")).to_be_visible()
    expect(page.get_by_text("being booked, free at")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_count(0)
    maya.get_by_role("button", name="Confirm visit").click()
    expect(maya.get_by_role("link", name="Ticket")).to_be_visible()
    expect(maya.get_by_text("your visit")).to_be_visible()

    # A click holds one of the next free times, and another click a different one
    # instead.
    page.get_by_role("button", name=re.compile("Mon .*, 08:40")).click()
    expect(page.get_by_role("timer")).to_be_visible()
    expect(time_of(page, "08:40")).to_have_count(0)
    time_of(ready(page), "08:00").click()
    expect(time_of(page, "08:40")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_count(1)
    page.get_by_role("button", name="Confirm visit").click()
    expect(page.get_by_role("link", name="Ticket")).to_be_visible()
    expect(page.get_by_text("patient's visit")).to_be_visible()
    expect(page.get_by_text("your visit")).to_have_count(0)


def test_a_time_of_any_doctor_that_was_just_taken_is_said_in_sight(
    site: Site, page: Page
):
    speciality = f"Knees {unlike()}"

    def add(session) -> UUID:
        doctor = cast.add_doctor(session, speciality=speciality).id
        return week_of_slots(session, doctor, next_monday(), hours=(8, 16))[20]

    def be_quicker(session) -> None:
        slot = session.get_one(Slot, slot_id)
        take(session, slot, cast.add_patient(session, cast.invent_patient()))

    slot_id = site.write(add)
    opened(page, f"/book?patient={add_patient(site, 'Grete', unlike())}")
    page.get_by_role("radio", name=speciality).click()
    # Far down, where a message at the top of the page would not be seen.
    late = time_of(page, "14:40")
    late.scroll_into_view_if_needed()
    site.write(be_quicker)
    late.click()

    said = page.get_by_text("was just taken.")
    expect(said).to_be_in_viewport()
    expect(page.locator(":focus")).to_contain_text("was just taken.")
    expect(late).to_have_count(0)
    page.get_by_role("button", name=re.compile("Mon .*, 15:00")).click()
    expect(page.get_by_role("timer")).to_be_visible()
    expect(said).to_have_count(0)


def test_a_hold_counts_down_and_frees_itself(
    site: Site, page: Page, maya: Page, dora: str
):
    opened(maya, dora)
    time_of(maya, "08:00").click()
    timer = maya.get_by_role("timer")
    expect(timer).to_have_text(re.compile("^(2:00|1:5[0-9])$"))
    before = timer.inner_text()
    expect(timer).not_to_have_text(before)
    maya.get_by_role("button", name="2 more minutes").click()
    expect(maya.get_by_role("button", name="2 more minutes")).to_have_count(0)

    opened(page, f"{dora}&patient={add_patient(site, 'Hedwig', unlike())}")
    expect(page.get_by_text("being booked, free at")).to_be_visible()
    let_run_out(site, seconds=6)
    maya.get_by_label("What is the visit at 08:00 about?").fill("My knee")
    maya.keyboard.press("Tab")
    page.get_by_text("Day", exact=True).first.click()
    expect(timer).to_have_text(re.compile("^0:0[0-6]$"))

    # Nobody touches either page from here on.
    expect(maya.get_by_text("has expired")).to_be_visible()
    expect(timer).to_have_count(0)
    expect(time_of(maya, "08:00")).to_be_visible()
    expect(time_of(page, "08:00")).to_be_visible()


def test_each_tab_confirms_its_own_time_and_a_closed_one_frees_its_own(
    site: Site, maya: Page, dora: str
):
    opened(maya, dora)
    time_of(maya, "08:00").click()
    expect(maya.get_by_role("timer")).to_be_visible()
    other = opened(maya.context.new_page(), dora)
    time_of(other, "08:40").click()
    expect(other.get_by_role("timer")).to_have_count(2)

    # One click confirms, whatever else is held meanwhile.
    maya.bring_to_front()
    maya.get_by_role("button", name="Confirm visit").click()
    expect(maya.get_by_role("link", name="Ticket")).to_be_visible()

    other.close(run_before_unload=True)

    opened(maya, dora)
    expect(time_of(maya, "08:40")).to_be_visible()
    # Its two minutes are not over: the tab itself has reported that it is closed.
    (status, ran_out) = site.database.read_latest(_last_booking, identity=SYSTEM).value
    assert (status, ran_out) == ("cancelled", False)


def _last_booking(session) -> tuple[str, bool]:
    newest = select(Booking).order_by(Booking.created_at.desc()).limit(1)
    booking = session.scalars(newest).one()
    return booking.status, booking.ended_at >= booking.expires_at


def test_a_visit_is_booked_by_the_keyboard_alone(maya: Page, dora: str):
    opened(maya, dora)
    press_until(maya, "Tab", "^Hold Monday .*, 08:00$")
    maya.keyboard.press("ArrowDown")
    assert re.search(", 08:20$", focused(maya))

    maya.keyboard.press("Enter")
    expect(maya.get_by_role("timer")).to_be_visible()
    press_until(maya, "Tab", "^What is the visit at 08:20 about")
    maya.keyboard.type("My knee")
    press_until(maya, "Tab", "Confirm visit")
    maya.keyboard.press("Enter")

    expect(maya.get_by_role("link", name="Ticket")).to_be_visible()
    expect(maya.get_by_text("your visit")).to_be_visible()


def test_enter_in_the_note_books_once_with_what_was_typed(
    site: Site, maya: Page, dora: str
):
    opened(maya, dora)
    time_of(maya, "08:20").click()
    note = maya.get_by_label("What is the visit at 08:20 about?")
    note.fill("My left knee")

    note.press("Enter")
    # Somebody impatient; the field may be gone.
    maya.keyboard.press("Enter")

    expect(maya.get_by_role("link", name="Ticket")).to_be_visible()
    noted = select(Booking.status).where(Booking.note == "My left knee")
    assert site.read_primary(lambda s: s.scalars(noted).all()) == ["confirmed"]


def focused(page: Page) -> str:
    """Return the name of the focused element, as a screen reader announces it."""
    name: str = page.evaluate(
        """() => {
            let at = document.activeElement
            while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
            return at?.ariaLabel || at?.labels?.[0]?.innerText || at?.innerText || ""
        }"""
    )
    return name.strip()


def press_until(page: Page, key: str, name: str) -> None:
    """Press the key until the element of this name has the focus."""
    ready(page)
    for _ in range(80):
        page.keyboard.press(key)
        if re.search(name, focused(page)):
            return
    raise AssertionError(f"The keyboard does not lead to {name}.")


@pytest.fixture
def in_english_again(site: Site) -> Iterator[None]:
    """Reset the patient's choice of a language, for later tests."""
    yield
    forgotten = update(User).values(language=None)
    site.write(lambda s: s.execute(forgotten) and None)


@pytest.mark.usefixtures("in_english_again")
def test_a_visit_is_booked_in_german(maya: Page, dora: str):
    opened(maya, dora)
    maya.get_by_role("button", name=cast.MAYA.name).click()
    maya.get_by_role("menuitemradio", name="Deutsch").click()
    expect(maya.locator("html")).to_have_attribute("lang", "de")
    expect(maya.get_by_role("link", name="Meine Akte")).to_be_visible()

    maya.get_by_role(
        "button", name=re.compile("^Reservieren Montag, .*, 08:00$")
    ).click()
    maya.get_by_role("button", name="Termin bestätigen").click()

    expect(maya.get_by_text("Weiteren Termin buchen")).to_be_visible()
