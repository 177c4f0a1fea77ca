"""Synthea's patients, from the command line to the front desk's screen.

They are not part of the project: CHARTROOM_SYNTHEA names the folder of their files.
"""

import csv
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.people.accounts import demo_accounts
from tests.browser.conftest import Site
from tests.browser.patients.filter_rows import add_filter, choose
from tests.browser.running import chartroom, variables
from tests.conftest import Databases
from tests.kit import warm_start
from tests.services.demo.importing.test_real_synthea import SYNTHEA

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (SYNTHEA / "patients.csv").exists(), reason=f"no Synthea data in {SYNTHEA}"
    ),
]


@pytest.fixture(scope="module")
def page(
    browser: Browser,
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Page]:
    """The front desk of a clinic whose patients all come from Synthea."""
    data = tmp_path_factory.mktemp("data")
    with (
        databases.fresh(template) as endpoints,
        closing(Database(endpoints)) as database,
        chartroom(endpoints, data) as address,
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        take_over(endpoints, data)
        context = Site(address, browser, database, endpoints.audit_url, data).visit()
        yield context.pages[0]
        context.close()


def take_over(endpoints: Endpoints, data: Path) -> None:
    """Import as an administrator does, by the command."""
    done = warm_start.run(
        ["dashboard", "import-synthea", str(SYNTHEA)],
        cwd=data,
        env=os.environ | variables(endpoints, data),
    )
    assert done.returncode == 0, done.stderr


def allergic_to_aspirin_born_after_1980() -> int:
    """Count in Synthea's own files."""
    with (SYNTHEA / "patients.csv").open(encoding="utf-8", newline="") as file:
        born = {row["Id"]: row["BIRTHDATE"] for row in csv.DictReader(file)}
    with (SYNTHEA / "allergies.csv").open(encoding="utf-8", newline="") as file:
        allergic = {
            row["PATIENT"]
            for row in csv.DictReader(file)
            if row["DESCRIPTION"] == "Aspirin"
        }
    return sum(born[patient] > "1980-01-01" for patient in allergic)


def test_synthea_is_searched_filtered_opened_edited_and_exported(page: Page):
    expected = allergic_to_aspirin_born_after_1980()
    page.goto("/patients")
    add_filter(page, 0, "Date of birth", "is after")
    page.get_by_label("Value", exact=True).fill("1980-01-01")
    page.get_by_label("Value", exact=True).press("Enter")
    add_filter(page, 1, "Allergies", "include")
    choose(page, "Value", 1, "Aspirin")
    page.get_by_role("button", name="Show patients").click()

    expect(
        page.get_by_text(
            f"{expected} patients born after 1 January 1980 and allergic to Aspirin"
        )
    ).to_be_visible()
    expect(page.get_by_role("rowheader")).to_have_count(expected)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert len(rows) == 1 + expected

    name = page.get_by_role("rowheader").first.inner_text()
    page.get_by_label("Search patients").fill(name.replace(",", ""))
    page.get_by_label("Search patients").press("Enter")
    expect(page.get_by_text("1 patient")).to_be_visible()
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Phone number", exact=True).fill("01632 960 960")
    page.get_by_role("button", name="Save changes").click()

    expect(page.get_by_role("cell", name="01632960960")).to_be_visible()
