"""Visits are booked and documents filed while leaders change: each once, none lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect
from sqlalchemy import func, select, update

from db.embedded import Cluster
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.models.audit import AuditEvent
from db.models.booking import Booking, BookingSlot
from db.models.document import Document, DocumentVersion
from services.core.actors import Role
from services.core.audit import Action
from tests.browser.conftest import Site, ready
from tests.browser.failover_site import assert_no_traceback, clinic_on
from tests.browser.patients.test_front_desk import add_patient, unlike
from tests.browser.visits.test_booking import next_monday, time_of
from tests.kit import cast
from tests.kit.breaking import leaderless, switch_over
from tests.kit.clusters import BreakableCluster
from tests.kit.waiting import eventually
from tests.services.pdf.samples import letter
from tests.services.visits.slot_samples import week_of_slots

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

DOCUMENTS = 3


@contextmanager
def switchover(cluster: Cluster) -> Iterator[None]:
    """Let another node lead, as planned; the block begins while nobody does."""
    former = cluster.primary()
    assert former is not None
    with ThreadPoolExecutor(1) as aside:
        changing = aside.submit(switch_over, cluster)
        eventually(lambda: not former.is_primary or changing.done(), pause_seconds=0.01)
        yield
        changing.result()


# A power cut; whoever follows does so only once the block has ended.
lost_node = leaderless
Change = Callable[[Cluster], AbstractContextManager[None]]
CHANGES = pytest.mark.parametrize(
    "change", [switchover, lost_node], ids=["switchover", "lost node"]
)


def opened(page: Page, address: str) -> WebSocket:
    """Open a page, and return the stream on which it talks to its script."""
    with page.expect_websocket(lambda socket: "/_stcore/stream" in socket.url) as event:
        page.goto(address)
    return event.value


@contextmanager
def sending(widget: bytes, *streams: WebSocket) -> Iterator[None]:
    """Wait at the end of the block until each page has sent what a widget was told."""
    with ExitStack() as awaited:
        for stream in streams:
            awaited.enter_context(
                stream.expect_event("framesent", lambda frame: widget in bytes(frame))
            )
        yield


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
def doctor_id(site: Site) -> UUID:
    """A doctor with times on Monday, when nobody has anything else to do."""

    def add(session) -> UUID:
        session.execute(update(BookingSlot).values(may_overlap=True))
        doctor_id = cast.add_doctor(session, name=f"Dora {unlike()}").id
        week_of_slots(session, doctor_id, next_monday(), hours=(8, 9))
        return doctor_id

    return site.write(add)


def events(site: Site, *actions: Action) -> int:
    """Return how often the audit log recorded such actions."""
    count = select(func.count()).where(AuditEvent.action.in_(actions))
    return site.read_primary(lambda s: s.scalar(count))


@CHANGES
def test_visits_are_booked_once_each_whoever_leads_meanwhile(
    site: Site, breakable: Cluster, doctor_id: UUID, change: Change
):
    desk, maya = site.visit().pages[0], site.visit(Role.PATIENT).pages[0]
    patient = add_patient(site, "Grete", unlike())
    before = events(site, Action.BOOKING_HOLD, Action.BOOKING_CONFIRM)
    streams = (
        opened(desk, f"/doctor?doctor={doctor_id}&patient={patient}"),
        opened(maya, f"/doctor?doctor={doctor_id}"),
    )
    wanted = {"08:00": (desk, unlike()), "08:20": (maya, unlike())}
    for at, (page, _) in wanted.items():
        expect(time_of(ready(page), at)).to_be_visible()

    with change(breakable), sending(b"doctor_calendar", *streams):
        for at, (page, _) in wanted.items():
            time_of(page, at).click()
    for page, _ in wanted.values():
        expect(page.get_by_role("timer")).to_be_visible()
    for at, (page, note) in wanted.items():
        page.get_by_label(f"What is the visit at {at} about?").fill(note)
    breakable.wait_until_whole()
    with change(breakable), sending(b"booking_confirm", *streams):
        for page, _ in wanted.values():
            page.get_by_role("button", name="Confirm visit").click()
    for page, _ in wanted.values():
        expect(page.get_by_role("link", name="Ticket")).to_be_visible()

    assert_no_traceback(site, desk, maya)
    for page, _ in wanted.values():
        page.context.close()
    # Both, with what was typed, and not one attempt more.
    notes = [note for _, note in wanted.values()]
    assert bookings_of(site, doctor_id) == {(note, "confirmed") for note in notes}
    assert events(site, Action.BOOKING_HOLD, Action.BOOKING_CONFIRM) == before + 4


def bookings_of(site: Site, doctor_id: UUID) -> set[tuple[str, str]]:
    """Return each attempt to book the doctor; every one has its slot."""

    def look(session) -> list[tuple[str, str]]:
        rows = session.execute(
            select(Booking.note, Booking.status, BookingSlot.status)
            .outerjoin(BookingSlot, BookingSlot.booking_id == Booking.id)
            .where(Booking.doctor_id == doctor_id)
        ).all()
        assert all(slot == "booked" for _, _, slot in rows)
        return [(note, status) for note, status, _ in rows]

    attempts = site.read_primary(look)
    assert len(attempts) == len(set(attempts))
    return set(attempts)


@pytest.fixture
def store(site: Site, own_cluster: Cluster) -> Iterator[FileStore]:
    """Where the clinic keeps its files."""
    keys = FileKeys(site.logs / "secrets" / "file.keys")
    with closing(FileStore(own_cluster.endpoints.mongo_url, keys=keys)) as store:
        yield store


def stored(store: FileStore) -> set[str]:
    """Return every document's file that there is."""
    later = datetime.now(UTC) + timedelta(days=1)
    return set(store.list_older_than(Bucket.DOCUMENTS, later))


@CHANGES
def test_documents_are_filed_once_each_whoever_leads_meanwhile(
    site: Site, breakable: Cluster, store: FileStore, change: Change, tmp_path: Path
):
    page, before = site.visit().pages[0], stored(store)
    typed = {unlike(): unlike() for _ in range(DOCUMENTS)}
    contents = {name: letter(f"About {name}") for name in typed}
    stream = choose(page, tmp_path, contents)
    for place, description in enumerate(typed.values()):
        page.get_by_label("Description").nth(place).fill(description)

    with change(breakable), sending(b"upload_documents_file", stream):
        page.get_by_role("button", name=f"File {DOCUMENTS} documents").click()
    for name in typed:
        expect(page.get_by_text(f"{name}.pdf is filed")).to_be_visible()

    assert_no_traceback(site, page)
    page.context.close()
    filed = documents_of(site, typed)
    # Each with what was typed, and no one twice, whether in rows or in files.
    assert sorted((title, said) for title, said, _, _ in filed) == sorted(typed.items())
    assert stored(store) - before == {file_id for _, _, file_id, _ in filed}
    for title, _, file_id, number in filed:
        assert number == 1
        assert store.get(Bucket.DOCUMENTS, file_id).data == contents[title]


def choose(page: Page, folder: Path, contents: dict[str, bytes]) -> WebSocket:
    """Hand the files to the uploader, in their order; return the page's stream."""
    paths = []
    for name, content in contents.items():
        paths.append(folder / f"{name}.pdf")
        paths[-1].write_bytes(content)
    stream = opened(page, "/upload_documents")
    ready(page).locator("input[type=file]").set_input_files(paths)
    expect(page.get_by_label("Description")).to_have_count(len(paths))
    ready(page)
    return stream


def documents_of(site: Site, titles: dict[str, str]) -> list[tuple[str, str, str, int]]:
    """Return title, description, file and number of each version of these."""
    versions = (
        select(
            Document.title,
            Document.description,
            DocumentVersion.file_id,
            DocumentVersion.number,
        )
        .join(DocumentVersion, DocumentVersion.document_id == Document.id)
        .where(Document.title.in_(titles))
    )
    rows = site.read_primary(lambda s: s.execute(versions).all())
    return [tuple(row) for row in rows]
