"""A table is dropped by hand, and the clinic goes back, using only the page."""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from db import embedded
from db.backups.log.windows import read_position
from db.backups.requested_restore import read_requested
from db.postgres import Database
from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.browser.people.test_passkeys import Device, add_passkey
from tests.conftest import owner
from tests.kit.waiting import eventually
from tests.launch.launcher import Launcher, serving

pytestmark = [pytest.mark.browser, pytest.mark.launch]

# For a busy machine: a backup, a comparison, and all of going back.
_LONG_MS = 180_000


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    """Chartroom started as a person starts it, without patients."""
    with serving(Launcher(tmp_path / "data", "--empty", is_warm=True)) as running:
        yield running


@pytest.fixture
def site(launcher: Launcher, browser: Browser, tmp_path: Path) -> Iterator[Site]:
    """Its site under a host name: browsers bind no passkeys to an IP address."""
    endpoints = embedded.running(launcher.data)
    assert endpoints is not None
    address = launcher.address.replace("127.0.0.1", "localhost")
    with closing(Database(endpoints)) as database:
        yield Site(address, browser, database, endpoints.audit_url, tmp_path)


def by_hand(data: Path, statement: str) -> list[tuple[object, ...]]:
    """Run a statement in the database as its owner; return its result."""
    endpoints = embedded.running(data)
    assert endpoints is not None
    with closing(psycopg2.connect(owner(endpoints))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement)
        return list(cursor) if cursor.description else []


def await_way_back(data: Path, to: datetime) -> None:
    """Wait until the sealed log reaches a time."""

    def leads_to() -> datetime | None:
        position = read_position(data / "backups" / "log")
        return position.leads_to if position else None

    eventually(leads_to, lambda known: known is not None and known > to, seconds=120)


def back_up(page: Page) -> None:
    page.goto("/backups")
    ready(page).get_by_role("button", name="Back up now").click()
    newest = page.get_by_text("The newest backup is from")
    expect(newest).to_be_visible(timeout=_LONG_MS)


def compare(page: Page, to: datetime) -> None:
    page.goto("/backups")
    field = ready(page).get_by_role("textbox", name="Day and time")
    field.fill(f"{to:%Y-%m-%dT%H:%M:%SZ}")
    field.press("Tab")
    page.get_by_role("button", name="Compare").click()
    sentence = page.get_by_text("would undo what is listed here")
    expect(sentence).to_be_visible(timeout=_LONG_MS)


def drag_on_the_time_line(page: Page) -> None:
    """Choose a time by dragging in the chart, and again in the part shown then."""
    page.goto("/backups")
    field = ready(page).get_by_role("textbox", name="Day and time")
    proposed = field.input_value()
    for _ in range(2):
        chart = page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").last
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box
        middle = box["y"] + 20
        page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=6)
        page.mouse.up()
        expect(field).not_to_have_value(proposed)
        proposed = field.input_value()
        ready(page)
    page.get_by_role("button", name="Show the whole time").click()
    expect(page.get_by_role("button", name="Show the whole time")).to_be_hidden()
    expect(field).to_have_value(proposed)


def confirm(page: Page) -> None:
    """Confirm with the passkey, and return to the comparison."""
    page.get_by_role("button", name="Confirm with a passkey").last.click()
    page.wait_for_url("**/sign-in/confirm?**")
    page.wait_for_url("**/backups")
    expect(page.get_by_label("Why")).to_be_visible()


def test_a_table_dropped_by_hand_is_back_and_the_page_says_so(
    site: Site, launcher: Launcher
):
    data = launcher.data
    with closing(site.visit(Role.ADMIN)) as context:
        page = context.pages[0]
        Device(page)
        add_passkey(page, "Desk")
        back_up(page)
        by_hand(data, "CREATE TABLE notes AS SELECT 'before the drop' AS note")
        to = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        await_way_back(data, to)
        by_hand(data, "DROP TABLE notes")
        drag_on_the_time_line(page)
        compare(page, to)
        confirm(page)
        page.get_by_label("Why").fill("A table was dropped by hand")
        page.get_by_label("to confirm it").fill("Your clinic")

        page.get_by_role("button", name=re.compile("^Go back to")).click()

        expect(page.get_by_text("is taking the clinic back to")).to_be_visible()
        launcher.await_saying("The clinic is open again.")
        eventually(lambda: read_requested(data), lambda order: not order.is_open)
        # Everybody has been signed out: the page may be redirecting there by itself
        # just now.
        with suppress(Error):
            page.goto("/backups")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    assert by_hand(data, "SELECT note FROM notes") == [("before the drop",)]
    with closing(site.visit(Role.ADMIN, at="/backups")) as context:
        sentence = ready(context.pages[0]).get_by_text("The clinic went back to")
        expect(sentence).to_contain_text("A table was dropped by hand")
    assert "has ended" not in launcher.output
