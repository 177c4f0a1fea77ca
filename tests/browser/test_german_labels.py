"""What Streamlit itself says on a page is German where the page is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser

_ENGLISH = (
    "Add:",
    "Clear",
    "Download as",
    "Fullscreen",
    "Help for",
    "Navigate to",
    "No results",
    "Open",
    "Remove",
    "Selected values",
    "Show data",
    "Skip to",
)
_TOO_LARGE_BYTES = 51_000_000
_LABELS = """() => [...document.querySelectorAll("[aria-label]")]
    .map((element) => element.getAttribute("aria-label"))"""


@pytest.fixture
def german(site: Site) -> Iterator[Page]:
    """The tab of somebody of the staff whose browser prefers German."""
    context = site.visit(None)
    context.set_extra_http_headers({"Accept-Language": "de"})
    site.sign_in_anew(context, Role.STAFF)
    yield context.pages[0]
    context.close()


def _left_english(page: Page) -> list[str]:
    return [label for label in page.evaluate(_LABELS) if label.startswith(_ENGLISH)]


def _go(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()
    ready(page)


def test_labels_of_charts_and_fields_are_german(german: Page):
    _go(german, "/")
    help_for = german.get_by_role("button", name="Hilfe zu Termine heute")
    expect(help_for).to_be_visible()
    expect(german.get_by_role("link", name="Zum Inhalt springen")).to_have_count(1)
    assert _left_english(german) == []

    _go(german, "/register")
    allergies = german.get_by_role("combobox", name="Allergien")
    allergies.fill("Zimtstaub")
    german.get_by_role("option", name="Hinzufügen: Zimtstaub").click()
    # While the list is open, screen readers are shown nothing else.
    german.keyboard.press("Escape")
    expect(german.get_by_role("button", name="Zimtstaub entfernen")).to_have_count(1)
    assert _left_english(german) == []
    german.get_by_role("combobox", name="Geschlecht").fill("Zimt")
    expect(german.get_by_role("option", name="Nichts gefunden")).to_have_count(1)


def test_the_calendar_of_a_day_is_german_in_an_english_browser(german: Page):
    _go(german, "/create_document")
    german.get_by_test_id("stDateInputCalendarButton").first.click()

    calendar = german.get_by_test_id("stDateInputCalendar")
    expect(calendar.locator("th")).to_have_text(list("MDMDFSS"))
    expect(calendar.get_by_role("button", name="Nächster Monat")).to_be_visible()
    expect(calendar.get_by_text("Choose date,")).to_have_count(0)
    expect(calendar.get_by_text("Pfeiltasten wechseln den Tag.")).to_have_count(1)


def test_what_does_not_fit_in_the_bar_is_counted_in_german(site: Site):
    context = site.visit(None, width=768)
    context.set_extra_http_headers({"Accept-Language": "de"})
    site.sign_in_anew(context, Role.ANALYST)
    (page,) = context.pages
    _go(page, "/views")

    expect(page.get_by_role("button", name="2 weitere")).to_be_visible()
    context.close()


def test_what_enter_does_in_a_search_box_is_told_in_german(german: Page):
    _go(german, "/patients")

    german.get_by_role("searchbox", name="Patienten suchen").fill("Zimt")

    expect(german.get_by_text("Eingabetaste übernimmt")).to_be_visible()


def test_a_chart_is_saved_as_a_picture_from_a_german_page(german: Page):
    _go(german, "/")

    with german.expect_download() as begun:
        german.get_by_role("button", name="PNG").last.click()

    assert begun.value.suggested_filename.endswith(".png")


def test_an_empty_day_and_a_chosen_one_are_told_to_screen_readers_in_german(
    german: Page,
):
    _go(german, "/calendar")
    german.get_by_test_id("stPopover").get_by_role("button").first.click()
    german.get_by_test_id("stDateInputCalendarButton").first.click()
    expect(german.get_by_test_id("stDateInputCalendar")).to_be_visible()
    expect(german.get_by_text("Gewählter Tag:").first).to_be_attached()
    expect(german.get_by_text("Selected Date:")).to_have_count(0)

    _go(german, "/create_document")
    part = german.get_by_test_id("stDateInput").get_by_role("spinbutton").first
    expect(part).to_have_attribute("aria-valuetext", "Leer")


def test_all_choices_are_offered_in_german(german: Page):
    _go(german, "/calendar")

    german.get_by_test_id("stMultiSelect").get_by_role("combobox").first.click()

    expect(german.get_by_role("option", name="Alle wählen")).to_be_visible()


def test_a_file_that_is_too_large_is_refused_in_german(german: Page, tmp_path: Path):
    file = tmp_path / "scan.pdf"
    file.touch()
    os.truncate(file, _TOO_LARGE_BYTES)
    _go(german, "/upload_documents")

    german.locator("input[type=file]").set_input_files(file)

    refusal = "Fehler: Die Datei darf höchstens 50,0 MB groß sein."
    expect(german.get_by_test_id("stFileChip")).to_contain_text(refusal)
    expect(german.get_by_role("button", name="Dateien hinzufügen")).to_be_visible()
