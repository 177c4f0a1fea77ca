"""A file that the server does not accept shows why, where it was chosen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Site, open_from_menu, ready

pytestmark = pytest.mark.browser

_FULL = (
    "Your open pages can hold 1 MB of files at once, and this one would exceed that. "
    "File or remove some of them, then choose this one again."
)


_UNSENT = (
    "This could not be sent. If it is a folder, open it and choose the files in it; "
    "otherwise check your connection, then choose the file again."
)


@pytest.fixture(scope="module")
def site(serve) -> Iterator[Site]:
    """Chartroom, with a small limit for uploads."""
    with serve(upload_megabytes_per_sign_in="1") as site:
        yield site


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """The page for uploads, opened by a colleague."""
    with site.lend() as page:
        page.goto("/upload_documents")
        yield ready(page)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files, only one of which fits."""
    paths = [tmp_path / "one.pdf", tmp_path / "another.pdf"]
    for path in paths:
        path.write_bytes(bytes(700_000))
    return paths


def drop_on(uploader: Locator, path: Path) -> None:
    """Drop what is at the path on an uploader, as from another window."""
    box = uploader.bounding_box()
    assert box is not None
    devtools = uploader.page.context.new_cdp_session(uploader.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + 20,
                "y": box["y"] + 20,
                "data": {"items": [], "files": [str(path)], "dragOperationsMask": 1},
            },
        )


def test_a_folder_is_not_sent_and_says_what_to_choose_instead(
    page: Page, files: list[Path]
):
    uploader = page.get_by_test_id("stFileUploader")

    drop_on(uploader.get_by_test_id("stFileUploaderDropzone"), files[0].parent)

    expect(uploader.locator("p", has_text=_UNSENT)).to_be_visible()
    expect(uploader.get_by_role("alert")).to_have_text(f"Error: {_UNSENT}")
    expect(page.get_by_text("Network Error")).to_have_count(0)


def test_what_is_refused_says_so_below_the_files_until_there_is_room(
    page: Page, files: list[Path]
):
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(files[0])
    expect(page.get_by_label("Description")).to_have_count(1)

    chooser.set_input_files(files[1])

    uploader = page.get_by_test_id("stFileUploader")
    expect(uploader.locator("p", has_text=_FULL)).to_be_visible()
    expect(uploader.get_by_role("alert")).to_have_text(f"Error: {_FULL}")
    uploader.get_by_text("another.pdf").hover()
    expect(page.get_by_role("tooltip")).to_have_text(_FULL)
    expect(page.get_by_text("status code")).to_have_count(0)

    # The text is removed together with the file that it is about.
    uploader.get_by_role("button", name="Remove another.pdf").click()
    expect(uploader.locator("p", has_text=_FULL)).to_have_count(0)

    # Files chosen here no longer count once another page has been opened.
    open_from_menu(page, "Documents", "Documents")
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("heading", name="Upload documents")).to_be_visible()
    ready(page).locator("input[type=file]").set_input_files(files[1])
    expect(page.get_by_label("Description")).to_have_count(1)
    expect(page.get_by_text(_FULL)).to_have_count(0)
