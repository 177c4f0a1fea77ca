"""Files that are dropped anywhere on a page are uploaded, each with its own state."""

import pytest
from playwright.sync_api import JSHandle, Page, expect

from services.core.actors import Role
from tests.browser.conftest import Site, ready
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


def test_files_dropped_on_documents_are_filed_but_for_the_one_that_is_none(page: Page):
    first, second = unlike(), unlike()
    page.goto("/documents")
    ready(page).get_by_role("heading", level=1, name="Documents").wait_for()
    files = held(page, **{first: letter("One"), second: letter("Two"), "bad": b"bad"})

    page.dispatch_event("h1", "dragover", {"dataTransfer": files})
    expect(page.get_by_text("Drop the files to upload them")).to_be_visible()
    page.dispatch_event("h1", "drop", {"dataTransfer": files})

    page.get_by_role("heading", level=1, name="Upload documents").wait_for()
    page.get_by_role("button", name="File 3 documents").click()
    expect(page.get_by_text("Only PDF files are allowed")).to_be_visible()
    expect(page.get_by_text(f"{first}.pdf is filed.")).to_be_visible()
    expect(page.get_by_text(f"{second}.pdf is filed.")).to_be_visible()
    expect(page.get_by_text("bad.pdf", exact=False).first).to_be_visible()
    expect(page.get_by_text("Drop the files to upload them")).to_be_hidden()


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
