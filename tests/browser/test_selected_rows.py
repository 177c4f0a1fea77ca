"""What is selected in a table, in Chromium and without a server behind it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.ui import record_table
from dashboard.ui.record_table import Cell, Row, Selection, payload_of
from dashboard.ui.scripts import ELEMENTS, read_joined

pytestmark = pytest.mark.browser
Mount = Callable[[str], None]

_SCRIPT = read_joined(ELEMENTS, Path(record_table.__path__[0]) / "table.js")
_IMPORT = """async (script) => {
    const made = new Blob([script], { type: "text/javascript" })
    window.draw = (await import(URL.createObjectURL(made))).default
}"""
# As in Streamlit: a new parent element each time, and a clean-up when it is removed.
_MOUNT = """(payload) => {
    const parentElement = document.body.appendChild(document.createElement("main"))
    const data = new TextEncoder().encode(payload)
    const cleanUp = window.draw({ data, parentElement, setTriggerValue: () => {} })
    window.unmount = () => { cleanUp(); parentElement.remove() }
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with the table's script and nothing else."""
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate(_IMPORT, _SCRIPT)
    yield page
    page.close()


@pytest.fixture
def mount(page: Page) -> Mount:
    """Draw a table of two rows under a name."""
    rows = [Row(name, (Cell(name),)) for name in ("first", "second")]
    selection = Selection(("row", "rows"), ())

    def mount(name: str) -> None:
        payload = payload_of(
            [record_table.Column("Name")], rows, name=name, selection=selection
        )
        page.evaluate(_MOUNT, payload.decode())

    return mount


def test_what_is_selected_stays_so_when_the_table_goes_and_comes_back(
    page: Page, mount
):
    mount("Documents")
    page.get_by_role("checkbox", name="Select second").check()

    page.evaluate("window.unmount()")
    mount("Documents")

    expect(page.get_by_text("1 row selected")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Select second")).to_be_checked()


@pytest.mark.parametrize(
    ("name", "address"), [("Patients", ""), ("Documents", "#another")]
)
def test_nothing_is_selected_in_another_table_or_at_another_address(
    page: Page, mount, name, address
):
    mount("Documents")
    page.get_by_role("checkbox", name="Select second").check()

    page.evaluate("window.unmount()")
    page.evaluate("(address) => { location.hash = address }", address)
    mount(name)

    expect(page.get_by_text("Select all on this page")).to_be_visible()
