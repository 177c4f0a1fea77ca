"""An analyst counts, saves and compares cohorts, in Chromium."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.models.care import DisclosedAnswer, DisclosedGroup
from db.models.patient import ClinicalEntry, Patient
from services.core.actors import Role
from tests.browser.choosing import choose
from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser

DAY = date(2025, 2, 10)
SCREENING, VACCINATION = "Eye screening", "Shingles vaccination"


@pytest.fixture(scope="module", autouse=True)
def procedures(site: Site) -> None:
    """Record forty of the demo's people as screened, one later, and 30 as vaccinated.

    They are always the same people, and nobody else had these procedures: patients
    registered by other tests could reveal a few of them.
    """

    def add(session: Session) -> None:
        in_use = select(Patient.id).where(Patient.deleted_at.is_(None))
        ids = session.scalars(in_use.order_by(Patient.id).limit(60)).all()
        for place, patient_id in enumerate(ids):
            day = DAY + timedelta(days=place == 0)
            for term in (SCREENING,) * (place < 40) + (VACCINATION,) * (place > 29):
                entry = {"kind": "procedure", "term": term, "started_on": day}
                of = {"source": "synthea", "source_key": uuid4(), "ended_on": day}
                session.add(ClinicalEntry(patient_id=patient_id, **entry, **of))

    site.write(add)


@pytest.fixture(autouse=True)
def _no_earlier_counts(site: Site, procedures: None) -> None:
    """Remove what was disclosed to analysts: two counts together could reveal a few."""

    def forget(session: Session) -> None:
        session.execute(delete(DisclosedGroup))
        session.execute(delete(DisclosedAnswer))

    site.write(forget)


def count(page: Page, words: str) -> None:
    event = page.get_by_role("combobox", name="Event", exact=True).first
    choose(page, event, "Procedure")
    page.get_by_label("Words", exact=True).fill(words)
    page.get_by_label("Words", exact=True).press("Enter")
    page.get_by_role("button", name="Count patients").click()
    sentence = f"Patients with a first procedure of “{words}”."
    expect(page.get_by_text(sentence)).to_be_visible()


def save(page: Page, name: str) -> None:
    page.get_by_role("button", name="Saved cohorts").click()
    page.get_by_label("Save this cohort as").fill(name)
    page.get_by_role("button", name="Save cohort").click()
    expect(page.get_by_text(f"Saved as {name}.")).to_be_visible()


def test_saved_cohorts_stand_side_by_side(site: Site):
    with site.lend(Role.ANALYST) as page:
        page.goto("/cohorts")
        for words in (SCREENING, VACCINATION):
            count(page, words)
            save(page, words)

        page.get_by_role("button", name="Compare").click()
        for name in (SCREENING, VACCINATION):
            choose(page, page.get_by_role("combobox", name="Cohorts to compare"), name)
            expect(page.get_by_role("option", name=name, exact=True)).to_have_count(0)
        page.keyboard.press("Escape")
        inside = page.get_by_test_id("stPopoverBody")
        inside.get_by_role("button", name="Compare", exact=True).click()

        expect(page.get_by_role("heading", name="Cohorts side by side")).to_be_visible()
        expect(page.get_by_text("A: 40 patients.")).to_be_visible()
        expect(page.get_by_text("B: 30 patients.")).to_be_visible()
        expect(page.get_by_text("A and B: 10")).to_be_visible()
        assert "compare=" in page.url


def test_a_menu_that_is_opened_late_begins_with_its_values(site: Site):
    with site.lend(Role.ANALYST) as page:
        page.goto("/cohorts")
        compared = []
        for words in (SCREENING, VACCINATION):
            count(page, words)
            compared.append(page.url.split("list=")[1])
        # The page is drawn once more before its menus are opened.
        press_again(page, "Count patients")
        page.get_by_role("button", name="Watch", exact=True).click()
        line = page.get_by_label("Threshold", exact=True)

        expect(line).to_have_value("100")
        line.fill("250")
        page.keyboard.press("Escape")
        expect(line).to_have_count(0)
        page.get_by_role("button", name="Watch", exact=True).click()
        expect(line).to_have_value("250")

        page.goto(f"/cohorts?compare={','.join(compared)}")
        expect(page.get_by_text("A: 40 patients.")).to_be_visible()
        open_and_close(page, "Saved cohorts")
        page.get_by_role("button", name="Compare").click()
        chosen = page.get_by_role("group", name="Selected values")
        removing = chosen.get_by_role("button", name=re.compile("^Remove"))
        expect(removing).to_have_count(len(compared))


def press_again(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()
    ready(page)


def open_and_close(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
    ready(page)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
    ready(page)
