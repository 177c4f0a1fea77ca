"""A real clinic goes back in place, once, and everything that has to hold then."""

import shutil
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psycopg2
import pytest
from sqlalchemy import func, select, text, update

from db import embedded, schema
from db.backups.backup_errors import CannotRestore, SetBroken
from db.backups.log.archive import LogArchive
from db.backups.log.segments import LogSegment, history_name, number_of
from db.backups.replaced_data import list_before
from db.backups.repository import Repository
from db.embedded import DataFolder
from db.embedded.data_folder import CannotStart
from db.embedded.replacement import Replacement, ReplacementStep
from db.embedded.servers import database_roles
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.files.seal_keys import SealKeyFile
from db.models.audit import AuditHead
from db.models.document import Document, DocumentVersion
from db.models.integrity import PendingFileDeletion
from db.models.user import User, UserSession
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database, Lsn
from jobs.backups import looking
from jobs.backups.copying.fetching import RepositoryFetch
from jobs.backups.copying.uploading import RepositoryCopy
from jobs.backups.erasing.purged_bytes import BackupErasure
from jobs.backups.going_back.replaying import GoingBackOrder
from jobs.backups.going_back.restoring import LiveClinic, go_back
from jobs.backups.looking import look, words_of
from jobs.backups.routes import route_to
from jobs.backups.taking import BackupSource, take
from services.analytics import cohorts
from services.analytics.cohorts import RevealsFew, UndisclosedAnswer
from services.audit import chain
from services.core import audit
from services.core.actors import CONSOLE, KEEPER, Role
from services.core.audit import Action
from services.documents import retention
from tests.jobs.backups import samples
from tests.jobs.backups.log_samples import (
    await_kept,
    await_log,
    keeping,
)
from tests.kit import cast, object_stores
from tests.kit.scratch import scratch_folder
from tests.kit.waiting import eventually

# On servers of its own, since it takes as long as all tests that keep a log, and runs
# beside those.
pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("clusters that go back")]
_ROOT = Path(__file__).resolve().parents[4]
_LATER = b"%PDF filed later" * 30


@dataclass
class Ward:
    """A clinic in a data folder of its own; it stops and starts as under a launcher."""

    data: Path
    keys: FileKeys
    seal_keys: SealKeyFile
    held: ExitStack = field(default_factory=ExitStack)
    clinic: samples.Clinic | None = None
    closings: int = 0

    def start(self) -> None:
        """Start its servers, and connect."""
        cluster = embedded.start(self.data)
        self.held.callback(cluster.stop)
        schema.bring_up_to_date(cluster.endpoints)
        database = Database(cluster.endpoints)
        self.held.callback(database.close)
        files = FileStore(cluster.addresses.mongo.url, keys=self.keys)
        self.held.callback(files.close)
        log = AuditStore(cluster.endpoints.audit_url)
        self.held.callback(log.close)
        source = BackupSource(
            cluster.folder,
            cluster.addresses,
            database_roles.NAME,
            files,
            log,
            self.keys,
        )
        self.clinic = samples.Clinic(cluster, database, source)

    def stop(self) -> None:
        """Stop everything."""
        self.held.close()

    @contextmanager
    def closed(self):
        """Do what the launcher does for going back, killed once on the way."""
        self.closings += 1
        try:
            yield
        finally:
            if Replacement(self.clinic.source.folder).is_ready:
                self.stop()
                kill_once_placed(self.data)
                self.start()

    @contextmanager
    def expendable(self, repository: Repository, aside: Path):
        """Stop everything for the block, and restore afterwards what it has broken."""
        # A replica that is still being copied has no folder that could be lost.
        self.clinic.cluster.wait_until_whole()
        self.stop()
        places = {self.data: aside / "data", repository.folder: aside / "backups"}
        for place, copy in places.items():
            # With the owner of each file, which Python's own copying leaves out.
            subprocess.run(["cp", "-a", place, copy], check=True)
        try:
            yield
        finally:
            self.stop()
            for place, copy in places.items():
                subprocess.run(["rm", "-r", place], check=True)
                subprocess.run(["mv", copy, place], check=True)
            self.start()

    def live(self, repository: Repository) -> LiveClinic:
        """Return the clinic that goes back."""
        source = self.clinic.source
        return LiveClinic(
            source.folder,
            repository,
            self.keys,
            self.seal_keys.read_or_make(),
            self.clinic.database,
            source.files,
            source.audit,
            timedelta(days=35),
        )

    def read(self, operation):
        """Read from the primary."""
        return self.clinic.database.read_latest(operation, identity=SYSTEM).value

    def write(self, operation):
        """Write to the primary."""
        return self.clinic.database.write(operation, identity=SYSTEM).value

    def administrate(self, *statements: str):
        """Run statements by hand, as with psql; return the rows of the last one."""
        url = self.clinic.cluster.addresses.primary_url("postgres", database_roles.NAME)
        connection = psycopg2.connect(url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows


def kill_once_placed(data: Path) -> None:
    """Start the servers, and kill the launcher before any of them leads."""
    replacement = Replacement(DataFolder(data))
    command = [sys.executable, "-m", "tests.db.embedded.launching", "launch", str(data)]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as starting:
        eventually(lambda: replacement.is_placed)
        starting.kill()
    assert replacement.step is ReplacementStep.PLACED


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A running clinic."""
    with scratch_folder(tmp_path_factory, "ward") as room:
        keys = FileKeys(room / "file.keys", may_be_made=True)
        seal_key = SealKeyFile(room / "audit.key", may_be_made=True)
        ward = Ward(room / "data", keys, seal_key)
        with ward.held:
            ward.start()
            for data in samples.FILES:
                ward.clinic.file(data)
            ward.clinic.ship()
            yield ward


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return Repository(tmp_path_factory.mktemp("backups") / "of the clinic")


@pytest.fixture(scope="module")
def store():
    """The store to which the backups are copied."""
    with object_stores.running() as server:
        yield server.store("of-us")


@pytest.fixture(scope="module")
def story(ward, repository, store):
    """The state at the time to go back to, what happened since, and the way back."""
    facts = SimpleNamespace(refused=[])
    with keeping(ward.clinic, repository) as keeper:
        await_log(keeper)
        take(ward.clinic.source, repository)
        # The way back begins with two backups that are put together.
        take(ward.clinic.source, repository, full_every=timedelta(days=7))
        ward.write(_people)
        await_kept(keeper, datetime.now(UTC))
        facts.to = datetime.now(UTC)
        await_kept(keeper, facts.to + timedelta(seconds=1))
        facts.purged_file = ward.read(_first_file)
        facts.purged, facts.lost, facts.held = ward.write(_since)
        ward.write(lambda session: _disclose(session, range(7)))
        # The backups forget it as well, before the clinic goes back.
        BackupErasure(repository, ward.keys, ward.data).erase(
            [(str(Bucket.DOCUMENTS), facts.purged_file)]
        )
        ward.clinic.source.files.delete(Bucket.DOCUMENTS, facts.lost)
        ward.clinic.file(_LATER)
        ward.clinic.ship()
        # In the history that is going to be left.
        left = take(ward.clinic.source, repository, full_every=timedelta(days=7))
        facts.left = left.manifest
        await_kept(keeper, facts.left.as_of + timedelta(seconds=1))
        ward.administrate("DROP TABLE waitlist_entries CASCADE")
        facts.between = datetime.now(UTC)
        await_kept(keeper, facts.between)
        facts.system_id = ward.clinic.source.folder.system_id()
    # What comes after this is not in the copy.
    RepositoryCopy(repository, ward.keys, store, timedelta(days=35)).round()
    order = GoingBackOrder(facts.to, "A table was dropped by hand", CONSOLE)

    def decline(restore):
        facts.restore = restore
        raise CannotRestore("It was not confirmed.")

    with pytest.raises(CannotRestore, match="It was not confirmed"):
        go_back(ward.live(repository), order, confirm=decline, closed=ward.closed)
    facts.after_refusal = (
        ward.closings,
        Replacement(ward.clinic.source.folder).step,
        ward.read(lambda session: session.scalar(select(func.count(Document.id)))),
    )
    facts.entries = len(list(ward.clinic.source.audit.walk_after(0)))
    facts.went = go_back(
        ward.live(repository), order, confirm=lambda _: None, closed=ward.closed
    )
    # Before anything else happens to its log.
    archive = LogArchive(repository.folder, repository.system_id, ward.keys)
    facts.once_more = route_to(repository, archive, facts.to)
    return facts


def _people(session):
    for member in (cast.ROSA, cast.INES):
        user = cast.add_account(session, member)
        session.add(
            UserSession(
                user_id=user.id,
                token_hash=user.id.bytes,
                method="code",
                expires_at=datetime.now(UTC) + timedelta(hours=1),
            )
        )


def _first_file(session):
    first = select(Document.id).order_by(Document.id).limit(1).scalar_subquery()
    return session.scalars(
        select(DocumentVersion.file_id).where(DocumentVersion.document_id == first)
    ).one()


def _disclose(session, people):
    """Tell an analyst how many people there are, as a count would."""
    counted = UndisclosedAnswer(
        question=f"How many of {people}?",
        answer={"patients": len(people)},
        groups=(np.array(people, dtype=np.int64),),
        population=100,
        smallest_group=5,
    )
    analyst = cast.act_as_somebody(Role.ANALYST)
    return cohorts.disclose(session, analyst, counted)


def _since(session):
    """Purge one document, lose the file of another, hold a third, deactivate Rosa."""
    ids = session.scalars(select(Document.id).order_by(Document.id)).all()
    retention.replay_purges(session, ids[:1])
    about = {"subject": ("document", ids[0])}
    audit.record(session, KEEPER, Action.DOCUMENT_PURGE, **about)
    rosa = session.scalars(select(User).where(User.name == cast.ROSA.name)).one()
    rosa.deactivated_at = func.now()
    session.flush()
    audit.record(session, CONSOLE, Action.USER_DEACTIVATE, subject=("user", rosa.id))
    held = {"held_at": func.now(), "held_by": CONSOLE.id, "held_because": "Lawsuit"}
    session.execute(update(Document).where(Document.id == ids[2]).values(**held))
    audit.record(
        session,
        CONSOLE,
        Action.DOCUMENT_HOLD,
        subject=("document", ids[2]),
        reason="Lawsuit",
    )
    lost = session.scalars(
        select(DocumentVersion.file_id).where(DocumentVersion.document_id == ids[1])
    ).one()
    return ids[0], lost, ids[2]


def test_nothing_is_touched_before_it_is_confirmed(story):
    assert story.after_refusal == (0, None, len(samples.FILES) + 1)
    # The confirmation comes after a list of what would be undone.
    documents = next(
        each for each in story.restore.lists if each.kind.value == "documents"
    )
    assert documents.counts == {"purged": 1, "held": 1, "filed": 1}


def test_a_file_that_was_purged_is_in_no_backup_and_that_is_no_damage(story):
    assert story.restore.proof.purged_files == 1
    assert story.restore.proof.files == len(samples.FILES) - 1
    assert "except 1 that have been purged since" in words_of(story.restore.proof)


def test_rows_are_those_of_then_on_three_servers(ward, story):
    assert ward.administrate("SELECT count(*) FROM waitlist_entries") == [(0,)]
    documents = ward.read(lambda session: session.scalars(select(Document.id)).all())
    assert len(documents) == len(samples.FILES)
    ward.clinic.cluster.wait_until_whole()
    assert ward.clinic.source.folder.system_id() == story.system_id


def test_files_are_those_of_the_rows_and_later_ones_stay_aside(ward, story):
    store = ward.clinic.source.files

    def files(session):
        return session.scalars(select(DocumentVersion.file_id)).all()

    named = [file_id for file_id in ward.read(files) if file_id]
    contents = {store.get(Bucket.DOCUMENTS, file_id).data for file_id in named}
    assert story.lost in named
    assert story.went.files_returned == 1
    assert contents < set(samples.FILES)
    assert len(contents) == len(samples.FILES) - 1
    aside = ward.read(
        lambda session: session.scalars(
            select(PendingFileDeletion).where(
                PendingFileDeletion.because == "unreferenced"
            )
        ).all()
    )
    assert len(aside) == 1 == story.went.files_aside - 1
    assert store.get(Bucket.DOCUMENTS, aside[0].file_id).data == _LATER
    assert aside[0].detected_at > datetime.now(UTC) + timedelta(days=34)


def test_purged_is_purged_held_is_held_and_who_was_shut_out_is(ward, story):
    def look_at(session):
        purged = session.get(Document, story.purged)
        held = session.get(Document, story.held)
        rosa = session.scalars(select(User).where(User.name == cast.ROSA.name)).one()
        open_sessions = select(func.count()).where(UserSession.ended_at.is_(None))
        return (
            purged.title,
            held.held_because,
            rosa.deactivated_at is not None,
            session.scalar(open_sessions),
        )

    assert ward.read(look_at) == ("Purged document", "Lawsuit", True, 0)


def test_what_analysts_were_told_in_the_time_between_is_remembered(ward, story):
    # All of these but one were counted after the time of the rows.
    with pytest.raises(RevealsFew):
        ward.write(lambda session: _disclose(session, range(6)))

    assert ward.write(lambda session: _disclose(session, range(7))) == {"patients": 7}


def test_the_audit_log_went_on_and_tells_of_it(ward, story):
    while ward.write(lambda session: chain.ship(session, ward.clinic.source.audit)):
        pass
    source = ward.clinic.source
    verification = chain.verify(
        ward.clinic.database, source.audit, ward.seal_keys.read_or_make()
    )

    assert verification.is_whole, verification.sentence
    assert verification.last > story.entries
    assert len(verification.went_back) == 1
    then, to = verification.went_back[0].at, verification.went_back[0].to
    assert (
        f"The clinic went back in time on {then:%Y-%m-%d, %H:%M} UTC to "
        f"{to:%Y-%m-%d, %H:%M} UTC (entry"
    ) in verification.sentence


def test_the_time_between_is_on_no_log_any_more(ward, story, repository):
    archive = LogArchive(repository.folder, repository.system_id, ward.keys)

    with pytest.raises(CannotRestore, match="is outside what the backups reach"):
        route_to(repository, archive, story.between)

    assert story.once_more.to == story.to


def test_what_was_before_stays_until_a_later_backup_is_proven(ward, story, repository):
    folder = ward.clinic.source.folder
    (before,) = list_before(folder.path)
    assert (before.path / "db-01" / "global" / "pg_control").exists()

    look(folder, repository, ward.keys, to=story.to)
    still_there = list_before(folder.path)
    with keeping(ward.clinic, repository) as keeper:
        await_log(keeper)
        taken = take(ward.clinic.source, repository, full_every=timedelta(days=7))
        await_kept(keeper, datetime.now(UTC))
    # No backup is based on what the clinic has left.
    assert not story.left.is_full
    assert taken.manifest.full_because == (
        f"Backup {story.left.set_id} is of a history that the clinic has left."
    )
    look(folder, repository, ward.keys)

    assert still_there == [before]
    assert list_before(folder.path) == []


def test_a_second_before_it_is_found_where_the_later_log_has_a_gap(
    ward, story, repository, tmp_path
):
    """The receiver of the later timeline starts again, and may miss its beginning."""
    with keeping(ward.clinic, repository) as keeper:
        await_log(keeper)
        await_kept(keeper, datetime.now(UTC))
    copied = Repository(tmp_path / "backups")
    shutil.copytree(repository.folder, copied.folder)
    archive = LogArchive(copied.folder, repository.system_id, ward.keys)
    newest = archive.listing().timeline
    left = archive.times_left()[-1].timeline
    fork = archive.history(newest).left_at(left)
    parting = LogSegment(newest, number_of(fork)).name
    for name in [name for name in archive.names() if name.startswith(parting)]:
        archive.remove(name)
    folder, to = ward.clinic.source.folder, story.to - timedelta(seconds=0.2)

    proofs = [look(folder, copied, ward.keys, to=each) for each in (to, story.to)]

    assert [proof.as_of for proof in proofs] == [to, story.to]
    assert {proof.files for proof in proofs} == {len(samples.FILES) - 1}
    assert {proof.purged_files for proof in proofs} == {1}
    with pytest.raises(CannotRestore, match="is outside what the backups reach"):
        look(folder, copied, ward.keys, to=story.between)


def test_what_the_log_has_beyond_the_place_that_was_left_is_not_gone_to(
    ward, story, repository, monkeypatch
):
    """A guard behind the windows: no way leads there, and it would be refused."""
    archive = LogArchive(repository.folder, repository.system_id, ward.keys)
    way = story.once_more
    with monkeypatch.context() as patch:
        patch.setattr(looking, "route_to", lambda *_: replace(way, fork=Lsn(1)))
        with pytest.raises(SetBroken, match="a history that the clinic has left"):
            look(ward.clinic.source.folder, repository, ward.keys, to=story.to)
    assert archive.times_left()[-1].timeline == way.history.timeline


def test_a_head_that_was_set_back_is_told_of(ward, story):
    store = ward.clinic.source.audit
    before = ward.read(lambda session: chain.find_break(session, store))
    now = ward.read(chain.read_head)

    def set_back(session):
        session.execute(
            update(AuditHead).values(
                sequence=1,
                hash=session.scalar(
                    text("SELECT decode(:hash, 'hex')"),
                    {"hash": next(iter(store.walk_after(0)))["hash"]},
                ),
            )
        )

    ward.write(set_back)
    broken = ward.read(lambda session: chain.find_break(session, store))
    ward.write(
        lambda session: session.execute(
            update(AuditHead).values(sequence=now.sequence, hash=now.hash)
        )
    )

    assert before is None
    assert str(broken) == "Entry 2 was not written by Chartroom."


def lose_servers(ward: Ward, *names: str) -> None:
    """Delete the data of servers that have been stopped."""
    for name in names:
        data = DataFolder(ward.data).node_data(name)
        subprocess.run(["rm", "-r", str(data)], check=True)


def test_servers_without_data_never_found_an_empty_clinic(
    ward, story, repository, tmp_path
):
    count = select(func.count(Document.id))
    before = ward.read(lambda session: session.scalar(count))
    system_id = ward.clinic.source.folder.system_id()
    folder = DataFolder(ward.data)
    with ward.expendable(repository, tmp_path):
        lose_servers(ward, "db-01", "db-03")
        subprocess.run(["rm", "-r", str(folder.etcd)], check=True)

        ward.start()

        ward.clinic.cluster.wait_until_whole()
        assert ward.read(lambda session: session.scalar(count)) == before
        assert folder.system_id() == system_id
        ward.stop()
        lose_servers(ward, "db-01", "db-02", "db-03")
        with pytest.raises(CannotStart, match="No server has any data in"):
            ward.start()


def test_where_all_servers_are_lost_rows_come_back_without_them_and_from_the_copy(
    ward, story, repository, store, tmp_path
):
    fetched = Repository(tmp_path / "fetched")
    RepositoryFetch(store, fetched, ward.keys).fetch(story.to)
    own = LogArchive(repository.folder, repository.system_id, ward.keys)
    copied = LogArchive(fetched.folder, repository.system_id, ward.keys)
    before = len(own.times_left())
    with ward.expendable(repository, tmp_path):
        # The repository's own log continues, while the copy's does not.
        ward.start()
        with keeping(ward.clinic, repository) as keeper:
            await_log(keeper)
            take(ward.clinic.source, repository)
            await_kept(keeper, datetime.now(UTC))
        ward.stop()
        taken = own.listing().timeline
        assert copied.listing().timeline < taken
        # As if the log on the timelines before this one had not been kept.
        for timeline in range(copied.listing().timeline + 1, taken):
            (own.folder / history_name(timeline)).unlink(missing_ok=True)
        lose_servers(ward, "db-01", "db-02", "db-03")
        with embedded.files_alone(ward.data) as addresses, ExitStack() as held:
            database = held.enter_context(
                closing(Database(addresses.endpoints, retry_seconds=0))
            )
            files = held.enter_context(
                closing(FileStore(addresses.mongo.url, keys=ward.keys))
            )
            log = held.enter_context(closing(AuditStore(addresses.endpoints.audit_url)))
            clinic = replace(
                ward.live(fetched),
                database=database,
                files=files,
                audit=log,
                own_log=own,
            )
            restores = []
            go_back(
                clinic,
                GoingBackOrder(story.to, "All disks were lost", CONSOLE),
                confirm=restores.append,
                closed=nullcontext,
            )

        ward.start()

        count = select(func.count(Document.id))
        source = ward.clinic.source
        verification = chain.verify(
            ward.clinic.database, source.audit, ward.seal_keys.read_or_make()
        )
        assert restores[0].lists is None
        # No timeline is used twice, and the clinic's own log records what it left.
        timeline = ward.administrate("SELECT timeline_id FROM pg_control_checkpoint()")
        assert timeline[0][0] > taken
        assert [left.to for left in own.times_left()][before:] == [story.to]
        assert copied.times_left() == ()
        assert ward.read(lambda session: session.scalar(count)) == len(samples.FILES)
        assert source.folder.system_id() == story.system_id
        assert verification.is_whole, verification.sentence
