"""The clinic goes on while its databases change hands, and while nobody leads them."""

import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import func, select

from db.embedded import Cluster
from db.files.file_keys import FileKeys
from db.models.audit import AuditEvent
from db.models.patient import Patient
from db.spool import Spool
from services.core.audit import Action
from tests.browser.conftest import Site, file_pdf, open_from_menu, ready
from tests.browser.failover_site import assert_no_traceback, clinic_on, lose_the_node
from tests.browser.patients.test_front_desk import register, unlike
from tests.browser.visits.test_booking import next_monday
from tests.kit import cast
from tests.kit.breaking import leaderless, switch_over
from tests.kit.waiting import eventually
from tests.services.pdf.samples import letter
from tests.services.visits.slot_samples import week_of_slots

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

PATIENTS = 3
NOTE = "#chartroom-banner"


@pytest.fixture
def site(
    browser: Browser, breakable: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Chartroom on the cluster that may be broken."""
    data = tmp_path_factory.mktemp("data")
    with clinic_on(breakable, browser, data) as site:
        yield site


def test_patients_are_registered_once_each_whoever_leads_meanwhile(
    site: Site, breakable: Cluster
):
    page, names = site.visit().pages[0], []

    for change in (switch_over, lose_the_node):
        breakable.wait_until_whole()
        with ThreadPoolExecutor(1) as aside:
            changing: Future[None] | None = None
            for _ in range(PATIENTS):
                # Nobody's twin, who would be asked about first.
                names.append(name := unlike())
                register(page, first_name=name[::-1], last_name=name)
                # The change meets the first form while it is being sent.
                changing = changing or aside.submit(change, breakable)
                heading = page.get_by_role("heading", level=1)
                expect(heading).to_have_text(f"{name}, {name[::-1]}")
            assert changing is not None
            changing.result()

    assert_no_traceback(site, page)
    kept = site.read_primary(
        lambda s: s.scalars(
            select(Patient.last_name).where(Patient.last_name.in_(names))
        ).all()
    )
    # Each that was shown as registered, and no one twice.
    assert sorted(kept) == sorted(names)


@pytest.fixture
def slots(site: Site) -> str:
    """The address of a doctor who can be booked."""

    def add(session) -> UUID:
        doctor_id = cast.add_doctor(session, name=f"Dora {unlike()}").id
        week_of_slots(session, doctor_id, next_monday(), hours=(8, 9))
        return doctor_id

    return f"/doctor?doctor={site.write(add)}"


def filed(page: Page, folder: Path) -> str:
    """File a document; return the address of its page."""
    path = folder / f"{unlike()}.pdf"
    path.write_bytes(letter("Seen on Monday", "and again on Friday"))
    file_pdf(page, path)
    page.goto("/documents")
    link = ready(page).get_by_role("row").filter(has_text=path.stem)
    return f"/{link.get_by_role('link').first.get_attribute('href')}"


def note(page: Page) -> Locator:
    """What every open page says of the database."""
    return page.locator(NOTE)


def downloads(site: Site) -> int:
    """Return how many downloads the audit log was told of."""
    count = select(func.count()).where(AuditEvent.action == Action.DOCUMENT_DOWNLOAD)
    return site.read_primary(lambda s: s.scalar(count))


def test_without_a_primary_everything_is_read_and_nothing_is_lost(
    site: Site, breakable: Cluster, slots: str, tmp_path: Path
):
    context = site.visit()
    page, last = context.pages[0], unlike()
    document = filed(page, tmp_path)
    form = context.new_page()
    form.goto("/register")
    ready(form)
    # To count needs no key.
    spool = Spool(site.logs / "spool", FileKeys(site.logs / "none"))

    with leaderless(breakable):
        # Every open page says so, whatever it is doing.
        expect(note(form)).to_have_attribute("data-state", "read-only")
        expect(note(form)).to_contain_text(re.compile(r"Read-only since \d\d:\d\d\."))
        with urlopen(f"{site.address}/health") as answer:  # noqa: S310 (our own)
            assert b'"status":"read-only"' in answer.read()

        # Lists, also such that nobody has asked for before, and from anywhere.
        page.goto("/")
        expect(ready(page).get_by_text("Changed last", exact=True)).to_be_visible()
        open_from_menu(page, "Patients", "Patients")
        ready(page).get_by_label("Search patients").fill("a")
        page.get_by_label("Search patients").press("Enter")
        expect(page.get_by_text("matching “a”")).to_be_visible()
        page.reload()
        expect(page.get_by_text("matching “a”")).to_be_visible()
        expect(page.get_by_text("no primary")).to_be_visible()
        # A document's pages and its file.
        page.goto(document)
        expect(page.get_by_alt_text("Page 1 of 2")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download version 1").click()
        assert download.value.path().read_bytes().startswith(b"%PDF")
        # Free times.
        page.goto(slots)
        free = ready(page).get_by_role("listitem").filter(has_text="08:20")
        expect(free.first).to_be_visible()

        # Writing says why not, and keeps what was typed.
        form.get_by_label("First name", exact=True).fill("Hanna")
        form.get_by_label("Last name", exact=True).fill(last)
        form.get_by_label("Date of birth", exact=True).fill("1984-02-29")
        form.get_by_label("Phone number", exact=True).fill("01632 960 000")
        form.get_by_role("button", name="Register patient").click()
        refusal = form.get_by_text(re.compile(r"Nothing can be saved since \d\d:\d\d"))
        expect(refusal).to_be_visible()
        expect(form.get_by_label("Last name", exact=True)).to_have_value(last)

        assert not spool.is_empty

    # It goes away by itself, and what stands in the form is saved.
    expect(note(form)).to_have_attribute("data-state", "well")
    expect(note(form)).to_be_hidden()
    form.get_by_role("button", name="Register patient").click()
    expect(form.get_by_role("heading", level=1)).to_have_text(f"{last}, Hanna")
    # What was read meanwhile is in the log, once.
    eventually(lambda: spool.is_empty)
    assert downloads(site) == 1
    assert_no_traceback(site, form, page)
