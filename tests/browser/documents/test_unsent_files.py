"""A file chosen while the connection is broken does not vanish without a word."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import FilePayload, Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import Site, ready
from tests.services.pdf.samples import letter

pytestmark = pytest.mark.browser

_LOST = (
    "Not sent, because the connection was lost: paper.pdf. "
    "Choose again once the server responds."
)


class BreakableConnection:
    """A page's connection, which can break without either end hearing of it."""

    def __init__(self, page: Page) -> None:
        self._is_broken = False
        self._is_over = False
        self._sides: list[WebSocketRoute] = []
        page.route_web_socket("**/_stcore/stream*", self._carry)

    def break_silently(self) -> None:
        """Lose whatever is sent from now on."""
        self._is_broken = True

    def repair(self) -> None:
        """Close what was broken, so that the page connects anew."""
        self._is_broken = False
        for side in self._sides:
            side.close()

    def close_for_good(self) -> None:
        """Close the connection, and each that the page makes afterwards."""
        self._is_over = True
        self.repair()

    def _carry(self, socket: WebSocketRoute) -> None:
        if self._is_over:
            socket.close()
            return
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if not self._is_broken:
                server.send(message)

        socket.on_message(pass_on)
        self._sides = [socket, server]


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """A tab of the front desk in a profile of its own, useless to others afterwards."""
    with closing(site.visit()) as profile:
        yield profile.new_page()


@pytest.fixture
def connection(page: Page) -> BreakableConnection:
    """The connection of the page."""
    return BreakableConnection(page)


def open_uploader(page: Page) -> tuple[Locator, Locator]:
    """Open the page for uploads; return its chooser and what it says of lost files."""
    page.goto("/upload_documents")
    chooser = ready(page).locator("input[type=file]")
    return chooser, page.get_by_test_id("stFileUploader").locator(".chartroom-unsent")


def a_paper(name: str = "paper.pdf") -> FilePayload:
    """Return a PDF under the name."""
    content = letter(name)
    return FilePayload(name=name, mimeType="application/pdf", buffer=content)


def a_dropzone(page: Page, *, is_off: bool) -> Locator:
    """Return the uploader's zone, which takes nothing while it is off."""
    zone = page.get_by_test_id("stFileUploaderDropzone")
    return zone.and_(page.locator(f"[aria-disabled={str(is_off).lower()}]"))


def test_a_file_that_a_broken_connection_takes_along_has_to_be_chosen_again(
    page: Page, connection: BreakableConnection
):
    chooser, said = open_uploader(page)

    connection.break_silently()
    chooser.set_input_files(a_paper())
    expect(said).to_have_text(
        "Not sent yet, because the server is not responding: paper.pdf."
    )

    connection.repair()
    expect(said).to_have_text(_LOST)

    # Until the page is connected anew, it takes no file.
    a_dropzone(page, is_off=True).wait_for()
    a_dropzone(page, is_off=False).wait_for()
    chooser.set_input_files(a_paper())
    page.get_by_label("Description").wait_for()
    expect(said).to_have_count(0)


def test_a_file_chosen_before_the_page_is_connected_anew_is_lost_at_once(
    page: Page, connection: BreakableConnection
):
    chooser, said = open_uploader(page)

    connection.close_for_good()
    a_dropzone(page, is_off=True).wait_for()
    chooser.set_input_files(a_paper())

    # Read without waiting: when the next connection is tried, it would be said anyway.
    assert said.all_inner_texts() == [_LOST]


def test_a_second_file_of_the_same_name_does_not_vanish_without_a_word(
    page: Page, connection: BreakableConnection
):
    chooser, said = open_uploader(page)
    chooser.set_input_files(a_paper())
    page.get_by_label("Description").wait_for()

    connection.break_silently()
    chooser.set_input_files(a_paper())

    expect(said).to_contain_text("Not sent yet")


def test_of_ten_files_that_are_listed_none_is_said_to_be_unsent(page: Page):
    page.clock.install()
    chooser, said = open_uploader(page)

    chooser.set_input_files([a_paper(f"{number}.pdf") for number in range(10)])
    expect(page.get_by_test_id("stFileChip")).to_have_count(10)
    page.clock.fast_forward("00:10")

    expect(said).to_have_count(0)


def test_who_files_before_a_file_has_arrived_reads_that_it_is_still_being_sent(
    page: Page,
):
    chooser, _said = open_uploader(page)
    devtools = page.context.new_cdp_session(page)

    def send_at(bytes_per_second: int) -> None:
        devtools.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": bytes_per_second,
            },
        )

    send_at(4_000)
    paper = a_paper()
    content = paper["buffer"] + bytes(2_000_000)
    with page.expect_request("**/upload_file/**"):
        chooser.set_input_files(FilePayload(**{**paper, "buffer": content}))
    page.get_by_role("button", name="File document").click()

    expect(page.get_by_text("A file is still being sent.")).to_be_visible()
    expect(page.get_by_text("No file uploaded")).to_have_count(0)
    send_at(-1)
    expect(page.get_by_label("Description")).to_be_visible()
    expect(page.get_by_text("A file is still being sent.")).to_have_count(0)
