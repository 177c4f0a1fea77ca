"""What people do is in the log, and each sees of it what is theirs to see."""

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from db.audit_store import AuditStore
from db.postgres import SYSTEM
from services.audit import chain
from services.core.actors import Role
from tests.browser.conftest import Site, ready
from tests.kit import cast

pytestmark = pytest.mark.browser


def ship(site: Site) -> None:
    """Do at once what the worker does every second."""
    with closing(AuditStore(site.audit_url)) as store:
        while site.database.write(
            lambda session: chain.ship(session, store), identity=SYSTEM
        ).value:
            pass


def open_somebody(page: Page) -> str:
    """Open the first patient of the list; return the id in the address."""
    page.goto("/patients")
    ready(page)
    page.get_by_role("rowheader").first.get_by_role("link").click()
    page.wait_for_url("**/patient?patient=*")
    ready(page)
    return page.url.partition("patient=")[2]


@pytest.fixture
def opened(site: Site, page: Page) -> str:
    """A patient whom the front desk has just opened; the log has it."""
    patient_id = open_somebody(page)
    ship(site)
    return patient_id


@pytest.fixture
def audit_page(site: Site, opened: str) -> Iterator[Page]:
    """The log's page, where somebody asks about this patient."""
    with site.lend(Role.ADMIN) as page:
        page.goto(f"/audit?patient={opened}")
        yield ready(page)


def test_an_administrator_finds_who_opened_a_record(audit_page: Page, opened: str):
    row = (
        audit_page.get_by_role("row").filter(has_text="viewed a patient's record").first
    )

    expect(row).to_contain_text(f"{cast.ROSA.name} (staff)")
    expect(row).to_contain_text(opened)


def test_what_was_done_again_is_one_sentence_and_hours_are_drawn(
    site: Site, page: Page
):
    patient_id = open_somebody(page)
    page.reload()
    ready(page)
    ship(site)

    with site.lend(Role.ADMIN) as admin:
        admin.goto(f"/audit?patient={patient_id}")
        row = ready(admin).get_by_role("row").filter(has_text=cast.ROSA.name)
        again = row.filter(has_text="viewed a patient's record, ")
        expect(again.first).to_contain_text(re.compile(r", \d+ times"))
        hours = admin.get_by_text("Entries by hour: ")
        expect(hours).to_be_visible()
        # In words, and none of what is only a list.
        table = admin.get_by_role("table", name="Entries of the audit log")
        expect(table).not_to_contain_text("patient:")
        expect(table).not_to_contain_text("list")
        before = hours.inner_text()
        admin.get_by_text("Lists, counts and searches, too").click()
        admin.get_by_role("button", name="Show entries").click()
        expect(hours).not_to_have_text(before)


def test_the_log_is_taken_along_as_a_file(audit_page: Page, opened: str, tmp_path):
    with audit_page.expect_download() as download:
        audit_page.get_by_role("link", name="CSV").click()

    path: Path = tmp_path / "audit.csv"
    download.value.save_as(path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert download.value.suggested_filename.startswith("audit-")
    assert ("patient:read", cast.ROSA.name) in {
        (row["action"], row["who"]) for row in rows
    }


def test_the_log_is_verified_at_a_click(audit_page: Page):
    audit_page.get_by_role("button", name="Verify").click()

    expect(audit_page.get_by_text("The audit log is whole")).to_be_visible()


def test_a_patient_sees_who_looked(site: Site):
    with site.lend(Role.PATIENT) as own:
        own.goto("/")
        ready(own)
        ship(site)
        own.goto("/accesses")
        ready(own)

        row = own.get_by_role("row").filter(has_text="viewed your record").first
        expect(row).to_contain_text("You")


def test_another_roles_address_is_refused_in_words(site: Site):
    with site.lend(Role.ANALYST) as page:
        page.goto("/audit")
        ready(page)

        expect(page.get_by_text("You may not read the audit log")).to_be_visible()
