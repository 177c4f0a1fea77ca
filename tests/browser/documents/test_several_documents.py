"""Several documents chosen in the list at once, and what can be done with them.

What is offered to whom, and what is refused, is tested in tests/pages.
"""

import io
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.choosing import choose as choose_option, type_and_choose
from tests.browser.conftest import Site, ready
from tests.browser.documents.filing import file_letter
from tests.browser.patients.test_front_desk import add_patient, unlike

pytestmark = pytest.mark.browser

_ARE_DRAWN = """() => {
    const tables = [...document.querySelectorAll("*")].map((e) => e.shadowRoot)
    const roots = tables.filter(Boolean)
    const found = roots.flatMap((r) => [...r.querySelectorAll(".thumbnail img")])
    return found.length === 3 && found.every((image) => image.naturalWidth > 0)
}"""


@pytest.fixture
def word(site: Site) -> str:
    """A word in the titles of three documents that were just filed."""
    word = unlike()
    for place in ("first", "second", "third"):
        file_letter(site, f"{word} {place}", f"The {place} letter")
    return word


def search(page: Page, word: str) -> None:
    """List the documents with this word."""
    page.goto("/documents")
    box = ready(page).get_by_label("Search documents")
    box.fill(word)
    box.press("Enter")
    expect(page.get_by_role("row").filter(has_text=word)).to_have_count(3)
    ready(page)


def test_those_that_are_chosen_are_fetched_changed_and_filed_at_once(
    site: Site, page: Page, word: str
):
    last = unlike()
    add_patient(site, "Greta", last)
    search(page, word)
    # Each row has a thumbnail of its first page.
    page.wait_for_function(_ARE_DRAWN)
    page.get_by_role("checkbox", name="Select all on this page").check()
    expect(page.get_by_text("3 documents selected")).to_be_visible()
    page.get_by_role("checkbox", name=f"Select {word} third").uncheck()
    expect(page.get_by_text("2 documents selected")).to_be_visible()

    # They are downloaded as one archive.
    bar = page.get_by_role("group", name="Selected documents")
    with page.expect_download() as download:
        bar.get_by_role("link", name="Download").click()
    with ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert set(archive.namelist()) == {f"{word} first.pdf", f"{word} second.pdf"}

    bar.get_by_role("button", name="Set type").click()
    dialog = page.get_by_role("dialog")
    choose_option(page, dialog.get_by_label("Type"), "Consent")
    dialog.get_by_role("button", name="Set type of 2 documents").click()
    expect(page.get_by_text("2 documents changed.")).to_be_visible()
    row = page.get_by_role("row")
    expect(row.filter(has_text="Consent")).to_have_count(2)

    # The selection stays.
    bar.get_by_role("button", name="File to patient").click()
    field = dialog.get_by_role("combobox", name="Patient")
    option = dialog.get_by_role("option", name=f"{last}, Greta")
    type_and_choose(page, field, last, option)
    dialog.get_by_role("button", name="File 2 documents").click()
    expect(page.get_by_text("2 documents filed to the patient.")).to_be_visible()
    expect(row.filter(has_text=f"{last}, Greta")).to_have_count(2)

    # Deleted documents are no longer selected.
    bar.get_by_role("button", name="Delete", exact=True).click()
    dialog.get_by_role("button", name="Delete 2 documents").click()
    expect(page.get_by_text("2 documents deleted.")).to_be_visible()
    expect(row.filter(has_text=word)).to_have_count(1)
    expect(page.get_by_text("2 documents selected")).to_have_count(0)
