"""A real clinic as of a second, in which somebody finds what was lost since."""

from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import psycopg2
import pytest
from bson import ObjectId
from sqlalchemy import select

from db.backups.backup_errors import SetBroken
from db.backups.file_copies import list_later_copies
from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.embedded.processes import child_processes
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket
from db.files.seal_keys import SealKeyFile
from db.models.document import Document
from db.postgres import SYSTEM, RestoredClinic
from jobs.backups import looking
from jobs.backups.open_looks.look_keeper import LookKeeper
from jobs.backups.open_looks.opening_looks import LookSource
from jobs.backups.scheduling import BackupPlan, BackupScheduler, backing_up
from jobs.backups.taking import take
from services.backups import BackupWindow, LogState, looks
from services.consultations import point_in_time as visits_then
from services.consultations.point_in_time import VisitChange, VisitCopy
from services.core.actor_database import ActorDatabase
from services.documents import (
    point_in_time as documents_then,
    records,
    retention,
    tags,
)
from services.documents.point_in_time import DocumentChange, DocumentCopy, EarlierFiles
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import Damaged, FileGone
from services.patients import point_in_time
from services.patients.point_in_time import RecordCopy
from services.patients.records import patients
from services.visits.booking import bookings
from tests.conftest import owner
from tests.jobs.backups import samples
from tests.jobs.backups.log_samples import LOG_GROUP, await_kept, await_log, keeping
from tests.jobs.backups.samples import stored_content
from tests.kit import cast
from tests.kit.waiting import eventually
from tests.services.visits.booking.bookings import samples as booking_samples

pytestmark = [pytest.mark.cluster, LOG_GROUP]

TODAY = date(2026, 11, 20)
LETTER = b"%PDF of Ada" * 300
BY_HAND = """
WITH versions AS (DELETE FROM document_versions WHERE document_id = %(document)s),
documents AS (DELETE FROM documents WHERE id = %(document)s)
DELETE FROM patients WHERE id = %(patient)s
"""


class Story:
    """A clinic as of a second, and what happened to it since."""

    def __init__(self, clinic):
        self.clinic, self.database = clinic, clinic.database
        self.clerk, self.boss = cast.act_as(cast.CLEO), cast.act_as(cast.ADAM)
        self.ada = self.write(
            lambda s: patients.register(s, self.clerk, cast.ADA, today=TODAY)
        )
        self.letter = clinic.file(LETTER, self.ada.id)
        self.write(lambda s: tags.add_tag(s, self.boss, "Lab"))
        labelled = replace(ChangedDocument.of(self.letter), tags=("Lab",))
        self.write(
            lambda s: records.change(
                s, self.clerk, self.letter.id, labelled, revision=self.letter.revision
            )
        )
        self.grace = self.write(
            lambda s: patients.register(s, self.clerk, cast.GRACE, today=TODAY)
        )
        self.visit = self.write(self.book)
        self.spoilt = clinic.file(b"%PDF of Grace" * 300, self.grace.id)
        self.purged = self.write(
            lambda s: s.scalars(select(Document.id).order_by(Document.id)).first()
        )
        self.to = datetime.now(UTC)

    def book(self, session):
        slot_id = booking_samples.slot(session, cast.add_doctor(session))
        given = session, self.clerk, slot_id, self.grace.id
        held = booking_samples.hold(*given, note="A cough")
        return bookings.confirm(session, self.clerk, held.id)

    def lose(self):
        """Delete a patient and their file by hand; purge a document that is due.

        The visit of another patient is cancelled.
        """
        with (
            closing(psycopg2.connect(owner(self.database.endpoints))) as connection,
            connection.cursor() as cursor,
        ):
            lost = {"document": str(self.letter.id), "patient": str(self.ada.id)}
            cursor.execute(BY_HAND, lost)
            connection.commit()
        file_id = self.letter.version.file_id
        self.clinic.source.files.delete(Bucket.DOCUMENTS, file_id)
        self.write(lambda s: retention.replay_purges(s, [self.purged]))
        self.write(lambda s: bookings.cancel(s, self.clerk, self.visit.id))

    def write(self, operation):
        return self.database.write(operation, identity=SYSTEM).value

    def ask(self):
        log = LogState((BackupWindow(self.to, self.to),))
        return self.write(lambda s: looks.request_look(s, self.boss, self.to, log))

    def newest(self):
        return self.database.read_latest(
            lambda s: looks.newest_look(s, self.boss), identity=SYSTEM
        ).value

    def read_then(self, elsewhere, operation):
        mine = ActorDatabase(self.database, self.clerk)
        return mine.read_elsewhere(elsewhere, operation).value


@contextmanager
def opening(story, repository, seal_keys):
    """Open what was requested, as the worker does; yield the access to it."""
    source, database = story.clinic.source, story.database
    opener = LookSource(
        source.folder,
        repository,
        source.keys,
        seal_keys.read_or_make,
        database,
        source.audit,
    )
    scheduler = BackupScheduler(
        database,
        repository,
        source.keys,
        lambda: take(source, repository),
        BackupPlan(None, kept=timedelta(days=35)),
        looks=LookKeeper(database, opener.opened),
    )
    with (
        backing_up(scheduler),
        closing(RestoredClinic(lambda: database.endpoints)) as way,
    ):
        yield way


def test_a_patient_that_was_lost_is_found_and_copied_back(breakable_cluster, tmp_path):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    seal_keys = SealKeyFile(tmp_path / "audit.key", may_be_made=True)
    repository = Repository(tmp_path / "backups")
    with samples.clinic(breakable_cluster.whole(), keys) as clinic:
        with keeping(clinic, repository) as keeper:
            await_log(keeper)
            take(clinic.source, repository)
            story = Story(clinic)
            await_kept(keeper, story.to)
            story.lose()
            spoil(story, repository)
            with opening(story, repository, seal_keys) as way:
                story.ask()
                look = eventually(story.newest, lambda each: not each.is_awaited)
                assert look.failure is None
                then = way.database(look.port)

                finds_whom_it_lost(story, then, look)
                brings_a_letter_back(story, then, look, repository)
                gives_away_no_spoilt_file(story, then, look, repository)
                books_a_visit_again(story, then, look)
                shows_no_more_what_was_purged(story, then)
                takes_no_writes(then)

                story.write(lambda s: looks.close_look(s, story.boss, look.id))
                place = clinic.source.folder.path / "open-look"
                eventually(lambda: not place.exists())
                assert not child_processes.find(place)
        assert repository.last_proof() is None


def finds_whom_it_lost(story, then, look):
    def find(session):
        looks.require_same(session, look)
        return point_in_time.find_patients(
            session, story.clerk, cast.ADA.last_name, now=story.to, as_of=look.to
        )

    [patient] = story.read_then(then, find).patients
    seen = story.read_then(
        then,
        lambda s: point_in_time.read_record(s, story.clerk, patient.id, as_of=look.to),
    )
    assert (seen.timestamp, seen.patient.draft()) == (story.to, story.ada.draft())
    copy = RecordCopy(
        patient.id, seen.patient.draft(), None, look.to, "Deleted by hand"
    )
    copied = story.write(
        lambda s: point_in_time.copy_back(s, story.clerk, copy, today=TODAY)
    )
    assert (copied.id, copied.draft()) == (story.ada.id, story.ada.draft())


def brings_a_letter_back(story, then, look, repository):
    clerk, source = story.clerk, story.clinic.source
    listed = story.read_then(
        then,
        lambda s: documents_then.list_documents(s, clerk, story.ada.id, as_of=look.to),
    )

    def compare(session):
        of_then = listed.documents, listed.defined
        return documents_then.compare_today(session, clerk, *of_then)

    [compared] = story.write(compare)
    assert compared.change is DocumentChange.GONE
    version = story.read_then(
        then,
        lambda s: documents_then.open_version(
            s, clerk, compared.then.id, as_of=look.to
        ),
    )
    # MongoDB no longer has it.
    files = EarlierFiles(source.files, repository, source.keys)
    assert files.read(version) == LETTER
    with pytest.raises(Damaged):
        files.read(replace(version, sha256="0" * 64))
    content = stored_content(source.files, files.read(version))
    copy = DocumentCopy(
        compared.then, None, look.to, "Deleted by hand", content, listed.defined
    )
    story.write(lambda s: documents_then.bring_back(s, clerk, copy))

    [again] = story.write(compare)
    assert again.change is DocumentChange.SAME
    assert again.today.tags == ("Lab",)
    with records.open_file(source.files, again.today.version) as stream:
        assert stream.read() == LETTER


def books_a_visit_again(story, then, look):
    clerk = story.clerk
    mine = ActorDatabase(story.database, clerk)
    listed = story.read_then(
        then, lambda s: visits_then.read_visits(s, clerk, story.grace.id, as_of=look.to)
    )
    [compared] = mine.write(
        lambda s: visits_then.compare_today(s, clerk, listed.visits)
    ).value
    assert compared.change is VisitChange.CANCELLED
    reason = "Cancelled the wrong one"
    given = compared.then, compared.today.revision, listed.timestamp, reason, uuid4()

    booked = mine.write(
        lambda s: visits_then.book_again(
            s, clerk, VisitCopy(*given), now=datetime.now(UTC)
        )
    ).value

    assert (booked.starts_at, booked.note) == (story.visit.starts_at, "A cough")


def spoil(story, repository):
    """Flip a bit of a file in the backups, and remove the file from MongoDB."""
    file_id = story.spoilt.version.file_id
    archive = LogArchive(
        repository.folder, repository.system_id, story.clinic.source.keys
    )
    # On a slow machine the same bytes are perhaps listed twice.
    [sha256] = {
        each.sha256
        for each in list_later_copies(archive)
        if each.place == (str(Bucket.DOCUMENTS), ObjectId(file_id))
    }
    [path] = (each for each in repository.stored_files() if each.name == sha256)
    samples.flip(path)
    story.clinic.source.files.delete(Bucket.DOCUMENTS, file_id)


def gives_away_no_spoilt_file(story, then, look, repository):
    clerk, source = story.clerk, story.clinic.source
    version = story.read_then(
        then,
        lambda s: documents_then.open_version(s, clerk, story.spoilt.id, as_of=look.to),
    )

    with pytest.raises(FileGone):
        EarlierFiles(source.files, repository, source.keys).read(version)

    # Proving a restore by hand proves every file.
    with pytest.raises(SetBroken, match="was changed in"):
        looking.look(source.folder, repository, source.keys, to=story.to)


def shows_no_more_what_was_purged(story, then):
    tombstone = select(Document.purged_at.is_not(None), Document.title).where(
        Document.id == story.purged
    )

    def read(session):
        return tuple(session.execute(tombstone).one())

    live = story.database.read_latest(read, identity=SYSTEM).value
    assert then.read(read, identity=SYSTEM).value == live
    assert live[0]


def takes_no_writes(then):
    with (
        closing(psycopg2.connect(then.endpoints.database_url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SHOW in_hot_standby")
        assert cursor.fetchone() == ("on",)
        with pytest.raises(psycopg2.DatabaseError, match="read-write mode"):
            cursor.execute("SET transaction_read_only TO off")
