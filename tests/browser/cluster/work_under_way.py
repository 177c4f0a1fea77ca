"""Work in several tabs while a cluster's leader changes, and its result."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from playwright.sync_api import Page, WebSocket, expect
from sqlalchemy import Row, func, select

from db.embedded import Cluster
from db.files.gridfs import Bucket, FileStore
from db.models.audit import AuditEvent
from db.models.booking import Booking, BookingSlot
from db.models.document import Document, DocumentVersion
from db.models.patient import Patient
from services.core.audit import Action
from tests.browser.conftest import Site, ready
from tests.browser.patients.test_front_desk import unlike
from tests.browser.visits.test_booking import (
    free_first_hours,
    next_monday,
    time_of,
)
from tests.kit import cast
from tests.kit.breaking import switch_over
from tests.kit.waiting import eventually
from tests.services.pdf.samples import letter
from tests.services.visits.slot_samples import week_of_slots


@contextmanager
def switchover(cluster: Cluster) -> Iterator[None]:
    """Switch over to another node; the block begins while no node leads."""
    former = cluster.primary()
    assert former is not None
    with ThreadPoolExecutor(1) as aside:
        changing = aside.submit(switch_over, cluster)
        eventually(lambda: not former.is_primary or changing.done(), pause_seconds=0.01)
        yield
        changing.result()


def opened(page: Page, address: str) -> WebSocket:
    """Open a page, and return the WebSocket to its script."""
    with page.expect_websocket(lambda socket: "/_stcore/stream" in socket.url) as event:
        page.goto(address)
    ready(page)
    return event.value


@contextmanager
def sending(widgets: dict[str, WebSocket]) -> Iterator[None]:
    """Wait at the end of the block until each socket has sent the change of its widget.

    The name of the widget is part of what is sent.
    """
    with ExitStack() as awaited:
        for name, stream in widgets.items():
            awaited.enter_context(
                stream.expect_event(
                    "framesent", lambda frame, name=name: name.encode() in bytes(frame)
                )
            )
        yield


@dataclass
class Registration:
    """The form of a new patient who resembles nobody."""

    page: Page
    name: str = field(default_factory=unlike)

    def fill_in(self) -> WebSocket:
        """Fill in the form; return the socket of its page."""
        stream = opened(self.page, "/register")
        for label, value in {
            "First name": self.name[::-1],
            "Last name": self.name,
            "Date of birth": "1984-02-29",
            "Phone number": "01632 960 000",
        }.items():
            self.page.get_by_label(label, exact=True).fill(value)
        return stream

    def send(self) -> None:
        """Submit the form; the page shows later whether the patient is registered."""
        self.page.get_by_role("button", name="Register patient").click()

    def await_done(self) -> None:
        """Wait until the page shows the record."""
        heading = self.page.get_by_role("heading", level=1)
        expect(heading).to_have_text(f"{self.name}, {self.name[::-1]}")

    def count(self, site: Site) -> int:
        """Return how many patients have the name."""
        of_name = Patient.last_name == self.name
        counted = select(func.count()).select_from(Patient).where(of_name)
        return int(site.read_primary(lambda s: s.scalar(counted)) or 0)


@dataclass
class Visit:
    """A visit on Monday, whose slot is held and then confirmed."""

    page: Page
    calendar: str
    time: str
    note: str = field(default_factory=unlike)

    def open(self) -> WebSocket:
        """Open the calendar at its address; return the socket of its page."""
        stream = opened(self.page, self.calendar)
        expect(time_of(self.page, self.time)).to_be_visible()
        return stream

    def hold(self) -> None:
        """Choose the time."""
        time_of(self.page, self.time).click()

    def fill_in(self) -> None:
        """Wait until the slot is held, and type what the visit is about."""
        expect(self.page.get_by_role("timer")).to_be_visible()
        label = f"What is the visit at {self.time} about?"
        self.page.get_by_label(label).fill(self.note)

    def confirm(self) -> None:
        """Confirm the visit that is held."""
        self.page.get_by_role("button", name="Confirm visit").click()

    def await_done(self) -> None:
        """Wait until there is a ticket."""
        expect(self.page.get_by_role("link", name="Ticket")).to_be_visible()

    def attempts(self, site: Site) -> set[tuple[str, str]]:
        """Return note and state of the doctor's bookings, of which none is there twice.

        Every booking must have its slot.
        """
        doctor_id = UUID(re.findall(r"doctor=([-0-9a-f]+)", self.calendar)[0])
        attempted = (
            select(Booking.note, Booking.status, BookingSlot.status)
            .outerjoin(BookingSlot, BookingSlot.booking_id == Booking.id)
            .where(Booking.doctor_id == doctor_id)
        )
        rows = site.read_primary(lambda s: s.execute(attempted).all())
        assert all(slot == "booked" for _, _, slot in rows)
        attempts = [(note, status) for note, status, _ in rows]
        assert len(attempts) == len(set(attempts))
        return set(attempts)


def doctor_on_monday(site: Site) -> UUID:
    """Add a doctor with times on Monday, when nobody else has a visit."""

    def add(session) -> UUID:
        free_first_hours(session)
        doctor_id = cast.add_doctor(session, name=f"Dora {unlike()}").id
        week_of_slots(session, doctor_id, next_monday(), hours=(8, 9))
        return doctor_id

    return site.write(add)


def booking_events(site: Site) -> int:
    """Return how many holds and confirmations were recorded as audit events."""
    actions = (Action.BOOKING_HOLD, Action.BOOKING_CONFIRM)
    count = select(func.count()).where(AuditEvent.action.in_(actions))
    return int(site.read_primary(lambda s: s.scalar(count)) or 0)


@dataclass
class Filing:
    """Several documents in the uploader, each with a description of its own."""

    page: Page
    folder: Path
    typed: dict[str, str] = field(
        default_factory=lambda: {unlike(): unlike() for _ in range(3)}
    )
    contents: dict[str, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.contents = {name: letter(f"About {name}") for name in self.typed}

    def fill_in(self) -> WebSocket:
        """Choose the files in the uploader, in their order, and describe each.

        Returns the socket of the page.
        """
        paths = []
        for name, content in self.contents.items():
            paths.append(self.folder / f"{name}.pdf")
            paths[-1].write_bytes(content)
        stream = opened(self.page, "/upload_documents")
        self.page.locator("input[type=file]").set_input_files(paths)
        descriptions = self.page.get_by_label("Description")
        expect(descriptions).to_have_count(len(paths))
        ready(self.page)
        for place, description in enumerate(self.typed.values()):
            descriptions.nth(place).fill(description)
        return stream

    def send(self) -> None:
        """File all of them at once."""
        name = f"File {len(self.typed)} documents"
        self.page.get_by_role("button", name=name).click()

    def await_done(self) -> None:
        """Wait until the page says that each of them is filed."""
        for name in self.typed:
            expect(self.page.get_by_text(f"{name}.pdf is filed")).to_be_visible()

    def filed(self, site: Site) -> Sequence[Row[tuple[str, str | None, str, int]]]:
        """Return title, description, file and number of each version of them."""
        versions = (
            select(
                Document.title,
                Document.description,
                DocumentVersion.file_id,
                DocumentVersion.number,
            )
            .join(DocumentVersion, DocumentVersion.document_id == Document.id)
            .where(Document.title.in_(self.typed))
        )
        return site.read_primary(lambda s: s.execute(versions).all())


def stored(store: FileStore) -> set[str]:
    """Return the ids of all stored files of documents."""
    later = datetime.now(UTC) + timedelta(days=1)
    return set(store.list_older_than(Bucket.DOCUMENTS, later))


@dataclass
class UnderWay:
    """A patient, two visits and three documents that wait to be sent, a tab each."""

    registration: Registration
    filing: Filing
    # One is held and is to be confirmed; the other is still to be held.
    held: Visit
    wanted: Visit

    @property
    def pages(self) -> list[Page]:
        """The four tabs."""
        waiting = (self.registration, self.filing, self.held, self.wanted)
        return [each.page for each in waiting]

    def prepare(self) -> dict[str, WebSocket]:
        """Fill in everything; return the socket of each widget."""
        calendar, held = self.wanted.open(), self.held.open()
        self.held.hold()
        self.held.fill_in()
        return {
            "register_submit": self.registration.fill_in(),
            "upload_documents_file": self.filing.fill_in(),
            "doctor_calendar": calendar,
            "booking_confirm": held,
        }

    def send(self) -> None:
        """Send everything."""
        self.registration.send()
        self.filing.send()
        self.wanted.hold()
        self.held.confirm()

    def await_done(self) -> None:
        """Wait until each page shows that it is done; then confirm the other visit."""
        self.registration.await_done()
        self.filing.await_done()
        self.held.await_done()
        self.wanted.fill_in()
        self.wanted.confirm()
        self.wanted.await_done()
