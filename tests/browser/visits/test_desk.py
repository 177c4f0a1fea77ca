"""The front desk in a real browser: scanners type codes, keys do the rest."""

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from db.models.booking import Appointment
from tests.browser.conftest import Site, lines_of, ready
from tests.kit import cast
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon

pytestmark = pytest.mark.browser


@pytest.fixture
def doctor() -> str:
    """The name of a doctor with whom no other test has visits."""
    return f"Dr. Dora Whittaker {uuid4().hex[:8]}"


@pytest.fixture
def code_of(site: Site, doctor: str) -> Callable[..., str]:
    """Make a visit that begins in so many minutes; return its ticket's code."""

    def make(minutes: float, **values: object) -> str:
        def add(session) -> str:
            patient_id = cast.add_patient(session, cast.invent_patient()).id
            doctor_id = cast.add_doctor(session, name=doctor).id
            made = visit_samples.visit(
                session, doctor_id, patient_id, soon(minutes), **values
            )
            return session.get_one(Appointment, made).code

        return site.write(add)

    return make


def open_desk(page: Page) -> Page:
    page.goto("/desk")
    ready(page)
    return page


def scan(page: Page, code: str) -> None:
    """Type as a scanner does, into whatever has the focus."""
    page.keyboard.type(code, delay=2)
    page.keyboard.press("Enter")


def row_with(page: Page, text: str):
    return page.get_by_role("row").filter(has_text=text)


def test_two_tickets_are_scanned_one_after_the_other_without_a_mouse(
    page: Page, code_of, doctor
):
    codes = [code_of(-1), code_of(1)]
    open_desk(page)
    field = page.get_by_label("Scan the ticket, or type its code")
    field.focus()

    for code in codes:
        scan(page, code)
        expect(page.get_by_text("is checked in for")).to_be_visible()
        ready(page)
        expect(field).to_have_value("")

    waiting = page.get_by_role("table", name="Waiting")
    expect(waiting.get_by_role("row").filter(has_text=doctor)).to_have_count(2)
    expect(waiting).to_contain_text("Waiting 0 min")
    scan(page, codes[0])
    expect(page.get_by_text("is checked in already")).to_be_visible()


def test_a_visit_is_checked_in_and_completed_by_the_keyboard(
    page: Page, code_of, doctor: str
):
    code_of(2)
    open_desk(page)

    row_with(page, doctor).get_by_role("button", name="Check in").press("Enter")
    expect(page.get_by_text("is checked in for")).to_be_visible()
    ready(page)

    # Doctor and room fit on one line.
    waiting = page.get_by_role("table", name="Waiting").locator(row_with(page, doctor))
    with_whom = waiting.get_by_role("cell").nth(1)
    expect(with_whom).to_contain_text(doctor)
    assert lines_of(with_whom) == 1

    # The date of birth is shown for asking the patient, and each step is undone where
    # it was made.
    expect(waiting).to_contain_text("born ")
    waiting.get_by_role("button", name="Call in").press("Enter")
    inside = page.get_by_role("table", name="In the room")
    inside = inside.locator(row_with(page, doctor))
    expect(inside).to_contain_text("In the room")
    ready(page)
    inside.get_by_role("button", name="Undo: back to waiting").press("Enter")
    expect(waiting).to_be_visible()
    ready(page)

    waiting.get_by_role("button", name="Seen").press("Enter")
    expect(page.get_by_text("is over.")).to_be_visible()
    over = row_with(page, "Seen").filter(has_text=doctor)
    expect(over).to_be_visible()
    ready(page)
    over.get_by_role("button", name="Undo: not seen yet").press("Enter")
    expect(waiting).to_contain_text("Waiting")


def test_the_second_click_of_a_double_click_does_not_act_on_what_moved_below_it(
    page: Page, code_of, doctor: str
):
    code_of(-3)
    code_of(-2)
    open_desk(page)
    expected = page.get_by_role("table", name="Expected").locator(
        row_with(page, doctor)
    )
    expected.first.get_by_role("button", name="Did not come").click()
    done = page.get_by_role("table", name="Done").locator(row_with(page, doctor))
    undo = done.get_by_role("button", name="Check in")
    expect(undo).to_be_visible()
    ready(page)

    undo.hover()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)

    expected.get_by_role("button", name="Check in").click()
    waiting = page.get_by_role("table", name="Waiting").locator(row_with(page, doctor))
    expect(waiting).to_have_count(1)
    expect(done).to_have_count(1)


def test_a_printed_desk_says_its_day_and_has_no_place_for_actions(
    page: Page, code_of, doctor: str
):
    code_of(-3, status="no-show")
    code_of(-2, status="cancelled", cancelled_at=soon(-5))
    open_desk(page)
    done = page.get_by_role("table", name="Done").locator(row_with(page, doctor))
    expect(done).to_have_count(2)
    said = page.get_by_text("as of")
    expect(said).to_have_text(re.compile(r"^\w+day \d{1,2} \w+ \d{4} · as of "))

    page.emulate_media(media="print")
    # With whom and in what state; a cancelled visit can only be looked at anyway.
    for row in done.all():
        expect(row.get_by_role("cell").filter(visible=True)).to_have_count(3)


@pytest.fixture
def phone(site: Site) -> Iterator[Page]:
    """The front desk on a phone, in the dark scheme."""
    with site.lend(scheme="dark", width=390) as page:
        yield page


def test_the_queue_fits_on_a_phone(phone: Page, code_of):
    code_of(3)

    open_desk(phone)

    expect(phone.get_by_role("heading", name="Expected")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    # In German and other languages the labels beside the icons need more than one line.
    act = phone.get_by_role("button", name="Check in").last
    act.evaluate(
        "act => { for (let n = 0; n < 3; n++) act.after(act.cloneNode(true)) }"
    )
    cell = phone.get_by_role("cell").filter(has=act).last
    assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
