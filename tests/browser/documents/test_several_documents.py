"""Several documents at once: chosen in the list, and what becomes of them."""

import io
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from db.models.document import Document
from services.core.actors import Role
from tests.browser.choosing import choose as choose_option, type_and_choose
from tests.browser.conftest import Site, file_pdf, ready
from tests.browser.patients.test_front_desk import add_patient, unlike
from tests.services.pdf.samples import letter

pytestmark = pytest.mark.browser


@pytest.fixture
def word(page: Page, tmp_path: Path) -> str:
    """A word that three documents just filed have in their titles."""
    word = unlike()
    for place in ("first", "second", "third"):
        path = tmp_path / f"{word} {place}.pdf"
        path.write_bytes(letter(f"The {place} letter"))
        file_pdf(page, path)
    return word


def search(page: Page, word: str) -> None:
    """List the documents of this word."""
    page.goto("/documents")
    box = ready(page).get_by_label("Search documents")
    box.fill(word)
    box.press("Enter")
    expect(page.get_by_role("row").filter(has_text=word)).not_to_have_count(0)
    ready(page)


def choose(page: Page, *titles: str) -> None:
    """Tick the rows of these titles."""
    for title in titles:
        page.get_by_role("checkbox", name=f"Select {title}").check()


def ids_of(site: Site, word: str) -> set[UUID]:
    """Return the documents of this word as the primary has them."""
    return site.read_primary(
        lambda s: {
            d.id for d in s.query(Document).filter(Document.title.contains(word))
        }
    )


def test_type_and_patient_are_set_for_all_that_are_chosen(site: Site, page: Page, word):
    last = unlike()
    add_patient(site, "Greta", last)
    search(page, word)
    page.get_by_role("checkbox", name="Select all on this page").check()
    expect(page.get_by_text("3 documents selected")).to_be_visible()
    choose_not = page.get_by_role("checkbox", name=f"Select {word} third")
    choose_not.uncheck()
    expect(page.get_by_text("2 documents selected")).to_be_visible()

    page.get_by_role("button", name="Set type").click()
    dialog = page.get_by_role("dialog")
    choose_option(page, dialog.get_by_label("Type"), "Consent")
    dialog.get_by_role("button", name="Set type of 2 documents").click()
    expect(page.get_by_text("2 documents changed.")).to_be_visible()
    row = page.get_by_role("row")
    expect(row.filter(has_text="Consent")).to_have_count(2)

    # What was chosen still is.
    page.get_by_role("button", name="File to patient").click()
    field = dialog.get_by_role("combobox", name="Patient")
    found = dialog.get_by_role("option", name=f"{last}, Greta")
    type_and_choose(page, field, last, found)
    dialog.get_by_role("button", name="File 2 documents").click()
    expect(page.get_by_text("2 documents filed to the patient.")).to_be_visible()
    expect(row.filter(has_text=f"{last}, Greta")).to_have_count(2)
    page.get_by_role("link", name=f"{last}, Greta").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(last)


def test_what_is_on_hold_stays_and_the_summary_says_so(site: Site, page: Page, word):
    search(page, word)
    choose(page, f"{word} second")
    page.get_by_role("button", name="Legal hold").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Hold documents").click()
    expect(dialog.get_by_text("reason").first).to_be_visible()
    dialog.get_by_role("textbox", name="Reason").fill("Case 7 of 2026")
    dialog.get_by_role("button", name="Hold documents").click()
    expect(page.get_by_text("1 document on legal hold.")).to_be_visible()
    # The sentence is there before the list below it is drawn anew.
    ready(page)
    expect(page.get_by_text("1 document selected")).to_be_visible()

    choose(page, f"{word} first")
    expect(page.get_by_text("2 documents selected")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog.get_by_role("button", name="Delete 2 documents").click()

    expect(page.get_by_text("1 document deleted.")).to_be_visible()
    expect(page.get_by_text(f"Not “{word} second”:")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=word)).to_have_count(2)
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_text("1 document deleted.")).to_have_count(0)


def test_the_chosen_files_come_as_one_archive(site: Site, page: Page, word):
    search(page, word)
    choose(page, f"{word} first", f"{word} third")

    with page.expect_download() as download:
        page.get_by_role("group", name="Selected documents").get_by_role(
            "link", name="Download"
        ).click()

    with ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert set(archive.namelist()) == {f"{word} first.pdf", f"{word} third.pdf"}


def test_each_row_has_a_small_picture_of_its_first_page(site: Site, page: Page, word):
    search(page, word)

    pictures = page.locator(".thumbnail img")
    expect(pictures).to_have_count(3)
    page.wait_for_function("""() => {
        const tables = [...document.querySelectorAll("*")].map((e) => e.shadowRoot)
        const roots = tables.filter(Boolean)
        const found = roots.flatMap((r) => [...r.querySelectorAll(".thumbnail img")])
        return found.length === 3 && found.every((image) => image.naturalWidth > 0)
    }""")


def test_a_patient_sets_neither_type_nor_hold(site: Site, tmp_path: Path):
    with site.lend(Role.PATIENT) as page:
        path = tmp_path / "mine.pdf"
        path.write_bytes(letter("A letter of my own"))
        file_pdf(page, path)
        page.goto("/documents")
        ready(page).get_by_role("checkbox", name="Select all on this page").check()

        bar = page.get_by_role("group", name="Selected documents")
        expect(bar.get_by_role("button")).to_have_text(["deleteDelete"])
        expect(bar.get_by_role("link")).to_have_text(["downloadDownload"])
