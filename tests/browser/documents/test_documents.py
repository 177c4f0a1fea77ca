"""A document's life in a real browser: uploaded, found, read, replaced, deleted."""

import hashlib
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from db.models.document import Document, DocumentVersion
from services.core.actors import Role
from tests.browser.conftest import Site, file_pdf, lines_of, ready, requested, turn_to
from tests.browser.documents.filing import address_of, file_letter
from tests.browser.patients.test_front_desk import add_patient, unlike
from tests.services.pdf.samples import letter

pytestmark = pytest.mark.browser


@pytest.fixture
def pdf(tmp_path: Path) -> Callable[..., Path]:
    """Write a letter of these pages to a file."""

    def pdf(name: str, *pages: str) -> Path:
        path = tmp_path / name
        path.write_bytes(letter(*pages))
        return path

    return pdf


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def choose(where: Page | Locator, *files: Path) -> None:
    """Choose files in the uploader."""
    where.locator("input[type=file]").set_input_files(files)


def search(page: Page, text: str) -> None:
    """Search the documents."""
    page.goto("/documents")
    box = page.get_by_label("Search documents")
    box.fill(text)
    box.press("Enter")


def open_part(page: Page, name: str) -> None:
    """Open one of a document's parts."""
    page.get_by_role("tab", name=name).click()
    ready(page)


def downloaded(page: Page, link: Locator) -> bytes:
    """Return the bytes that a link sends."""
    with page.expect_download() as download:
        link.click()
    return Path(download.value.path()).read_bytes()


def sha256_of(site: Site, page: Page) -> str:
    """Return the SHA-256 in the database of the open document's latest version."""
    (document_id,) = re.findall("document=([0-9a-f-]{36})", page.url)

    def read(session):
        document = session.get(Document, document_id)
        return (
            session.query(DocumentVersion.sha256)
            .filter_by(document_id=document_id, number=document.latest)
            .scalar()
        )

    return bytes(site.read_primary(read)).hex()


def test_a_document_is_found_read_replaced_compared_and_deleted(
    site: Site, page: Page, pdf
):
    last, finding = unlike(), unlike()
    patient = add_patient(site, "Grete", last)
    file_letter(site, "Findings", f"Suspected {finding}", of=patient)

    # The search finds it by a word in its text, and marks the word.
    search(page, finding)
    row = page.get_by_role("row").filter(has_text=f"{last}, Grete")
    expect(row.locator("mark").first).to_have_text(finding)

    # It is shown as pictures, and downloaded byte for byte.
    row.get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_alt_text("Page 1 of 1")).to_be_visible()
    first = downloaded(page, page.get_by_role("link", name="Download version 1"))
    assert hashlib.sha256(first).hexdigest() == sha256_of(site, page)

    # A new version is compared with the one before.
    page.get_by_role("button", name="Replace").click()
    new = pdf("second.pdf", f"Suspected {finding}, now confirmed")
    choose(dialog(page), new)
    dialog(page).get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_text("Version 2 is saved")).to_be_visible()
    second = downloaded(page, page.get_by_role("link", name="Download version 2"))
    assert second == new.read_bytes()
    open_part(page, "Versions")
    page.get_by_role("button", name="Compare version 1 with 2").click()
    expect(page.locator("mark", has_text="confirmed").first).to_be_visible()
    page.get_by_role("button", name="Back to the document").click()

    # It is deleted and restored.
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog(page)).to_contain_text("You can restore it until")
    dialog(page).get_by_role("button", name="Delete document").click()
    expect(page.get_by_text("This document is deleted.")).to_be_visible()
    page.get_by_role("button", name="Restore").first.click()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_be_visible()


def test_an_upload_opens_in_a_tab_whose_pages_come_as_one_scrolls(page: Page, pdf):
    with requested(page.context) as addresses:
        file_pdf(page, pdf(f"{unlike()}.pdf", *(f"Page {n}" for n in range(30))))
        # A link in a message opens a new tab.
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Open it").click()
        tab = opened.value
        region = tab.get_by_role("region", name=re.compile("Pages of version 1"))
        tab.get_by_alt_text("Page 1 of 30").wait_for()
        assert not [url for url in addresses if "/pages/20.png" in url]

        region.focus()
        region.press("End")

        expect(tab.get_by_alt_text("Page 30 of 30")).to_be_visible()
        expect(tab.get_by_text("Page 30 of 30")).to_be_visible()
        width = region.locator(".page").first.evaluate("box => box.offsetWidth")
        region.press("+")
        assert region.locator(".page").first.evaluate("box => box.offsetWidth") > width
        region.press("Home")
        expect(tab.get_by_text("Page 1 of 30")).to_be_visible()
    assert not [url for url in addresses if "/pages/15.png" in url]
    assert_no_record_on_media(addresses)


def assert_no_record_on_media(addresses: list[str]) -> None:
    """Expect that nothing was requested on Streamlit's own route for files."""
    assert addresses
    assert not [url for url in addresses if urlsplit(url).path.startswith("/media/")]


def test_a_preview_is_used_by_keyboard_and_a_long_title_breaks_no_word_beside_it(
    site: Site, page: Page
):
    word = unlike()
    long = f"{word} findings of the examination of the heart at the hospital " * 2
    file_letter(site, long.strip(), "First", "Second")
    with requested(page) as addresses:
        search(page, word)
        row = page.get_by_role("row").filter(has_text=long.strip())
        unfiled = row.get_by_text("Unfiled", exact=True)
        expect(unfiled).to_be_visible()
        assert lines_of(unfiled) == 1

        preview = ready(page).get_by_role("button", name=f"Preview {word}").first
        preview.press("Enter")
        following = dialog(page).get_by_role("button", name="Next page")
        following.wait_for()
        for _ in range(4):
            if following.evaluate("button => button.matches(':focus')"):
                break
            page.keyboard.press("Tab")
        expect(following).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog(page).get_by_text("Page 2 of 2")).to_be_visible()
        # The last page has no next one, so that button has lost the focus.
        expect(dialog(page).get_by_role("button", name="Previous page")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog(page)).to_be_hidden()
        # It is in the shadow of its table.
        expect(preview).to_be_focused()
    assert_no_record_on_media(addresses)


def test_a_clinicians_phone_shows_a_document_without_sideways_scrolling(site: Site):
    title = uuid4().hex * 2
    document_id = file_letter(site, title, "A very long name", by=Role.CLINICIAN)
    with site.lend(Role.CLINICIAN, width=390) as page:
        page.goto(address_of(document_id))
        page.get_by_role("tab", name="Details").wait_for()

        for name in ("Preview", "Versions", "Links", "Who opened it", "Details"):
            open_part(page, name)
            is_narrow = "document.documentElement.scrollWidth <= window.innerWidth"
            assert page.evaluate(is_narrow), name


def test_a_photo_of_a_paper_becomes_a_document_and_stays_as_it_was_taken(page: Page):
    taken, title = BytesIO(), unlike()
    Image.new("RGB", (900, 1200), "white").save(taken, "JPEG")
    photo = taken.getvalue()
    file_pdf(page, {"name": f"{title}.jpg", "mimeType": "image/jpeg", "buffer": photo})

    turn_to(page, page.get_by_role("link", name="Open it").get_attribute("href") or "")

    expect(page.get_by_alt_text("Page 1 of 1")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    pages = downloaded(page, page.get_by_role("link", name="Download version 1"))
    assert pages.startswith(b"%PDF-")
    assert downloaded(page, page.get_by_role("link", name="Original")) == photo


def test_a_file_that_is_refused_does_not_borrow_the_verdict_on_another(
    page: Page, pdf, tmp_path: Path
):
    note = tmp_path / "note.txt"
    note.write_text("hello")
    page.goto("/check_prescription")
    choose(ready(page), pdf("first.pdf", "not signed"))
    expect(page.get_by_text("It is not signed.")).to_be_visible()

    choose(page, note)

    verdict = page.get_by_test_id("stMarkdown").filter(has_text="first.pdf")
    expect(verdict).to_be_visible()
