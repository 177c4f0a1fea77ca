"""What people do is in the audit log, where an administrator finds it."""

import csv
import re
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.web.page_context.page_language import COOKIE
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM
from services.audit import chain
from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.kit import cast

pytestmark = pytest.mark.browser


def ship(site: Site) -> None:
    """Ship the events at once, as the worker does every second."""
    with closing(AuditStore(site.audit_url)) as store:
        while site.database.write(
            lambda session: chain.ship(session, store), identity=SYSTEM
        ).value:
            pass


def open_somebody(page: Page) -> str:
    """Open the first patient of the list, and return the id in the address."""
    page.goto("/patients")
    ready(page)
    page.get_by_role("rowheader").first.get_by_role("link").click()
    page.wait_for_url("**/patient?patient=*")
    ready(page)
    return page.url.partition("patient=")[2]


def test_what_people_do_is_one_sentence_in_the_log_and_a_row_in_its_file(
    site: Site, page: Page, tmp_path: Path
):
    patient_id = open_somebody(page)
    page.reload()
    ready(page)
    ship(site)

    with site.lend(Role.ADMIN) as admin:
        admin.goto(f"/audit?patient={patient_id}")
        row = ready(admin).get_by_role("row").filter(has_text=cast.ROSA.name)
        again = row.filter(has_text="viewed a patient's record, ").first
        expect(again).to_contain_text(re.compile(r", \d+ times"))
        expect(again).to_contain_text(f"{cast.ROSA.name} (staff)")
        expect(again).to_contain_text(patient_id)
        expect(admin.get_by_text("Entries by hour: ")).to_be_visible()
        with admin.expect_download() as download:
            admin.get_by_role("link", name="CSV").click()

    path = tmp_path / "audit.csv"
    download.value.save_as(path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert download.value.suggested_filename.startswith("audit-")
    assert ("patient:read", cast.ROSA.name) in {
        (row["action"], row["who"]) for row in rows
    }


def test_however_long_a_sentence_is_the_time_beside_it_stays_on_one_line(site: Site):
    with site.lend(Role.ADMIN, at="/audit") as admin:
        ready(admin)
        ship(site)
        admin.reload()
        row = ready(admin).get_by_role("row").filter(has_text="viewed the audit log")
        time = row.first.get_by_role("rowheader")
        expect(time).to_have_css("white-space", "nowrap")
        # A card of a phone has nothing beside the time.
        admin.set_viewport_size({"width": 390, "height": 844})
        expect(time).to_have_css("white-space", "normal")


# The text of an empty field for a day, with its separators.
_AS_READ = """field => [...field.querySelectorAll("[data-type]")].map(part =>
    getComputedStyle(part, "::before").content.replace(/^none$|^"|"$/g, "") ||
    part.textContent).join("")"""


# The sizes of its text, parts and separators, and the heights of the parts.
_SIZES = """field => {
    const sizesOf = (selector, pseudo) => [...field.querySelectorAll(selector)].map(
        part => getComputedStyle(part, pseudo).fontSize)
    return {
        text: [...new Set([
            ...sizesOf("[data-placeholder]", "::before"),
            ...sizesOf('[data-type="literal"]', null),
        ])],
        height: Math.max(...[...field.querySelectorAll("[data-placeholder]")].map(
            part => part.getBoundingClientRect().height)),
    }
}"""


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "YYYY-MM-DD"), ("de", "TT.MM.JJJJ")]
)
def test_an_empty_field_for_a_day_shows_how_one_is_written_in_the_language(
    site: Site, language: str, shown: str
):
    chosen = {"name": COOKIE, "value": language, "url": site.address}
    with site.lend(Role.ADMIN) as admin:
        admin.context.add_cookies([chosen])
        admin.goto("/audit")
        ready(admin).get_by_test_id("stExpander").locator("summary").click()
        day = admin.get_by_test_id("stDateInput").first
        expect(day).to_be_visible()
        assert day.evaluate(_AS_READ) == shown
        # Taller parts stood above their separators.
        assert day.evaluate(_SIZES) == {"text": ["14px"], "height": 24}

        day.get_by_role("spinbutton").first.click()
        admin.keyboard.type("20")

        expect(day.get_by_role("spinbutton").first).to_contain_text("20")
        # Only the typed part is shown.
        assert re.fullmatch(r"(00)?20\D+", day.evaluate(_AS_READ))
