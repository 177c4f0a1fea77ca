"""A document's whole life in a real browser: from a form to its restoration."""

import hashlib
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from db.models.document import Document, DocumentVersion
from services.core.actors import Role
from tests.browser.conftest import Site, file_pdf, file_pdf_here, ready, requested
from tests.browser.patients.test_front_desk import add_patient, record_of, unlike
from tests.services.pdf.samples import letter

pytestmark = pytest.mark.browser


@pytest.fixture
def pdf(tmp_path: Path):
    """Write a letter of these pages to a file."""

    def pdf(name: str, *pages: str) -> Path:
        path = tmp_path / name
        path.write_bytes(letter(*pages))
        return path

    return pdf


@pytest.fixture
def maya(site: Site) -> Iterator[Page]:
    """A patient's tab."""
    with site.lend(Role.PATIENT) as page:
        yield page


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def choose(where: Page | Locator, *files: Path) -> None:
    """Hand files to the uploader."""
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
    """Return what the database says of the latest version of the open document."""
    (document_id,) = re.findall("document=([0-9a-f-]{36})", page.url)

    def read(session):
        document = session.get(Document, document_id)
        return (
            session.query(DocumentVersion.sha256)
            .filter_by(document_id=document_id, number=document.latest)
            .scalar()
        )

    return bytes(site.read_primary(read)).hex()


def test_a_document_goes_from_a_form_to_the_trash_and_back(site: Site, page: Page, pdf):
    last, finding = unlike(), unlike()
    page.goto(record_of(add_patient(site, "Grete", last)))

    # From a form: looked at before it is filed.
    page.get_by_role("button", name="Create", exact=True).click()
    ready(page).get_by_label("Diagnosis").fill(f"Suspected {finding}")
    page.get_by_role("button", name="Generate PDF").click()
    dialog(page).get_by_role("img").wait_for()
    dialog(page).get_by_role("button", name="Confirm & Upload").click()
    expect(page.get_by_text("is filed").first).to_be_visible()

    # The list shows it, the search finds it by a word inside, with the word marked.
    search(page, finding)
    row = page.get_by_role("row").filter(has_text=f"{last}, Grete")
    expect(row.locator("mark").first).to_have_text(finding)

    # It is seen as pictures and comes back byte for byte.
    row.get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_alt_text("Page 1 of 1")).to_be_visible()
    first = downloaded(page, page.get_by_role("link", name="Download version 1"))
    assert hashlib.sha256(first).hexdigest() == sha256_of(site, page)

    # A new version, compared with the one before.
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

    # Deleted, gone from the search, restored.
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog(page)).to_contain_text("It can be restored until")
    dialog(page).get_by_role("button", name="Delete document").click()
    expect(page.get_by_text("This document is deleted.")).to_be_visible()
    search(page, finding)
    expect(page.get_by_text("No documents match.")).to_be_visible()
    page.get_by_role("button", name="Trash").click()
    deleted = page.get_by_role("button", name="Restore")
    expect(deleted.first).to_be_visible()
    left = deleted.count() - 1
    deleted.first.click()
    expect(deleted).to_have_count(left)
    search(page, finding)
    expect(page.get_by_role("row").filter(has_text=f"{last}, Grete")).to_be_visible()


def test_pages_come_as_one_scrolls_and_turn_by_keyboard(page: Page, pdf):
    title = unlike()
    file_pdf(page, pdf(f"{title}.pdf", *(f"Page {n}" for n in range(30))))
    # A link in a message opens a tab of its own.
    with page.context.expect_page() as opened, requested(page.context) as addresses:
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


def test_the_preview_in_a_dialog_is_used_by_keyboard_alone(page: Page, pdf):
    title = unlike()
    file_pdf(page, pdf(f"{title}.pdf", "First", "Second"))
    page.goto("/documents")
    ready(page).get_by_role("button", name=f"Preview {title}").press("Enter")
    following = dialog(page).get_by_role("button", name="Next page")
    following.wait_for()

    for _ in range(4):
        if following.evaluate("button => button.matches(':focus')"):
            break
        page.keyboard.press("Tab")

    expect(following).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_text("Page 2 of 2")).to_be_visible()


def test_no_record_lies_on_streamlits_own_media_route(page: Page, pdf):
    with requested(page) as addresses:
        file_pdf(page, pdf(f"{unlike()}.pdf", "Nothing of this on /media"))
        page.goto("/documents")
        ready(page).get_by_role("button", name=re.compile("^Preview ")).first.click()
        dialog(page).get_by_alt_text(re.compile("^Page 1 of")).wait_for()

    assert not [url for url in addresses if urlsplit(url).path.startswith("/media/")]


def test_a_patient_uploads_sees_and_deletes_only_their_own(
    site: Site, page: Page, maya: Page, pdf
):
    title = unlike()
    page.goto(record_of(add_patient(site, "Hedwig", unlike())))
    page.get_by_role("button", name="Upload", exact=True).click()
    file_pdf_here(page, pdf(f"{title}.pdf", f"About Hedwig {title}"))

    file_pdf(maya, pdf(f"Own {title}.pdf", f"About Maya {title}"))
    search(maya, title)

    expect(maya.get_by_text("1 document matching")).to_be_visible()
    expect(maya.get_by_role("link", name=f"Own {title}", exact=True)).to_be_visible()
    maya.get_by_role("button", name=f"Delete Own {title}").click()
    dialog(maya).get_by_role("button", name="Delete document").click()
    expect(maya.get_by_text("No documents match.")).to_be_visible()


def test_a_clinicians_phone_shows_a_document_without_sideways_scrolling(
    site: Site, pdf
):
    with site.lend(Role.CLINICIAN, width=390) as page:
        file_pdf(page, pdf(f"{uuid4().hex * 2}.pdf", "A very long name"))
        page.goto("/documents")
        ready(page).get_by_role("table").get_by_role("link").first.click()
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
    search(page, title)

    page.get_by_role("link", name=title, exact=True).click()

    expect(page.get_by_alt_text("Page 1 of 1")).to_be_visible()
    pages = downloaded(page, page.get_by_role("link", name="Download version 1"))
    assert pages.startswith(b"%PDF-")
    assert downloaded(page, page.get_by_role("link", name="Original")) == photo


def test_a_long_title_breaks_no_word_beside_it(page: Page, pdf):
    title = "Findings of the examination of the heart at the hospital " * 2
    file_pdf(page, pdf(f"{title.strip()}.pdf", "long"))

    page.goto("/documents")

    row = page.get_by_role("row").filter(has_text=title.strip()).first
    unfiled = row.get_by_text("Unfiled", exact=True)
    expect(unfiled).to_be_visible()
    lines = unfiled.evaluate(
        "e => { const r = document.createRange(); r.selectNodeContents(e);"
        " return new Set([...r.getClientRects()].map(one => one.top)).size }"
    )
    assert lines == 1


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
