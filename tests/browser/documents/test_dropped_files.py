"""Files dropped anywhere on a page are uploaded, each with its own state."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import JSHandle, Page, expect
from sqlalchemy import select

from db.models.document import Document
from services.core.actors import Role
from tests.api.document_samples import pdf
from tests.browser.conftest import Site, ready
from tests.browser.keyboard import Keys
from tests.browser.patients.test_front_desk import unlike
from tests.services.pdf.samples import letter

pytestmark = pytest.mark.browser


def held(page: Page, **files: bytes) -> JSHandle:
    """Return these files as the browser has them while they are over the page."""
    given = [[f"{name}.pdf", list(content)] for name, content in files.items()]
    return page.evaluate_handle(
        "files => { const held = new DataTransfer();"
        " for (const [name, bytes] of files) held.items.add("
        "new File([new Uint8Array(bytes)], name, { type: 'application/pdf' }));"
        " return held }",
        given,
    )


def documents_of(site: Site, word: str) -> list[Document]:
    """Return the documents of this title as the primary has them."""
    titled = select(Document).where(Document.title == word)
    return site.read_primary(lambda s: list(s.scalars(titled)))


def test_files_dropped_are_filed_without_a_click_but_the_one_that_is_none_and_undone(
    site: Site, page: Page
):
    first, second = unlike(), unlike()
    page.goto("/documents")
    ready(page).get_by_role("heading", level=1, name="Documents").wait_for()
    files = held(page, **{first: letter("One"), second: letter("Two"), "bad": b"bad"})

    page.dispatch_event("h1", "dragover", {"dataTransfer": files})
    expect(page.get_by_text("Drop the files to upload them")).to_be_visible()
    page.dispatch_event("h1", "drop", {"dataTransfer": files})

    page.get_by_role("heading", level=1, name="Upload documents").wait_for()
    expect(page.get_by_text("Only PDF files and pictures")).to_be_visible()
    expect(page.get_by_text(f"{first}.pdf is filed.")).to_be_visible()
    expect(page.get_by_text(f"{second}.pdf is filed.")).to_be_visible()
    expect(page.get_by_text("bad.pdf", exact=False).first).to_be_visible()
    expect(page.get_by_text("Drop the files to upload them")).to_be_hidden()
    assert are_deleted(site, first, second) == [False, False]

    keys = Keys(page)
    keys.to("Undo")
    keys.press("Enter")
    undone = page.get_by_text(re.compile(rf"({first}|{second}) is deleted\."))
    undone.first.wait_for()
    word = first if first in undone.first.inner_text() else second
    expect(page.get_by_text(f"{word}.pdf is filed.")).to_have_count(0)
    assert sorted(are_deleted(site, first, second)) == [False, True]
    assert are_deleted(site, word) == [True]


def are_deleted(site: Site, *words: str) -> list[bool]:
    """Return for each document of these titles whether it is in the trash."""
    documents = [document for word in words for document in documents_of(site, word)]
    return [document.deleted_at is not None for document in documents]


def test_files_that_somebody_is_busy_with_are_not_filed_by_a_drop(
    site: Site, page: Page
):
    first, second = unlike(), unlike()
    page.goto("/upload_documents")
    name = f"{first}.pdf"
    file = {"name": name, "mimeType": "application/pdf", "buffer": letter(first)}
    ready(page).locator("input[type=file]").set_input_files(file)
    page.get_by_label("Description").fill("Half a sentence")
    page.get_by_label("Description").press("Tab")
    ready(page)

    dropped = held(page, **{second: letter(second)})
    page.dispatch_event("h1", "drop", {"dataTransfer": dropped})

    page.get_by_role("button", name="File 2 documents").wait_for()
    ready(page)
    expect(page.get_by_text("Chosen, but not filed yet.")).to_be_visible()
    assert not documents_of(site, first) + documents_of(site, second)


def test_a_file_that_is_still_being_sent_stays_when_the_others_are_filed(
    site: Site, page: Page, tmp_path: Path
):
    first, second = unlike(), unlike()
    page.goto("/upload_documents")
    chooser = ready(page).locator("input[type=file]")
    (tmp_path / f"{first}.pdf").write_bytes(letter(first))
    (tmp_path / f"{second}.pdf").write_bytes(pdf(second, at_least=1_000_000))
    chooser.set_input_files(tmp_path / f"{first}.pdf")
    expect(page.get_by_label("Description")).to_have_count(1)
    devtools = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    devtools.send(
        "Network.emulateNetworkConditions", slow | {"uploadThroughput": 100_000}
    )

    with page.expect_request(re.compile("upload_file")):
        chooser.set_input_files(tmp_path / f"{second}.pdf")
    page.get_by_role("button", name="File document").click()

    expect(page.get_by_text(f"{first}.pdf is filed.")).to_be_visible()
    devtools.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    expect(page.get_by_text("Chosen, but not filed yet.")).to_be_visible()
    page.get_by_role("button", name="File document").click()
    expect(page.get_by_text(f"{second}.pdf is filed.")).to_be_visible()
    expect(page.get_by_test_id("stFileChip")).to_have_count(0)


def test_a_file_dropped_where_nothing_is_uploaded_does_not_leave_the_page(site: Site):
    with site.lend(Role.ANALYST) as page:
        page.goto("/patients")
        ready(page)
        files = held(page, letter=letter("One"))

        is_left_to_the_browser = page.evaluate(
            "files => document.querySelector('h1').dispatchEvent("
            "new DragEvent('drop', { dataTransfer: files, bubbles: true,"
            " cancelable: true }))",
            files,
        )

        assert not is_left_to_the_browser
        expect(page.get_by_text("Drop the files to upload them")).to_be_hidden()
