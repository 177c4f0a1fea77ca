"""A file chosen while the connection is broken does not vanish without a word."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import Site, ready
from tests.services.pdf.samples import letter

pytestmark = pytest.mark.browser


class BreakableConnection:
    """A page's connection, which can break without either end hearing of it."""

    def __init__(self, page: Page) -> None:
        self._is_broken = False
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

    def _carry(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if not self._is_broken:
                server.send(message)

        socket.on_message(pass_on)
        self._sides = [socket, server]


def test_a_file_that_a_broken_connection_takes_along_has_to_be_chosen_again(
    site: Site, tmp_path: Path
):
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(letter("Paper"))
    # In a profile of its own: others could not use it any more.
    with closing(site.visit()) as profile:
        page = profile.new_page()
        connection = BreakableConnection(page)
        page.goto("/upload_documents")
        chooser = ready(page).locator("input[type=file]")

        connection.break_silently()
        chooser.set_input_files(paper)
        said = page.get_by_test_id("stFileUploader").get_by_role("alert")
        expect(said).to_have_text(
            "Not sent yet, because the server is not responding: paper.pdf."
        )

        connection.repair()
        expect(said).to_have_text(
            "Not sent, because the connection was lost: paper.pdf. "
            "Choose again once the server responds."
        )
