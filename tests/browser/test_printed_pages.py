"""Pages as a browser prints them: what they say, and nothing to press."""

from contextlib import closing
from datetime import timedelta
from typing import Final
from uuid import uuid4

import pypdfium2
import pytest
from PIL import ImageStat
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from services.visits.schedule.visit_changes import announce_change
from tests.browser.conftest import Site, ready
from tests.kit import cast
from tests.services.visits.visit_samples import slot, soon

pytestmark = pytest.mark.browser
# Grey values from 0, black, to 255.
_LIGHT: Final = 240
_DARK: Final = 64


def test_a_printed_page_has_its_list_and_nothing_to_press(site: Site) -> None:
    with site.lend() as page:
        page.goto("/patients")
        rows = ready(page).get_by_role("row")
        names = rows.get_by_role("link")
        expect(names.first).to_be_visible()
        pressed = (
            page.get_by_test_id("stHeader"),
            page.get_by_role("button", name="Register patient"),
            page.get_by_role("button", name="Saved views"),
            rows.get_by_role("checkbox").first,
        )
        for each in pressed:
            expect(each).to_be_visible()

        page.emulate_media(media="print")
        for each in pressed:
            expect(each).to_be_hidden()
        expect(names.first).to_be_visible()
        expect(page.get_by_role("heading", name="Patients")).to_be_visible()
        # Nobody's name and date of birth are on two sheets.
        expect(rows.last).to_have_css("break-inside", "avoid")


def test_the_whole_calendar_is_printed(site: Site) -> None:
    begins = soon(400 * 24 * 60).replace(hour=8, minute=0, second=0, microsecond=0)
    starts = tuple(begins + timedelta(hours=hours) for hours in (0, 9))

    def add(session: Session) -> None:
        for __ in range(6):
            doctor = cast.add_doctor(session, name=f"Dora {uuid4().hex[:8]}")
            for at in starts:
                slot(session, doctor.id, at)
        # Otherwise the web server would still use its cached doctors.
        announce_change(session)

    site.write(add)
    with site.lend(width=800, at=f"/calendar?day={begins.date()}") as page:
        grid = ready(page).locator(".frame:has(.grid)")
        expect(grid.get_by_role("button").first).to_be_visible()
        hidden = (
            "(frame) => [frame.scrollWidth > frame.clientWidth,"
            " frame.scrollHeight > frame.clientHeight]"
        )
        assert grid.evaluate(hidden) == [True, True]

        page.emulate_media(media="print")

        assert grid.evaluate(hidden) == [False, False]


def test_a_dark_page_is_printed_light_and_dark_again_afterwards(site: Site) -> None:
    with site.lend(scheme="dark") as page:
        page.goto("/patients")
        expect(ready(page).get_by_role("row").nth(1)).to_be_visible()

        with closing(pypdfium2.PdfDocument(page.pdf())) as paper:
            sheet = paper[0].render().to_pil().convert("L")

        # Most of the sheet is its ground; the darkest of it are letters.
        assert ImageStat.Stat(sheet).median[0] > _LIGHT
        assert sheet.getextrema()[0] < _DARK
        expect(page.locator("html")).to_have_css("color-scheme", "dark")
        ground = page.locator(".stApp")
        expect(ground).to_have_css("background-color", "rgb(15, 23, 30)")
