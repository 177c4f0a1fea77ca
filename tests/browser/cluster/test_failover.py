"""The clinic keeps working while its databases change hands, lag or have no leader."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from urllib.request import urlopen
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import func, select

from db.embedded import Cluster
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from db.spool import Spool
from services.core.actors import Role
from services.core.audit import Action
from services.people import tokens
from tests.browser.cluster.work_under_way import (
    Filing,
    Registration,
    UnderWay,
    Visit,
    booking_events,
    doctor_on_monday,
    sending,
    stored,
    switchover,
)
from tests.browser.conftest import Site, open_from_menu, ready
from tests.browser.documents.filing import address_of, file_letter
from tests.browser.failover_site import assert_no_traceback, clinic_on
from tests.browser.patients.test_front_desk import (
    add_patient,
    find,
    registered,
    unlike,
)
from tests.kit import cast
from tests.kit.breaking import leaderless, replay_paused
from tests.kit.clusters import BreakableCluster
from tests.kit.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

ADA = cast.body_of(cast.ADA, "email")
NOTE = "#chartroom-banner"
Change = Callable[[Cluster], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def site(
    browser: Browser,
    breakable_cluster: BreakableCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Chartroom on the cluster that may be broken."""
    with clinic_on(
        breakable_cluster.whole(), browser, tmp_path_factory.mktemp("data")
    ) as site:
        yield site


@pytest.fixture
def store(site: Site, own_cluster: Cluster) -> Iterator[FileStore]:
    """The clinic's file store."""
    keys = FileKeys(site.logs / "secrets" / "file.keys")
    with closing(FileStore(own_cluster.endpoints.mongo_url, keys=keys)) as store:
        yield store


@pytest.fixture
def desk(site: Site) -> Iterator[Page]:
    """A tab of the front desk."""
    with site.lend() as page:
        yield page


@pytest.fixture
def doctor_id(site: Site) -> UUID:
    """A doctor with times on Monday, when nobody else has a visit."""
    return doctor_on_monday(site)


@pytest.fixture
def work(
    site: Site,
    desk: Page,
    doctor_id: UUID,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[UnderWay]:
    """What the desk and a patient are about to send; one of the two holds a slot."""
    calendar = f"/doctor?doctor={doctor_id}"
    grete = add_patient(site, "Grete", unlike())
    filing, booking = desk.context.new_page(), desk.context.new_page()
    with site.lend(Role.PATIENT) as own:
        for_grete = Visit(booking, f"{calendar}&patient={grete}", "08:00")
        of_their_own = Visit(own, calendar, "08:20")
        is_desk = request.param is Role.STAFF
        yield UnderWay(
            Registration(desk),
            Filing(filing, tmp_path),
            held=for_grete if is_desk else of_their_own,
            wanted=of_their_own if is_desk else for_grete,
        )


@pytest.mark.parametrize(
    ("change", "work"),
    # "lost node" is a power cut: nothing takes over before the block has ended.
    [(switchover, Role.STAFF), (leaderless, Role.PATIENT)],
    ids=["switchover", "lost node"],
    indirect=["work"],
)
def test_what_is_sent_is_done_once_each_whoever_leads_meanwhile(
    site: Site, breakable: Cluster, store: FileStore, work: UnderWay, change: Change
):
    files_before, events_before = stored(store), booking_events(site)
    widgets = work.prepare()

    with change(breakable), sending(widgets):
        work.send()
    work.await_done()

    assert_no_traceback(site, *work.pages)
    assert work.registration.count(site) == 1
    # Both visits with the notes that were typed, and no further attempt.
    notes = {(visit.note, "confirmed") for visit in (work.held, work.wanted)}
    assert work.wanted.attempts(site) == notes
    assert booking_events(site) == events_before + 4
    # Each document as it was typed, and none twice, neither in rows nor in files.
    filed = work.filing.filed(site)
    assert sorted((d.title, d.description) for d in filed) == sorted(
        work.filing.typed.items()
    )
    assert {document.number for document in filed} == {1}
    assert stored(store) - files_before == {document.file_id for document in filed}
    for document in filed:
        content = store.get(Bucket.DOCUMENTS, document.file_id).data
        assert content == work.filing.contents[document.title]


def note(page: Page) -> Locator:
    """Return the note about the database that every open page has."""
    return page.locator(NOTE)


def downloads(site: Site) -> int:
    """Return how many downloads were recorded as audit events."""
    count = select(func.count()).where(AuditEvent.action == Action.DOCUMENT_DOWNLOAD)
    return site.read_primary(lambda s: s.scalar(count))


def test_without_a_primary_everything_is_read_and_nothing_is_lost(
    site: Site, breakable: Cluster, desk: Page, doctor_id: UUID
):
    page, last, downloaded = desk, unlike(), downloads(site)
    pages = ("Seen on Monday", "and again on Friday")
    document = address_of(file_letter(site, unlike(), *pages))
    form = page.context.new_page()
    form.goto("/register")
    ready(form)
    # Counting the spool's entries needs no key.
    spool = Spool(site.logs / "spool", FileKeys(site.logs / "none"))

    with leaderless(breakable):
        # Every open page shows it, whatever it is doing.
        expect(note(form)).to_have_attribute("data-state", "read-only")
        expect(note(form)).to_contain_text(re.compile(r"Read-only since \d\d:\d\d\."))
        with urlopen(f"{site.address}/health") as answer:  # noqa: S310 (our own)
            assert b'"status":"read-only"' in answer.read()

        # Lists, including ones that nobody has requested before, from any page.
        page.goto("/")
        expect(ready(page).get_by_text("Recently changed", exact=True)).to_be_visible()
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
        page.goto(f"/doctor?doctor={doctor_id}")
        free = ready(page).get_by_role("listitem").filter(has_text="08:20")
        expect(free.first).to_be_visible()

        # A write is refused with the reason, and what was typed stays.
        form.get_by_label("First name", exact=True).fill("Hanna")
        form.get_by_label("Last name", exact=True).fill(last)
        form.get_by_label("Date of birth", exact=True).fill("1984-02-29")
        form.get_by_label("Phone number", exact=True).fill("01632 960 000")
        form.get_by_role("button", name="Register patient").click()
        refusal = form.get_by_text(re.compile(r"Nothing can be saved since \d\d:\d\d"))
        expect(refusal).to_be_visible()
        expect(form.get_by_label("Last name", exact=True)).to_have_value(last)

        assert not spool.is_empty

    # The note disappears by itself, and what is in the form can be saved.
    expect(note(form)).to_have_attribute("data-state", "well")
    expect(note(form)).to_be_hidden()
    form.get_by_role("button", name="Register patient").click()
    expect(form.get_by_role("heading", level=1)).to_have_text(f"{last}, Hanna")
    # The reads of that time are in the audit log, once.
    eventually(lambda: spool.is_empty)
    assert downloads(site) == downloaded + 1
    assert_no_traceback(site, form, page)


def test_a_page_shows_what_was_saved_though_no_replica_has_it(
    site: Site, breakable: Cluster, desk: Page
):
    page, last = desk, unlike()

    with replay_paused(breakable), site.lend(Role.CLINICIAN) as colleague:
        registered(page, "Patience", last)
        find(page, last)
        expect(page.get_by_text(f"1 patient matching “{last}”")).to_be_visible()
        expect(page.get_by_text(", primary db-")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        colleague.goto(page.url)

        # No replica has this list yet; its address opens it nevertheless.
        expect(colleague.get_by_text(f"matching “{last}”")).to_be_visible()

    assert last in download.value.path().read_text("utf-8-sig")


def test_the_api_answers_with_what_was_written_though_no_replica_has_it(
    site: Site, breakable: Cluster
):
    token = site.database.write(
        lambda session: tokens.issue(session, Role.STAFF), identity=SYSTEM
    ).value
    api = httpx.Client(
        base_url=f"{site.address}/api/v1", headers={"Authorization": f"Bearer {token}"}
    )

    with replay_paused(breakable), api:
        written = api.post("/patients", json=ADA)
        api.headers["X-Chartroom-LSN"] = written.headers["X-Chartroom-LSN"]
        listed = api.get("/patients?per_page=100").json()["patients"]
        opened = api.get(f"/patients/{written.json()['uuid']}")

    assert opened.json()["last_name"] == "Lovelace"
    assert written.json()["uuid"] in {patient["uuid"] for patient in listed}
