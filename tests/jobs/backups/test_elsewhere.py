"""A clinic on a machine that has nothing of it: from repository and kit alone."""

import errno
import json
import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from db import embedded
from db.backups.backup_errors import CannotRestore, SetBroken
from db.backups.log.archive import LogArchive
from db.backups.recovery_kit import (
    FILE_KEYS,
    PASSWORDS,
    SEAL_KEYS,
    KeyFiles,
    RecoveryKit,
)
from db.backups.repository import Repository
from db.embedded import DataFolder
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.files.seal_keys import SealKeyFile
from db.models.document import Document
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.backups.copying.fetching import RepositoryFetch
from jobs.backups.copying.uploading import RepositoryCopy
from jobs.backups.elsewhere import RestoreSource, restore_elsewhere
from jobs.backups.taking import take
from services.audit import chain
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from services.documents import retention
from tests.jobs.backups import samples
from tests.jobs.backups.log_samples import await_kept, await_log, keeping
from tests.kit import object_stores, recovery_kits

pytestmark = pytest.mark.cluster
KEPT = timedelta(days=35)
LATER = b"%PDF after the backup"


@pytest.fixture(scope="module")
def seal_keys(tmp_path_factory):
    made = SealKeyFile(tmp_path_factory.mktemp("seals") / "audit.key", True)
    made.read_or_make()
    return made


@pytest.fixture(scope="module")
def kit(clinic, keys, seal_keys):
    """The recovery kit of the clinic, as it comes back from paper."""
    system_id = clinic.source.folder.system_id()
    files = KeyFiles(
        {
            FILE_KEYS: keys.path,
            SEAL_KEYS: seal_keys.path,
            PASSWORDS: clinic.source.folder.path / PASSWORDS,
        }
    )
    made = RecoveryKit(system_id, datetime.now(UTC), files.read())
    sealed = recovery_kits.sealed_quickly(made)
    return RecoveryKit.opened(sealed, recovery_kits.PASSPHRASE)


@pytest.fixture(scope="module")
def at(clinic, repository):
    """A second after a backup and before something is purged, which comes last."""
    with keeping(clinic, repository) as keeper:
        await_log(keeper)
        take(clinic.source, repository)
        # What is restored here is put together from two backups.
        take(clinic.source, repository, full_every=KEPT)
        clinic.file(LATER)
        clinic.ship()
        now = datetime.now(UTC)
        await_kept(keeper, now + timedelta(seconds=1))
        clinic.database.write(purge_one, identity=SYSTEM)
        clinic.ship()
        await_kept(keeper, datetime.now(UTC))
    return now


@pytest.fixture
def expendable(at, repository, tmp_path):
    """A copy of the backups, since going back records a time left in them."""
    return samples.copy_of(repository, tmp_path / "backups")


def purge_one(session):
    first = session.scalars(select(Document.id).order_by(Document.id)).first()
    retention.replay_purges(session, [first])
    about = {"subject": ("document", first)}
    audit.record(session, KEEPER, Action.DOCUMENT_PURGE, **about)


def with_passwords(kit, *, of):
    """Return the kit as made before these logins' passwords were changed."""
    secrets = json.loads(kit.files[PASSWORDS])
    before = secrets | {login: f"{secrets[login]} of before" for login in of}
    return replace(kit, files=kit.files | {PASSWORDS: json.dumps(before)})


def restore(repository, kit, folder, to=None):
    return restore_elsewhere(RestoreSource(repository, kit), folder, to, kept=KEPT)


def count_documents(session):
    return session.scalar(select(func.count()).select_from(Document))


def test_the_clinic_opens_again_with_every_row_file_and_entry(
    clinic, expendable, kit, at, tmp_path
):
    folder = tmp_path / "restored"
    # The passwords of all logins but the superuser's may have changed.
    others = ("chartroom", "chartroom_app", "replicator", "rewind")
    kit = with_passwords(kit, of=others)
    before = len(list(clinic.source.audit.walk_after(0)))

    went = restore(expendable, kit, folder)

    assert went.proof.as_of > at
    # One of four was purged.
    assert (went.proof.files, went.files_returned) == (3, 3)
    cluster = embedded.start(folder)
    try:
        name = clinic.source.database
        assert DataFolder(folder).system_id() == kit.system_id
        endpoints = cluster.addresses.endpoints_of(name)
        keys = FileKeys(folder / FILE_KEYS)
        with (
            closing(Database(endpoints)) as database,
            closing(FileStore(endpoints.mongo_url, keys=keys)) as files,
            closing(AuditStore(endpoints.audit_url)) as log,
        ):
            assert database.read_latest(count_documents, identity=SYSTEM).value == 4
            entries = files.list_entries(Bucket.DOCUMENTS)
            contents = {
                files.get(Bucket.DOCUMENTS, str(e["_id"])).data for e in entries
            }
            assert contents == {*samples.FILES[1:], LATER}
            database.write(lambda s: chain.ship(s, log), identity=SYSTEM)
            seals = SealKeyFile(folder / SEAL_KEYS).read()
            verdict = chain.verify(database, log, seals)
            assert verdict.is_whole, verdict.sentence
            assert verdict.last == before + 1
        # All three have the clinic: none has initialized another one.
        cluster.wait_until_whole()
    finally:
        cluster.stop()


def test_what_was_purged_since_stays_purged_with_its_file(
    expendable, kit, at, tmp_path
):
    went = restore(expendable, kit, tmp_path / "restored", at)

    assert went.proof.as_of == at
    assert len(went.since.purged) == 1
    assert (went.proof.files, went.files_returned) == (4, 3)


def test_backups_on_a_disk_that_is_read_only_are_enough(
    repository, kit, at, tmp_path, monkeypatch
):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(LogArchive, "_note_left", refuse)
    access, log = os.access, repository.folder / "log"
    monkeypatch.setattr(os, "access", lambda at, how: at != log and access(at, how))

    went = restore(repository, kit, tmp_path / "restored", at)

    assert went.proof.as_of == at
    archive = LogArchive(repository.folder, kit.system_id, None)
    assert archive.times_left() == ()


def test_the_clinic_opens_from_its_copy_elsewhere_and_the_kit(
    clinic, repository, kit, at, tmp_path
):
    keys = FileKeys(tmp_path / "file.keys")
    keys.path.write_text(kit.files[FILE_KEYS])
    fetched = Repository(tmp_path / "fetched")
    with object_stores.running() as server:
        store = server.store("clinic")
        note = RepositoryCopy(repository, clinic.source.keys, store, KEPT).round()
        RepositoryFetch(store, fetched, keys).fetch(at, system_id=kit.system_id)

    went = restore(fetched, kit, tmp_path / "restored", at)

    assert note.whole_until > at
    assert went.proof.as_of == at
    assert len(went.since.purged) == 1
    assert (went.proof.files, went.files_returned) == (4, 3)


def test_what_cannot_be_restored_leaves_no_folder(repository, kit, at, tmp_path):
    folder = tmp_path / "restored"
    damaged = samples.copy_of(repository, tmp_path / "copy")
    # The log leads there from each of them.
    for manifest in damaged.survey().sets:
        samples.flip(damaged.set_folder(manifest.set_id) / "base")

    with pytest.raises(SetBroken, match=r"^base of backup .* was changed.$"):
        restore(damaged, kit, folder)

    assert not folder.exists()
    with pytest.raises(CannotRestore, match="is outside what the backups reach"):
        restore(repository, kit, folder, at + timedelta(days=1))
    assert not folder.exists()


def test_a_kit_with_another_password_of_the_superuser_is_told_of_at_once(
    repository, kit, at, tmp_path
):
    """It used to be retried for two minutes, and the backup was reported as failing."""
    folder, other = tmp_path / "restored", with_passwords(kit, of=("postgres",))
    none = {name: text for name, text in kit.files.items() if name != PASSWORDS}

    with pytest.raises(
        CannotRestore,
        match=rf"kit of {kit.made_at:%Y-%m-%d} has another password for PostgreSQL's "
        rf"postgres than the clinic had at {at:%Y-%m-%d %H:%M:%S} UTC: take the kit",
    ):
        restore(repository, other, folder, at)
    assert not folder.exists()
    with pytest.raises(CannotRestore, match="has no PostgreSQL passwords"):
        restore(repository, replace(kit, files=none), folder, at)


@pytest.mark.usefixtures("at")
def test_a_folder_with_anything_in_it_is_not_touched(repository, kit, tmp_path):
    (tmp_path / "letter.txt").write_text("To the clinic")

    with pytest.raises(CannotRestore, match="is not empty"):
        restore(repository, kit, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_the_kit_of_another_clinic_and_a_folder_without_backups_are_told(
    repository, kit, at, tmp_path
):
    other = replace(kit, system_id="7000000000000000009")

    with pytest.raises(CannotRestore, match="kit is of clinic 7000000000000000009"):
        restore(repository, other, tmp_path / "restored")
    with pytest.raises(CannotRestore, match="There are no backups in"):
        restore(Repository(tmp_path / "none"), kit, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
