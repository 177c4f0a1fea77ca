"""A drill from the copy in a real store: what it proves, and what it reports."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.backups.backup_errors import CannotRestore, CheckSkipped, SetBroken
from db.backups.copies.copy_notes import read_copy_note
from db.backups.repository import Repository
from jobs.backups.copying.copy_keeping import CopyKeeper
from jobs.backups.copying.uploading import RepositoryCopy
from jobs.backups.drills import practising_copy
from jobs.backups.drills.practising_copy import CopyPractice
from tests.jobs.backups import samples
from tests.jobs.backups.log_samples import back_up_twice, keeping
from tests.kit import object_stores
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster
PREFIX = "drilled"


@pytest.fixture(scope="module")
def server():
    with object_stores.running() as server:
        yield server


@pytest.fixture(scope="module")
def copied(clinic, repository, seal_keys, server):
    """A clinic whose backups and log are copied as they are made."""
    store = server.store(PREFIX)
    copy = RepositoryCopy(repository, clinic.source.keys, store, timedelta(days=35))
    stopping = threading.Event()
    thread = threading.Thread(
        target=CopyKeeper(copy, round_seconds=0.3).run, args=[stopping]
    )
    with keeping(clinic, repository) as keeper:
        back_up_twice(clinic, repository, keeper, seal_keys)
        thread.start()
        try:
            eventually(lambda: whole_until(repository))
            yield clinic
        finally:
            stopping.set()
            thread.join()


def whole_until(repository):
    note = read_copy_note(repository.folder)
    return note and note.whole_until


@pytest.fixture
def practice(copied, repository, server, seal_keys):
    """The drill; tests change parts of it."""
    return CopyPractice(copied.source, repository, server.store(PREFIX), seal_keys)


def test_all_of_it_comes_from_the_copy_and_is_compared_with_the_clinic(
    copied, repository, practice
):
    began = datetime.now(UTC)

    proof = practice.practise()

    assert proof.is_compared
    assert proof.as_of > began
    assert proof.files == len(samples.FILES) + 1
    assert proof.from_copy == practice.store.address.shown
    # The drill waits until the copy reaches beyond the position that is compared.
    first = repository.survey().sets[0]
    assert first.as_of <= proof.drill.any_second < proof.proved_at
    assert 0 < proof.drill.rto_seconds < proof.seconds
    assert proof.drill.rpo_seconds < 60
    assert repository.last_proof() == proof
    assert not (copied.source.folder.path / "drill-from-copy").exists()


def test_it_needs_nothing_of_the_backups_here_but_what_says_how_the_copy_stands(
    repository, practice, tmp_path, monkeypatch
):
    """What would be lost with this machine is not read."""
    bare = Repository(tmp_path / "bare")
    bare.claim(repository.system_id)
    reads = practising_copy.read_copy_note
    monkeypatch.setattr(
        practising_copy, "read_copy_note", lambda _: reads(repository.folder)
    )

    proof = replace(practice, repository=bare).practise()

    assert proof.is_compared
    assert bare.last_proof() == proof


def test_an_object_that_was_changed_there_is_named(copied, repository, practice):
    store = practice.store
    set_id = repository.survey().newest.set_id
    name = f"sets/{set_id}/base"
    whole = store.read(name)
    store.put(name, whole[:-1] + bytes([whole[-1] ^ 1]), locked_until=None)
    try:
        with pytest.raises(SetBroken, match=rf"base of backup {set_id} was changed in"):
            practice.practise()
    finally:
        store.put(name, whole, locked_until=None)
    assert not (copied.source.folder.path / "drill-from-copy").exists()


def test_a_copy_that_does_not_go_on_is_skipped_and_proves_nothing(
    repository, practice, monkeypatch
):
    before, until = repository.last_proof(), whole_until(repository)
    monkeypatch.setattr(practising_copy, "_COPY_SECONDS", 0.5)
    monkeypatch.setattr(CopyPractice, "_whole_until", lambda _: until)

    with pytest.raises(CheckSkipped, match="did not come as far as the clinic within"):
        practice.practise()

    assert repository.last_proof() == before


def test_a_copy_that_is_not_whole_yet_proves_nothing(practice, server):
    """The recorded copy is of another place."""
    with pytest.raises(CheckSkipped, match="is not whole yet"):
        replace(practice, store=server.store("elsewhere")).practise()


def test_a_tenth_of_the_disk_is_left_to_the_clinic(copied, practice):
    short = replace(practice, room=lambda _: (99_000_000_000, 1_000_000_000_000))

    with pytest.raises(CannotRestore, match=r"has 0 MB free and what is fetched needs"):
        short.practise()

    assert not (copied.source.folder.path / "drill-from-copy").exists()


def test_a_store_that_is_away_is_told_of_and_nothing_that_stays(
    practice, server, monkeypatch
):
    """A fetch by hand continues with what it has; a drill throws that away."""
    monkeypatch.setattr(
        CopyPractice, "_whole_until", lambda _: datetime.now(UTC) + timedelta(hours=1)
    )
    with object_stores.wired(server) as wire:
        away = server.store(PREFIX, endpoint=wire.url)
        wire.is_away = True

        with pytest.raises(CannotRestore, match="cannot be reached") as caught:
            replace(practice, store=away).practise()

    assert "stays in" not in str(caught.value)


def test_a_copy_that_is_gone_is_said(practice, server, monkeypatch):
    monkeypatch.setattr(
        CopyPractice, "_whole_until", lambda _: datetime.now(UTC) + timedelta(hours=1)
    )

    with pytest.raises(CannotRestore, match="There are no backups of Chartroom in"):
        replace(practice, store=server.store("nowhere")).practise()
