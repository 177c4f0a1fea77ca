"""The monthly report on backups is made and sent by a real worker and mail server."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pypdfium2
import pytest

from dashboard.ui.language.papers import wording_in
from dashboard.web.languages import failure_translator
from db.backups.repository import Repository
from db.files.seal_keys import SealKeyFile
from db.models.audit import AuditEvent
from db.models.user import User
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.backups.reporting.mailing import ReportMailing
from jobs.backups.reporting.report_mails import note_report_mails, read_report_mails
from jobs.worker.tasks import Stores, queue
from services.core.actors import Actor, Role
from services.core.errors import Unavailable
from services.documents.forms import Clinic
from tests.jobs.due_tasks import run_due
from tests.kit import backup_sets, cast
from tests.kit.audit_events import events_of
from tests.kit.backup_reports import sources_of
from tests.kit.replicas import write_everywhere

ZONE = ZoneInfo("Europe/Berlin")
MORNING = datetime(2026, 12, 1, 6, 23, tzinfo=ZONE)


@dataclass
class Office:
    """A clinic with two administrators, one of whom reads German."""

    database: Database
    admins: tuple[Actor, Actor]
    addresses: tuple[str, str]
    repository: Repository
    mailing: ReportMailing

    def run(self, mailer, at=MORNING) -> int:
        """Run the worker's look at a time."""
        return replace(self.mailing, now=lambda: at).run(self.database, mailer)

    def write(self, operation):
        """Run an operation as the system, and return its result."""
        return self.database.write(operation, identity=SYSTEM).value

    def events(self, action: str) -> list[AuditEvent]:
        """Return the audit events of an action."""
        return self.write(lambda session: events_of(session, action))


def _prepare(session):
    long_ago = {"created_at": MORNING - timedelta(days=90)}
    admins = (
        cast.add_actor(session, Role.ADMIN, **long_ago),
        cast.add_actor(session, Role.ADMIN, language="de", **long_ago),
    )
    cast.add_actor(session, Role.CLINICIAN, **long_ago)
    return admins, tuple(session.get_one(User, each.id).email for each in admins)


@pytest.fixture
def office(endpoints, tmp_path) -> Iterator[Office]:
    """The clinic on the morning of the first of December, after a drill."""
    repository = Repository(tmp_path / "backups")
    backup_sets.add_set(repository)
    repository.add_proof(backup_sets.DRILLED)
    with closing(Database(endpoints)) as database:
        admins, addresses = write_everywhere(database, _prepare)
        mailing = ReportMailing(
            Clinic("Harbour Clinic", "1 High Street", ""),
            "https://clinic.example",
            tmp_path,
            lambda: MORNING,
            lambda _: sources_of(repository),
            lambda language: wording_in(language, "en"),
            failure_translator,
        )
        yield Office(database, admins, addresses, repository, mailing)


def recipients(mailbox):
    return sorted(email["To"] for email in mailbox.emails)


def read(email):
    """Return the name and the text of the PDF attached to an e-mail."""
    [part] = email.iter_attachments()
    assert part.get_content_type() == "application/pdf"
    with pypdfium2.PdfDocument(BytesIO(part.get_content())) as document:
        text = " ".join(page.get_textpage().get_text_range() for page in document)
    return part.get_filename(), " ".join(text.split())


def test_each_administrator_gets_last_months_report_in_their_language(
    office, mailbox, mailer
):
    assert office.run(mailer) == 2

    assert recipients(mailbox) == sorted(office.addresses)
    english, german = (
        next(email for email in mailbox.emails if email["To"] == address)
        for address in office.addresses
    )
    assert english["Subject"] == "Harbour Clinic: backups and restores of November 2026"
    words = english.get_body().get_content()
    assert "Restores that were proven in November 2026: 1." in words
    assert "https://clinic.example/backups" in words
    name, text = read(english)
    assert name == "backups-2026-11-01-2026-11-30.pdf"
    assert "Restores that were proven in this period: 1." in text
    assert "What is not proven" in text
    assert german["Subject"] == (
        "Harbour Clinic: Sicherungen und Wiederherstellungen im November 2026"
    )
    words = german.get_body().get_content()
    assert "Im November 2026 nachgewiesene Wiederherstellungen: 1." in words
    assert "https://clinic.example/backups" in words
    assert "Every administrator" not in words
    assert "Was nicht nachgewiesen ist" in read(german)[1]


def test_nobody_gets_a_month_twice_and_the_next_one_comes(office, mailbox, mailer):
    for hours in range(3):
        office.run(mailer, MORNING + timedelta(hours=hours))
    office.run(mailer, datetime(2026, 12, 31, 23, tzinfo=ZONE))
    assert len(mailbox.emails) == 2

    office.run(mailer, datetime(2027, 1, 1, 7, tzinfo=ZONE))

    assert len(mailbox.emails) == 4
    assert "Dezember 2026" in mailbox.emails[-1]["Subject"]


def test_in_the_night_of_the_first_nothing_is_sent(office, mailbox, mailer):
    # In UTC it is still the last of November.
    assert office.run(mailer, datetime(2026, 12, 1, 0, 30, tzinfo=ZONE)) == 0
    assert office.run(mailer, datetime(2026, 12, 1, 5, 59, tzinfo=ZONE)) == 0

    assert mailbox.emails == []


def test_what_a_mail_server_refuses_is_sent_an_hour_later_to_those_alone(
    office, mailbox, mailer
):
    mailbox.refusal = "451 Not now"
    assert office.run(mailer) == 0
    mailbox.refusal = None

    assert office.run(mailer, MORNING + timedelta(hours=1)) == 2

    assert recipients(mailbox) == sorted(office.addresses)
    outcomes = [event.outcome for event in office.events("backup:send-report")]
    assert outcomes == ["failed", "failed", "done", "done"]


def test_after_three_days_of_refusals_it_is_given_up_until_the_next_month(
    office, mailbox, mailer
):
    mailbox.refusal = "550 Nobody here"
    office.run(mailer)
    mails = read_report_mails(office.mailing.data, date(2026, 11, 1))
    assert mails.refused == {each.id: 1 for each in office.admins}
    # As if it had been like this for three days less an hour.
    refused = replace(mails, refused={each.id: 71 for each in office.admins})
    note_report_mails(office.mailing.data, refused)
    for hours in range(71, 75):
        office.run(mailer, MORNING + timedelta(hours=hours))

    assert len(office.events("backup:send-report")) == 2 * 2
    mailbox.refusal = None
    assert office.run(mailer, MORNING + timedelta(days=5)) == 0
    assert office.run(mailer, datetime(2027, 1, 1, 7, tzinfo=ZONE)) == 2


def test_addresses_that_take_nothing_hold_up_nobody_else(office, mailbox, mailer):
    """Three of them use up an hour's attempt, and so come last in the next one."""

    def add(session):
        long_ago = {"created_at": MORNING - timedelta(days=90)}
        more = [cast.add_actor(session, Role.ADMIN, **long_ago) for _ in range(2)]
        people = sorted((*office.admins, *more), key=lambda actor: actor.id)
        return [session.get_one(User, each.id).email for each in people]

    *unknown, known = office.write(add)
    mailbox.unknown = frozenset(unknown)
    assert office.run(mailer) == 0

    assert office.run(mailer, MORNING + timedelta(hours=1)) == 1

    assert recipients(mailbox) == [known]


def test_who_came_or_left_since_gets_none(office, mailbox, mailer):
    def change(session):
        midnight = datetime(2026, 12, 1, tzinfo=ZONE)
        cast.add_actor(session, Role.ADMIN, created_at=midnight)
        left = session.get_one(User, office.admins[0].id)
        left.deactivated_at = MORNING

    office.write(change)

    assert office.run(mailer) == 1
    assert recipients(mailbox) == [office.addresses[1]]


def test_before_anything_was_backed_up_there_is_nothing_to_send(
    office, mailbox, mailer
):
    office.mailing = replace(office.mailing, sources=lambda _: None)

    assert office.run(mailer) == 0
    assert mailbox.emails == []


def test_a_folder_that_keeps_no_note_sends_nothing(office, mailbox, mailer, tmp_path):
    """Otherwise everybody would get it again every hour while the disk is full."""
    office.mailing = replace(office.mailing, data=tmp_path / "gone")

    with pytest.raises(OSError, match="No such file"):
        office.run(mailer)

    assert mailbox.emails == []


def test_who_was_sent_what_is_written_down_and_nothing_of_the_paper(
    office, mailbox, mailer
):
    office.run(mailer)

    sent = office.events("backup:send-report")
    period = {"first": "2026-11-01", "last": "2026-11-30"}
    assert [event.details for event in sent] == [
        {**period, "person": str(each.id)}
        for each in sorted(office.admins, key=lambda actor: actor.id)
    ]
    [taken] = office.events("backup:report")
    assert taken.details == period


def test_a_paper_that_cannot_be_made_is_none_that_was_taken(office, mailer):
    def explain(_):
        raise Unavailable("No paper is made just now.")

    office.mailing = replace(office.mailing, explain=explain)

    for hours in range(2):
        with pytest.raises(Unavailable):
            office.run(mailer, MORNING + timedelta(hours=hours))

    assert office.events("backup:report") == []


@pytest.fixture
def stores(office, endpoints, files, tmp_path, monkeypatch) -> Iterator[Stores]:
    """What a worker of the clinic has, without a mail server."""
    queue.perform_import_paths()
    # Otherwise periodic tasks that are due in this minute would run as well.
    monkeypatch.setattr(queue.periodic_registry, "periodic_tasks", {})
    keys = SealKeyFile(tmp_path / "secrets/audit.key", may_be_made=True)
    with closing(AuditStore(endpoints.audit_url)) as audit:
        yield Stores(office.database, files, audit, keys, report_mailing=office.mailing)


def test_a_worker_sends_it_once_there_is_a_mail_server(
    office, endpoints, stores, mailbox, mailer
):
    run_due(endpoints, stores, "send_backup_report")
    assert mailbox.emails == []

    run_due(endpoints, replace(stores, mailer=mailer), "send_backup_report")

    assert len(mailbox.emails) == 2


def test_where_it_is_switched_off_nothing_is_sent(
    office, endpoints, stores, mailbox, mailer
):
    off = replace(stores, mailer=mailer, report_mailing=None)

    run_due(endpoints, off, "send_backup_report")

    assert mailbox.emails == []
