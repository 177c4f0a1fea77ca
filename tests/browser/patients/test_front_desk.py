"""A day at the front desk, in a real browser."""

import re
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from playwright.sync_api import Frame, Page, expect
from sqlalchemy.orm import Session

from services.core.actors import Role
from services.patients.records import patients
from tests.browser.choosing import type_and_press_enter
from tests.browser.conftest import Site, open_from_menu, ready, requested
from tests.kit import cast

pytestmark = pytest.mark.browser

# As while it grows: there is more in it than it shows.
_SCROLL_WHILE_SMALL = """
panel => {
    const details = panel.querySelector("details")
    details.style.maxHeight = "60px"
    details.scrollTop = 20
    return details.scrollTop
}
"""


def register(page: Page, *, first_name: str, last_name: str, **fields: str) -> None:
    """Fill in and send the form of a new patient."""
    page.goto("/register")
    values = {
        "First name": first_name,
        "Last name": last_name,
        "Date of birth": "1984-02-29",
        "Phone number": "01632 960 000",
        **fields,
    }
    ready(page)
    for label, value in values.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Register patient").click()


def registered(page: Page, first_name: str, last_name: str, **fields: str) -> str:
    """Register a patient who resembles nobody; return the address of the record.

    Tests in other files register people of the same first name and date of birth: with
    the same phone number as well, they would be offered as the same person.
    """
    fields = {"Phone number": a_number()} | fields
    register(page, first_name=first_name, last_name=last_name, **fields)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"{last_name}, {first_name}"
    )
    return ready(page).url


def add_patient(site: Site, first_name: str, last_name: str, **fields: Any) -> UUID:
    """Register a patient without any page, and return the id."""

    def add(session: Session) -> UUID:
        clerk = cast.get_demo(session)[Role.STAFF]
        draft = cast.invent_patient(
            first_name=first_name,
            last_name=last_name,
            date_of_birth=date(1984, 2, 29),
            **fields,
        )
        today = datetime.now(UTC).date()
        return patients.register(session, clerk, draft, today=today).id

    return site.write(add)


def record_of(patient_id: UUID) -> str:
    """Return the address of a patient's record."""
    return f"/patient?patient={patient_id}"


def unlike() -> str:
    """Return a unique name."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex[:10]).title()


def a_number() -> str:
    """Return a unique phone number."""
    return f"01632 {uuid4().int % 10**9:09}"


def find(page: Page, text: str) -> None:
    """Find somebody with the search, from any page."""
    open_from_menu(page, "Patients", "Patients")
    box = page.get_by_label("Search patients")
    box.fill(text)
    box.press("Enter")


def test_a_patient_is_registered_found_and_changed_and_in_no_address(
    page: Page,
):
    last, shown = unlike(), []

    def note(frame: Frame) -> None:
        shown.append(frame.url)

    page.on("framenavigated", note)
    with requested(page.context) as addresses:
        registered(page, "Grete", last, **{"E-mail": f"{last}@example.org"})
        open_from_menu(page, "Patients", "Patients")
        page.get_by_label("Search patients").wait_for()
        tab_to(page, "Search patients")
        page.keyboard.type(last)
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"1 patient matching “{last}”")).to_be_visible()
        page.get_by_text("Filters and order").click()
        page.get_by_role("button", name="Add filter").click()
        page.get_by_label("Value", exact=True).fill(last)
        ready(page).get_by_role("button", name="Show patients").click()
        expect(page.get_by_text(f"whose last name is “{last}”")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()

        tab_to(page, f"{last}, Grete")
        page.keyboard.press("Enter")
        title = page.get_by_role("heading", level=1)
        expect(title).to_have_text(f"{last}, Grete")
        tab_to(page, "Edit")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Address")).to_be_visible()
        tab_to(page, "Address")
        page.keyboard.type("9 Key Street")
        tab_to(page, "Save changes")
        page.keyboard.press("Enter")
        expect(page.get_by_role("cell", name="9 Key Street")).to_be_visible()
    page.remove_listener("framenavigated", note)

    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert last in lines[1]
    seen = addresses + shown
    assert len(seen) > 20
    assert not [url for url in seen if last.lower() in url.lower()]


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of this name has the focus."""
    # An element that is still to be drawn cannot be reached, and takes the focus away.
    ready(page)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED_NAME) == name:
            return
    pytest.fail(f"The keyboard does not reach “{name}”.")


# Also looks into shadow roots, where the table is.
FOCUSED_NAME = """() => {
  let element = document.activeElement
  while (element?.shadowRoot?.activeElement) {
    element = element.shadowRoot.activeElement
  }
  const label = element?.getAttribute('aria-label')
    || element?.labels?.[0]?.innerText || element?.innerText || ''
  const lines = label.trim().split('\\n')
  return lines[lines.length - 1]
}"""


def test_a_list_is_sorted_searched_come_back_to_shared_and_opened_by_its_rows(
    site: Site, page: Page
):
    last = unlike()
    add_patient(site, "Emil", last)
    page.goto("/patients")

    # The whole list is sorted, by the database.
    ready(page).get_by_role("button", name="Date of birth").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text(
        "Date of birtharrow_upward"
    )
    oldest = page.get_by_role("rowheader").first.inner_text()
    page.get_by_role("button", name="Date of birth").click()
    expect(page.locator("th[aria-sort=descending]")).to_be_visible()
    expect(page.get_by_role("rowheader").first).not_to_have_text(oldest)

    # The back button returns to the list before.
    box = page.get_by_label("Search patients")
    box.fill(last)
    box.press("Enter")
    expect(page.get_by_text("1 patient matching")).to_be_visible()
    box.fill("xyzzy")
    box.press("Enter")
    expect(page.get_by_text("No patients matching")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("1 patient matching")).to_be_visible()
    expect(box).to_have_value(last)

    # Its address opens the list on a tablet too, without anything from this profile.
    with site.lend(has_touch=True) as colleague:
        colleague.goto(page.url)
        expect(colleague.get_by_role("link", name=f"{last}, Emil")).to_be_visible()
    page.bring_to_front()

    # A click anywhere in a row opens the patient.
    row = page.get_by_role("row").filter(has_text=last)
    row.get_by_role("cell", name="29 February 1984").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{last}, Emil")


def test_somebody_is_found_by_telephone_and_year_and_registered_if_nobody_is(
    site: Site, page: Page
):
    last, number = unlike(), a_number()
    add_patient(site, "Emil", last, phone_number=number)
    page.goto("/patients")
    box = ready(page).get_by_label("Search patients")
    row = page.get_by_role("row").filter(has_text=f"{last}, Emil")

    for typed in (number.replace(" ", ""), f"{last.lower()} 1984"):
        box.fill(typed)
        box.press("Enter")
        expect(page.get_by_text(f"1 patient matching “{typed}”")).to_be_visible()
        expect(row).to_be_visible()

    first = unlike()
    nobody = f"{first} Nobody"
    box.fill(nobody)
    box.press("Enter")
    expect(page.get_by_text("No patients match.")).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)
    page.get_by_role("button", name=f"Register “{nobody}”").click()
    expect(page.get_by_label("First name")).to_have_value(first)
    expect(page.get_by_label("Last name")).to_have_value("Nobody")


def test_whoever_keeps_the_other_record_keeps_its_values_too(site: Site, page: Page):
    last, number = unlike(), a_number()
    older, newer = (
        add_patient(site, first, last, phone_number=number, address=road)
        for first, road in (("Wilhelmina", "1 Old Road"), ("Wilhelmine", "2 New Road"))
    )
    page.goto(f"/merge?patient={older}&other={newer}")
    expect(page.get_by_text("Kept: Wilhelmina")).to_be_visible()

    ready(page).get_by_role("button", name="Keep the other one").click()
    expect(page.get_by_text("Kept: Wilhelmine")).to_be_visible()
    ready(page).get_by_role("button", name="Merge", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("cell", name="Wilhelmine", exact=True)).to_be_visible()
    expect(dialog.get_by_role("cell", name="2 New Road")).to_be_visible()
    page.get_by_role("button", name="Merge records").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"{last}, Wilhelmine")
    expect(page.get_by_role("cell", name="2 New Road")).to_be_visible()


def test_a_photo_is_taken_from_the_desk_to_the_header(site: Site, page: Page):
    kept = BytesIO()
    Image.new("RGB", (640, 480), "teal").save(kept, "JPEG")
    page.goto(record_of(add_patient(site, "Photo", unlike())))
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Photo").click()

    page.locator("input[type=file]").set_input_files(
        {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": kept.getvalue()}
    )
    expect(page.get_by_text("me.jpg")).to_be_visible()
    page.get_by_role("button", name="Save photo").click()

    photo = page.get_by_role("img", name="Photo of Photo")
    expect(photo).to_be_visible()
    page.wait_for_function("() => document.querySelector('main img').naturalWidth > 0")
    assert "/files/patients/" in str(photo.get_attribute("src"))


@pytest.mark.parametrize("route", ["patient", "visits", "book"])
def test_a_record_number_stays_on_one_line(site: Site, page: Page, route: str):
    page.goto(f"/{route}?patient={add_patient(site, 'Hyphen', unlike())}")

    number = page.locator("strong", has_text=re.compile(r"^\w{3}-\w{3}$"))

    expect(number).to_have_css("white-space", "nowrap")


@pytest.mark.parametrize(
    ("typed", "said"),
    [("09990131", "999-01-31"), ("99991231", "9999-12-31"), ("2025", "2025-MM-DD")],
)
def test_a_day_that_a_field_cannot_send_is_named_and_not_saved_as_another(
    site: Site, page: Page, typed: str, said: str
):
    page.goto(record_of(add_patient(site, "Olden", unlike())))
    ready(page).get_by_role("button", name="More").click()
    page.get_by_role("button", name="Date of death").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("spinbutton").first.click()

    page.keyboard.type(typed)
    # Elsewhere, so that the calendar is no longer in front of the button.
    dialog.get_by_role("heading").click()
    expect(page.get_by_test_id("stDateInputCalendar")).to_be_hidden()
    dialog.get_by_role("button", name="Save").click()

    expect(
        dialog.get_by_text(f"Date of death: “{said}” was not taken.")
    ).to_be_visible()
    ready(page)
    expect(dialog).to_be_visible()


def test_a_refused_day_has_the_focus_and_its_calendar_stays_shut(
    site: Site, page: Page
):
    page.goto(record_of(add_patient(site, "Future", unlike())))
    ready(page).get_by_role("button", name="More").click()
    page.get_by_role("button", name="Date of death").click()
    dialog = page.get_by_role("dialog")
    year = dialog.get_by_role("spinbutton").first
    year.click()
    page.keyboard.type("29990101")
    dialog.get_by_role("heading").click()
    expect(page.get_by_test_id("stDateInputCalendar")).to_be_hidden()

    dialog.get_by_role("button", name="Save").click()

    expect(year).to_be_focused()
    expect(year).to_have_accessible_description(re.compile("Date of death"))
    expect(page.get_by_test_id("stDateInputCalendar")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(year).to_have_text("2998")
    dialog.get_by_role("heading").click(trial=True)


def test_a_few_letters_and_enter_choose_the_term_on_file(page: Page):
    page.goto("/patients")
    ready(page).get_by_text("Filters and order").click()
    page.get_by_role("button", name="Add filter").click()
    field = page.get_by_role("combobox", name="Field", exact=True)
    # What is typed while its row is still being drawn is lost.
    expect(field).to_be_visible()
    type_and_press_enter(page, field, "Allerg", "Allergies")
    value = page.get_by_role("combobox", name="Value", exact=True)

    for typed, meant in (("late", "Latex"), ("penic", "Penicillin")):
        # Typed as fast as people type: just after a choice the field empties itself.
        exactly = re.compile(f"^{meant}$")
        type_and_press_enter(page, value, typed, exactly, delay=100)
        expect(value).to_have_value("")
        ready(page)
    value.press("Escape")
    page.get_by_role("button", name="Show patients").press("Enter")

    expect(page.get_by_text("allergic to Penicillin")).to_be_visible()


def test_a_panel_that_grows_leaves_lists_in_it_open(page: Page):
    """A list is closed by a scroll of what is around it."""
    page.goto("/patients")
    ready(page).get_by_text("Filters and order").click()
    page.get_by_role("button", name="Add filter").click()
    expect(page.get_by_role("combobox", name="Field", exact=True)).to_be_visible()

    scrolled = page.get_by_test_id("stExpander").first.evaluate(_SCROLL_WHILE_SMALL)

    assert scrolled == 0


def test_on_a_phone_nothing_is_written_over_what_is_typed(site: Site):
    with site.lend(at="/patients") as page:
        field = ready(page).get_by_label("Search patients")
        hint = page.get_by_test_id("InputInstructions")
        field.press_sequentially("brandt")
        expect(hint).to_be_visible()

        page.set_viewport_size({"width": 390, "height": 900})

        expect(field).to_have_value("brandt")
        expect(hint).to_be_hidden()
