"""The copy of a repository: whole, sealed, never another clinic's, never silent."""

import errno
import fcntl
import json
import logging
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import bson
import pytest

from db.backups.backup_errors import CannotBackUp
from db.backups.copies.copy_notes import CopyNote, NoteSeal, read_copy_note
from db.backups.copies.local_objects import POSITION
from db.backups.copies.object_store import ObjectStore, StoreFailed
from db.backups.file_copies import list_set_copies
from db.backups.log.archive import LogArchive
from db.backups.notes import TimeLeft
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from jobs.backups.copying.copy_keeping import CopyKeeper
from jobs.backups.copying.ownership import take_over, token_of
from jobs.backups.copying.uploading import RepositoryCopy
from jobs.backups.retention.removing import remove_expired
from tests.jobs.backups.samples import flip
from tests.kit import backup_logs, backup_sets, object_stores

KEPT = timedelta(days=35)
MINUTE = timedelta(minutes=1)
UNTIL = backup_sets.AS_OF + 3 * MINUTE
SET = f"sets/{backup_sets.MANIFEST.set_id}"


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self):
        self.now = datetime(2026, 11, 25, 3, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def copy(repository, keys, server, prefix, clock):
    return RepositoryCopy(repository, keys, server.store(prefix), KEPT, clock)


def test_all_of_it_is_there_afterwards_and_the_copy_says_until_when(
    copy, server, prefix, repository
):
    note = copy.round()

    files = {f"files/{p.parent.name}/{p.name}" for p in repository.stored_files()}
    log = {f"log/{p.name}" for p in (repository.folder / "log").glob("0*0002.*")}
    assert server.names(prefix) == {
        "README.txt",
        "repository.json",
        POSITION,
        *(f"{SET}/{name}" for name in ("base", "entries", "audit", "manifest.json")),
        *files,
        *log,
        "log/000000010000000000000003.0000000-0002328.pieces",
    }
    assert (note.whole_until, note.sets, note.failure) == (UNTIL, 1, "")
    assert read_copy_note(repository.folder).whole_until == UNTIL


def test_a_note_of_an_earlier_version_is_read_without_what_nobody_asks_for(tmp_path):
    note = {"place": "s3://a/b", "noted_at": UNTIL.isoformat(), "is_locking": True}
    (tmp_path / "copy.json").write_text(json.dumps(note))

    assert read_copy_note(tmp_path) == CopyNote("s3://a/b", UNTIL)


def test_nothing_there_can_be_read_without_the_keys_but_whose_it_is(
    copy, server, prefix
):
    copy.round()

    for name in server.names(prefix) - {"README.txt", "repository.json"}:
        data = server.read(f"{prefix}/{name}")
        assert b"patients" not in data
        assert b"until" not in data
    claim = json.loads(server.read(f"{prefix}/repository.json"))
    assert claim == {"format": 1, "system_id": backup_sets.SYSTEM_ID}


@pytest.mark.parametrize("name", ["tmpa1b2c3d4", "notes.txt", "position.json.old"])
def test_what_is_not_of_the_log_itself_does_not_leave_the_machine(
    copy, server, prefix, clock, name
):
    """For example, what a killed worker was writing: it is not sealed."""
    (copy.repository.folder / "log" / name).write_text("until")
    copy.round()
    clock.now += timedelta(hours=2)

    assert copy.round().strays == ()
    assert f"log/{name}" not in server.names(prefix)


def machine(copy, data):
    data.mkdir(exist_ok=True)
    given = (copy.repository, copy.keys, copy.store, KEPT, copy.clock)
    return RepositoryCopy(*given, data=data)


def test_of_a_data_folder_and_a_copy_of_it_only_one_writes(
    copy, server, prefix, tmp_path, clock
):
    """Started elsewhere with the same .env, it would remove what the other sends."""
    first = machine(copy, tmp_path / "first")
    first.round()
    shutil.copytree(first.data, tmp_path / "copied")
    # Restarted, as a worker may be at any time, it goes on.
    machine(copy, first.data).round()

    with pytest.raises(CannotBackUp, match="by another machine of this clinic since"):
        machine(copy, tmp_path / "copied").round()

    first.round()
    shutil.rmtree(tmp_path / "copied")
    shutil.copytree(first.data, tmp_path / "copied")
    machine(copy, tmp_path / "copied").round()
    with pytest.raises(CannotBackUp, match="take-over-copy"):
        first.round()
    take_over(copy.store, token_of(first.data), clock())
    first.round()


def test_a_machine_that_was_lost_while_it_renewed_its_token_goes_on(
    copy, server, prefix, tmp_path
):
    first = machine(copy, tmp_path / "first")
    first.round()
    before = token_of(first.data)
    (first.data / "copy-owner").write_text(f"{before}\nanother")

    machine(copy, first.data).round()

    after = token_of(first.data)
    assert after not in {before, "another"}
    (first.data / "copy-owner").write_text(f"{before}\n{after}")
    machine(copy, first.data).round()


def test_of_two_machines_of_one_clinic_one_writes_until_the_other_takes_over(
    copy, server, prefix, tmp_path
):
    first, second = (machine(copy, tmp_path / name) for name in ("first", "second"))
    first.round()
    former = token_of(first.data)
    before = {name: server.read(f"{prefix}/{name}") for name in server.names(prefix)}
    backup_sets.keep_file(copy.repository, b"came later")

    with pytest.raises(CannotBackUp, match="by another machine of this clinic since"):
        second.round()

    after = {name: server.read(f"{prefix}/{name}") for name in server.names(prefix)}
    assert after == before
    token = token_of(second.data)
    assert take_over(copy.store, token, copy.clock()).token == former
    assert second.round().strays == ()
    with pytest.raises(CannotBackUp, match=r"2026-11-25 03:00 UTC: .* take-over-copy"):
        first.round()


def test_the_copy_is_noted_by_kind_also_of_sets_that_are_here_no_more(
    copy, server, prefix, repository, clock
):
    note = copy.round()
    there = server.store(prefix).names()

    def lying(folder):
        return sum(size for name, size in there.items() if name.startswith(folder))

    audit = lying(f"{SET}/audit")
    assert note.use.by_kind == {
        "full": lying(SET) - audit,
        "incremental": 0,
        "log": lying("log/"),
        "files": lying("files/"),
        "audit": audit,
        "others": 0,
    }
    shutil.rmtree(repository.set_folder(backup_sets.MANIFEST.set_id))
    clock.now += timedelta(hours=1)
    later = copy.round()
    assert (later.use.full, later.use.others) == (0, lying(SET) - audit)


def test_a_second_round_sends_what_is_new_alone(copy, server, prefix, repository, keys):
    copy.round()
    before = server.names(prefix)
    server.delete(f"{prefix}/{SET}/base")
    archive = backup_logs.archive_of(repository, keys)
    backup_logs.add_piece(archive, 3, UNTIL + MINUTE, first=9000, end=12_000)
    backup_logs.note(archive, UNTIL + MINUTE)

    note = copy.round()

    new = "log/000000010000000000000003.0002328-0002EE0.pieces"
    assert server.names(prefix) == before - {f"{SET}/base"} | {new}
    assert note.whole_until == UNTIL + MINUTE


def test_what_is_missing_there_is_seen_within_the_hour_and_sent_again(
    copy, server, prefix, clock
):
    copy.round()
    server.delete(f"{prefix}/{SET}/base")

    clock.now += timedelta(hours=1)
    note = copy.round()

    assert f"{SET}/base" in server.names(prefix)
    assert note.mended == 1


def test_what_was_changed_there_is_seen_within_28_days_and_sent_again(
    copy, server, prefix, clock, repository
):
    copy.round()
    whole = server.read(f"{prefix}/{SET}/base")
    server.flip(f"{prefix}/{SET}/base")
    server.flip(f"{prefix}/{SET}/manifest.json")

    for _ in range(28):
        clock.now += timedelta(days=1)
        note = copy.round()
    copy.round()

    assert server.read(f"{prefix}/{SET}/base") == whole
    seal = NoteSeal(backup_sets.SYSTEM_ID, copy.keys)
    sealed = server.read(f"{prefix}/{SET}/manifest.json")
    here = repository.folder / SET / "manifest.json"
    assert seal.opened(f"{SET}/manifest.json", sealed) == here.read_bytes()
    assert note.mended == 2


def test_a_note_that_is_written_anew_is_sent_again_and_is_no_change_there(
    copy, server, prefix, repository, clock
):
    archive = backup_logs.archive_of(repository, copy.keys)
    name, seal = "log/times-left.json", NoteSeal(backup_sets.SYSTEM_ID, copy.keys)
    for hour in (1, 2):
        to = backup_sets.AS_OF + timedelta(hours=hour)
        with archive.leaving(TimeLeft(to, to + MINUTE)):
            pass
        # By the same worker, and by one that was started since.
        begun = RepositoryCopy(repository, copy.keys, copy.store, KEPT, clock)
        for each in (copy, begun):
            each.round()
            there = seal.opened(name, server.read(f"{prefix}/{name}"))
            assert there == (repository.folder / name).read_bytes()

    for _ in range(28):
        clock.now += timedelta(days=1)
        note = copy.round()

    assert note.mended == 0


def test_a_piece_goes_once_the_whole_segment_is_there(
    copy, server, prefix, repository, keys
):
    copy.round()
    archive = backup_logs.archive_of(repository, keys)
    whole = backup_logs.add_piece(archive, 3, UNTIL + MINUTE)

    copy.round()

    names = server.names(prefix)
    assert f"log/{whole.name}" in names
    assert not [name for name in names if name.endswith(".pieces")]


def test_killed_between_any_two_objects_a_set_there_is_whole_or_does_not_count(
    copy, server, prefix, monkeypatch
):
    class Killed(BaseException):
        pass

    left = 0

    def put(self, *args, was=ObjectStore.put, **values):
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        was(self, *args, **values)

    monkeypatch.setattr(ObjectStore, "put", put)
    for allowed in range(30):
        left = allowed
        again = replace(copy, store=server.store(prefix), _listed_at=None)
        try:
            again.round()
        except Killed:
            names = server.names(prefix)
            if f"{SET}/manifest.json" in names:
                assert names >= {f"{SET}/base", f"{SET}/entries", f"{SET}/audit"}
                assert len([n for n in names if n.startswith("files/")]) == 2
            if POSITION in names:
                assert f"{SET}/manifest.json" in names
                assert len([n for n in names if n.startswith("log/0")]) == 2
        else:
            break
    else:
        pytest.fail("It never came to its end.")
    assert allowed > 0


def test_another_clinics_prefix_is_refused_and_nothing_is_sent(
    copy, server, prefix, tmp_path
):
    copy.round()
    other = Repository(tmp_path / "other")
    other.claim("7000000000000000002")
    before = server.names(prefix)

    with pytest.raises(CannotBackUp, match="the backups of another clinic"):
        replace(copy, repository=other, _listed_at=None, _listing=None).round()

    assert server.names(prefix) == before


def test_a_prefix_with_something_else_in_it_is_refused(copy, server, prefix):
    server.write(f"{prefix}/holidays.jpg", b"jpg")

    with pytest.raises(CannotBackUp, match="no backups of Chartroom"):
        copy.round()

    assert server.names(prefix) == {"holidays.jpg"}


def test_a_repository_that_is_not_mounted_takes_nothing_away(
    copy, server, prefix, repository, clock
):
    copy.round()
    before = server.names(prefix)
    shutil.rmtree(repository.folder)

    clock.now += timedelta(days=90)
    with pytest.raises(CannotBackUp, match="mount its disk"):
        copy.round()

    assert server.names(prefix) == before


def add_incremental(repository, keys, base, days=1):
    at = base.as_of + timedelta(days=days)
    return backup_sets.add_sealed_set(
        repository,
        keys,
        set_id=f"{at:%Y%m%dT%H%M%SZ}-0003",
        as_of=at,
        began_at=at,
        based_on=backup_sets.based_on(base),
    )


def test_what_is_based_on_a_damaged_set_is_not_sent_without_it(
    copy, server, prefix, repository, keys
):
    base = repository.newest()
    later = add_incremental(repository, keys, base)
    flip(repository.folder / SET / "base")

    note = copy.round()

    assert "base of backup" in note.failure
    assert f"sets/{later.set_id}/manifest.json" not in server.names(prefix)


def test_a_base_stays_there_for_as_long_as_it_may_be_needed(
    copy, server, prefix, keys, clock
):
    repository, copy = copy.repository, replace(copy, full_every=timedelta(days=7))
    base = repository.newest()
    later = add_incremental(repository, keys, base, days=6)
    clock.now = later.as_of
    copy.round()
    # Somebody has deleted both from the repository.
    for each in (base, later):
        shutil.rmtree(repository.set_folder(each.set_id))
    backup_sets.add_sealed_set(
        repository, keys, set_id="20270101T020000Z-0009", as_of=later.as_of + KEPT
    )
    manifests = {f"sets/{each.set_id}/manifest.json" for each in (base, later)}

    clock.now = base.as_of + KEPT + timedelta(days=3)
    copy.round()
    assert manifests <= server.names(prefix)

    clock.now = later.as_of + KEPT + timedelta(days=8)
    copy.round()
    assert not manifests & server.names(prefix)


def test_whatever_ends_a_removal_there_none_is_listed_without_its_base(
    copy, keys, clock, monkeypatch
):
    repository = copy.repository
    base = repository.newest()
    later = add_incremental(repository, keys, base)
    clock.now = later.as_of
    copy.round()
    for each in (base, later):
        shutil.rmtree(repository.set_folder(each.set_id))
    backup_sets.add_sealed_set(
        repository, keys, set_id="20270301T020000Z-0009", as_of=later.as_of + 2 * KEPT
    )
    removed, remove = [], ObjectStore.remove

    def note_removed(store, name, **how):
        removed.append(name)
        remove(store, name, **how)

    monkeypatch.setattr(ObjectStore, "remove", note_removed)
    clock.now += 2 * KEPT
    copy.round()

    manifests = [name for name in removed if name.endswith("manifest.json")]
    assert manifests[:2] == [
        f"sets/{each.set_id}/manifest.json" for each in (later, base)
    ]


def test_what_retention_removes_here_goes_there_with_its_files_and_log(
    copy, server, prefix, keys, clock
):
    repository = copy.repository
    copy.round()
    at = backup_sets.AS_OF + timedelta(days=40)
    later = backup_sets.add_sealed_set(
        repository,
        keys,
        set_id=f"{at:%Y%m%dT%H%M%SZ}-0002",
        as_of=at,
        began_at=at,
        reached_lsn="0/5000000",
    )
    clock.now = at
    copy.round()
    assert f"{SET}/manifest.json" in server.names(prefix)
    remove_expired(repository, keys, at - KEPT, is_sweeping=True)

    clock.now += timedelta(hours=1)
    copy.round()

    names = server.names(prefix)
    assert {n.split("/")[1] for n in names if n.startswith("sets/")} == {later.set_id}
    assert not [n for n in names if n.startswith(("files/", "log/0"))]


def test_what_is_gone_here_before_its_time_stays_there(
    copy, server, prefix, keys, clock
):
    repository = copy.repository
    copy.round()
    before = server.names(prefix)
    shutil.rmtree(repository.folder / SET)
    for path in repository.stored_files():
        path.unlink()
    at = backup_sets.AS_OF + timedelta(days=2)
    backup_sets.add_sealed_set(
        repository, keys, set_id=f"{at:%Y%m%dT%H%M%SZ}-0002", as_of=at, began_at=at
    )

    clock.now = at
    copy.round()

    assert before <= server.names(prefix)


def test_what_is_thinned_out_here_goes_there_and_its_base_stays_whoever_deletes_it(
    copy, server, prefix, keys, clock
):
    repository, base = copy.repository, copy.repository.newest()
    times = [
        backup_sets.AS_OF + after for after in (timedelta(minutes=1), timedelta(days=3))
    ]
    hourly = backup_sets.add_later_sets(repository, keys, base, times)
    clock.now = hourly[1].as_of
    copy.round()
    assert f"sets/{hourly[0].set_id}/base" in server.names(prefix)
    removed = remove_expired(
        repository, keys, clock.now - KEPT, is_sweeping=True, now=clock.now
    )
    assert removed.set_ids == (hourly[0].set_id,)
    shutil.rmtree(repository.set_folder(base.set_id))

    clock.now += timedelta(hours=1)
    copy.round()

    names = {n.split("/")[1] for n in server.names(prefix) if n.startswith("sets/")}
    assert names == {base.set_id, hourly[1].set_id}


def add_later(repository, keys, span, **values):
    at = backup_sets.AS_OF + span
    return backup_sets.add_sealed_set(
        repository,
        keys,
        set_id=f"{at:%Y%m%dT%H%M%SZ}-0002",
        as_of=at,
        began_at=at,
        reached_lsn="0/3000000",
        **values,
    )


def test_what_was_not_sent_stands_in_for_nothing_there(
    copy, server, prefix, keys, clock
):
    repository = copy.repository
    sent = add_later(repository, keys, timedelta(minutes=1))
    clock.now = sent.as_of
    copy.round()
    damaged = add_later(repository, keys, timedelta(minutes=2))
    flip(repository.set_folder(damaged.set_id) / "base")
    clock.now = add_later(repository, keys, timedelta(days=3)).as_of
    # In the repository the damaged set would now be the one that stays for its day.
    shutil.rmtree(repository.set_folder(sent.set_id))

    assert damaged.set_id in copy.round().failure

    names = server.names(prefix)
    assert f"sets/{sent.set_id}/base" in names
    assert f"sets/{damaged.set_id}/manifest.json" not in names


def test_one_there_with_a_file_stays_until_the_log_lists_that(
    copy, server, prefix, keys, clock
):
    repository, base = copy.repository, copy.repository.newest()
    hourly = add_later(
        repository,
        keys,
        timedelta(minutes=1),
        files=(b"%PDF late",),
        based_on=backup_sets.based_on(base),
    )
    (listed,) = list_set_copies(repository, hourly, keys)
    clock.now = add_later(repository, keys, timedelta(days=3)).as_of
    copy.round()
    shutil.rmtree(repository.set_folder(hourly.set_id))

    clock.now += timedelta(hours=1)
    copy.round()
    assert f"sets/{hourly.set_id}/base" in server.names(prefix)

    archive = LogArchive(repository.folder, backup_sets.SYSTEM_ID, keys)
    entry = {"bucket": "documents", "entry": listed.raw, "sha256": listed.sha256}
    archive.add_entries(hourly.as_of, bson.encode(entry))
    clock.now += timedelta(hours=1)
    copy.round()
    assert f"sets/{hourly.set_id}/base" not in server.names(prefix)


def test_a_file_that_a_backup_names_stays_there_whoever_deletes_it_here(
    copy, server, prefix, clock
):
    copy.round()
    before = server.names(prefix)
    for path in copy.repository.stored_files():
        path.unlink()

    clock.now += timedelta(days=90)
    copy.round()

    assert server.names(prefix) == before


@pytest.mark.parametrize("name", [f"{SET}/base", "files"])
def test_what_is_damaged_here_is_named_and_not_sent_over(
    copy, server, prefix, repository, name
):
    path = repository.folder / name
    if path.is_dir():
        path = next(repository.stored_files())
    flip(path)

    note = copy.round()

    assert "was changed" in note.failure
    assert path.name in note.failure
    assert note.whole_until is None
    assert not [n for n in server.names(prefix) if n.endswith(f"/{path.name}")]


def test_notes_are_sealed_anew_once_the_keys_have_changed(copy, server, prefix, keys):
    copy.round()
    old = keys.primary
    keys.add()

    note = copy.round()

    assert note.key_id == keys.primary != old
    keys.drop(old)
    name = f"{SET}/manifest.json"
    sealed = server.read(f"{prefix}/{name}")
    # An object that has read the old keys keeps them, so a new one reads it.
    now = NoteSeal(backup_sets.SYSTEM_ID, FileKeys(keys.path))
    assert now.opened(name, sealed)


def test_a_store_that_is_away_is_caught_up_with(
    repository, keys, server, prefix, clock
):
    with object_stores.wired(server) as wire:
        store = server.store(prefix, endpoint=wire.url)
        keeper = CopyKeeper(
            RepositoryCopy(repository, keys, store, KEPT, clock), clock=clock
        )
        wire.is_away = True
        keeper.look()
        clock.now += timedelta(hours=1)
        keeper.look()
        assert "cannot be reached" in keeper.failure
        assert "cannot be reached" in read_copy_note(repository.folder).failure
        assert keeper.behind(clock.now) == timedelta(hours=1)

        wire.is_away = False
        keeper.look()

    assert keeper.failure == read_copy_note(repository.folder).failure == ""
    assert POSITION in server.names(prefix)


def test_a_store_that_goes_in_the_middle_of_a_file_is_gone_on_with(
    keys, server, prefix, clock, tmp_path
):
    repository = Repository(tmp_path / "large")
    backup_sets.add_sealed_set(repository, keys, base=bytes(11 * 1024 * 1024))
    with object_stores.wired(server) as wire:
        store = server.store(prefix, endpoint=wire.url, part_bytes=5 * 1024 * 1024)
        copy = RepositoryCopy(repository, keys, store, KEPT, clock)
        wire.most_bytes = 8 * 1024 * 1024
        with pytest.raises(StoreFailed, match="cannot be reached"):
            copy.round()
        unfinished = server.client.list_multipart_uploads(Bucket=object_stores.BUCKET)
        assert unfinished["Uploads"]
        assert f"{SET}/manifest.json" not in server.names(prefix)

        wire.most_bytes = None
        RepositoryCopy(repository, keys, store, KEPT, clock).round()

    unfinished = server.client.list_multipart_uploads(Bucket=object_stores.BUCKET)
    assert not unfinished.get("Uploads")
    here = (repository.folder / SET / "base").read_bytes()
    assert server.read(f"{prefix}/{SET}/base") == here


def test_bytes_that_come_changed_to_the_store_do_not_count(
    repository, keys, server, prefix, clock
):
    word = (repository.folder / SET / "base").read_bytes()[100:132]
    with object_stores.wired(server) as wire:
        store = server.store(prefix, endpoint=wire.url)
        copy = RepositoryCopy(repository, keys, store, KEPT, clock)
        wire.flipped = word
        with pytest.raises(StoreFailed, match=r"base came changed"):
            copy.round()

        wire.flipped = b""
        copy.round()

    assert word in server.read(f"{prefix}/{SET}/base")


def test_a_bucket_that_is_not_there_is_named(repository, keys, server, clock):
    address = replace(server.address("here"), bucket="no-such-bucket")
    copy = RepositoryCopy(repository, keys, ObjectStore(address), KEPT, clock)

    with pytest.raises(StoreFailed, match="There is no bucket no-such-bucket"):
        copy.round()


def test_credentials_that_are_refused_are_not_told(copy, server, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    copy.store = server.store_of("clinic", secret="another that nobody may read")
    keeper = CopyKeeper(copy)

    keeper.look()

    assert "refuses the credentials" in keeper.failure
    texts = keeper.failure + (copy.repository.folder / "copy.json").read_text()
    assert copy.store.address.secret not in texts + caplog.text + "".join(
        capfd.readouterr()
    )


def test_two_workers_do_not_copy_at_once(copy, repository):
    with (repository.folder / "copy.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keeper = CopyKeeper(copy)
        keeper.look()

    assert keeper.failure == "Another worker copies the backups."


def test_a_disk_that_is_ill_ends_no_copying(copy, repository, monkeypatch):
    """Nobody would notice that the thread has ended."""

    def fail():
        raise OSError(errno.EIO, "Input/output error")

    keeper = CopyKeeper(copy)
    with monkeypatch.context() as patch:
        patch.setattr(repository, "survey", fail)
        keeper.look()
    assert keeper.failure == "The backups cannot be read: Input/output error."

    keeper.look()

    assert keeper.failure == ""
    assert keeper.note.whole_until == UNTIL


def test_what_belongs_to_no_backup_is_told_of_and_stays(copy, server, prefix, clock):
    copy.round()
    theirs = [
        "letters/7.pdf",
        "files/ab/readme.txt",
        "log/000000010000000000000002",
        # Its manifest is in neither place, and it is too recent to be removed by
        # itself.
        "sets/20261120T020000Z-0001/base",
    ]
    # This one is removed within the hour.
    old = "sets/20260920T020000Z-0001/base"
    for name in (*theirs, old):
        server.store(prefix).put(name, b"x", locked_until=None)
    assert copy.round().strays == ()

    clock.now += timedelta(hours=2)
    note = copy.round()

    assert note.strays == tuple(sorted(theirs))
    assert read_copy_note(copy.repository.folder).strays == note.strays
    clock.now += MINUTE
    assert copy.round().strays == note.strays
    assert set(theirs) <= server.names(prefix)
    assert old not in server.names(prefix)


def test_a_set_that_went_here_before_all_of_it_was_sent_goes_there_and_is_no_stray(
    copy, server, prefix, clock, monkeypatch
):
    copy.round()
    before, at = server.names(prefix), clock.now
    repository, set_id = copy.repository, f"{at:%Y%m%dT%H%M%SZ}-0002"
    backup_sets.add_sealed_set(repository, copy.keys, set_id=set_id, as_of=at)
    with monkeypatch.context() as patch:
        # As when the store goes away, or a worker is killed.
        patch.setattr(RepositoryCopy, "_send_note", lambda *_: failing())
        with pytest.raises(StoreFailed):
            copy.round()
    assert f"sets/{set_id}/base" in server.names(prefix)
    repository.remove(set_id)
    clock.now += timedelta(hours=2)

    note = RepositoryCopy(repository, copy.keys, copy.store, KEPT, clock).round()

    assert (note.strays, note.begun) == ((), ())
    assert server.names(prefix) == before


def failing():
    raise StoreFailed("The store went.")


def test_a_set_whose_manifest_somebody_took_away_there_stays_and_is_told_of(
    copy, server, prefix, clock
):
    at = clock.now
    set_id = f"{at:%Y%m%dT%H%M%SZ}-0002"
    backup_sets.add_sealed_set(copy.repository, copy.keys, set_id=set_id, as_of=at)
    assert copy.round().begun == ()
    copy.repository.remove(set_id)
    server.delete(f"{prefix}/sets/{set_id}/manifest.json")
    clock.now += timedelta(hours=2)

    assert f"sets/{set_id}/base" in copy.round().strays
    assert f"sets/{set_id}/base" in server.names(prefix)


def test_what_others_put_among_the_files_is_not_ours_to_remove(
    copy, server, prefix, clock
):
    copy.round()
    theirs = "files/ab/readme.txt"
    server.store(prefix).put(theirs, b"x", locked_until=None)

    clock.now += timedelta(hours=2)

    assert copy.round().strays == (theirs,)
    assert theirs in server.names(prefix)


def test_all_that_chartroom_sends_is_known_as_its_own(copy, repository, keys, clock):
    repository.add_proof(backup_sets.PROOF)
    archive = LogArchive(repository.folder, backup_sets.SYSTEM_ID, keys)
    archive.add("00000002.history", b"")
    archive.add_entries(backup_sets.AS_OF, b"")
    archive.add_audit(986, 990, b"")
    copy.round()

    clock.now += timedelta(hours=2)

    assert copy.round().strays == ()
