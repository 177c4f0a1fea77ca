"""Who sees whom, in a browser: break-glass, its review, lists without names."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.models.care import CareRelationship
from db.models.patient import Patient
from services.core.actors import Role
from tests.browser.conftest import Site, ready

pytestmark = pytest.mark.browser

REASON = "Unconscious in the waiting room"


@pytest.fixture
def stranger(site: Site) -> Patient:
    """Somebody whom Dr. Okafor does not treat."""
    treated = select(CareRelationship.patient_id)
    statement = (
        select(Patient)
        .where(Patient.id.not_in(treated), Patient.deleted_at.is_(None))
        .order_by(Patient.id)
        .limit(1)
    )

    def find(session) -> Patient:
        patient = session.scalars(statement).one()
        session.expunge(patient)
        return patient

    return site.read_primary(find)


def test_a_record_is_opened_for_a_reason_and_the_reason_reviewed(
    site: Site, stranger: Patient
):
    with site.lend(Role.CLINICIAN) as page:
        page.goto(f"/patient?patient={stranger.id}")
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "Emergency access to a record"
        )
        page.get_by_role("textbox", name="Reason").fill(REASON)
        page.get_by_role("button", name="Open the record").click()

        expect(page.get_by_role("heading", level=1)).to_have_text(_name(stranger))
        expect(page.get_by_role("alert")).to_contain_text("You have this record open")
        # What was typed went through the WebSocket, so no address can contain it.
        assert not [url for url in site.traces.urls if stranger.last_name in url]

    with site.lend(Role.ADMIN) as page:
        page.goto("/break_glass_review")
        card = page.get_by_text(f"Reason: {REASON}")
        expect(card).to_be_visible()
        expect(page.get_by_text(stranger.last_name)).to_have_count(0)
        page.get_by_role("textbox", name="What you found").fill("Rightly opened")
        page.get_by_role("button", name="Reviewed").click()

        expect(page.get_by_text("Nothing is waiting for review")).to_be_visible()


def test_an_analyst_fetches_names_once_and_only_for_a_reason(
    site: Site, tmp_path: Path
):
    with site.lend(Role.ANALYST) as page:
        page.goto("/patients")
        expect(page.get_by_role("link", name="CSV")).to_be_visible()
        unnamed = _download(page, "CSV", tmp_path / "unnamed.csv")
        ready(page).get_by_role("button", name="With names").click()
        page.get_by_role("textbox", name="Reason").fill("The health office asks")
        page.get_by_role("button", name="Prepare file").click()
        link = page.get_by_role("link", name="Download with names")
        address = link.get_attribute("href")
        named = _download(page, "Download with names", tmp_path / "named.csv")

        again = page.context.request.get(f"{site.address}{address}")

    assert not {"last_name", "initials", "id"} & unnamed[0].keys()
    assert all(row["last_name"] and row["id"] for row in named)
    assert len(named) == len(unnamed)
    assert again.status == 409


def _name(patient: Patient) -> str:
    return f"{patient.last_name}, {patient.first_name}"


def _download(page: Page, link: str, path: Path) -> list[dict[str, str]]:
    with page.expect_download() as started:
        page.get_by_role("link", name=link, exact=True).click()
    started.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
