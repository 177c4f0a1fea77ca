"""Backups of a real cluster: taken, restored, proven, and each damage named."""

import gzip
import math
import os
import signal
import subprocess
import sys
import tarfile
import traceback
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg2
import pytest

from db.backups import table_digests
from db.backups.backup_errors import CannotBackUp, CannotRestore, SetBroken
from db.backups.base_backup import RECEIVER, Leader
from db.backups.file_copies import FileCopies, prove_copy, read_copies
from db.backups.manifest import Manifest, TableDigest
from db.backups.repository import Repository
from db.backups.sandbox import unpacked
from db.backups.sealing import seal_of
from db.cluster.observing import merging
from db.embedded.processes import programs
from db.files.file_keys import FileKeys
from db.pace import Pace
from db.postgres import Lsn
from jobs.backups import looking
from jobs.backups.looking import look, words_of
from jobs.backups.taking import pace_beside_people, take
from services.audit.chain import Link
from tests.jobs.backups import samples
from tests.kit.breaking import replicas
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster
_ROOT = Path(__file__).resolve().parents[3]
OBJECTS = ("audit", "backup_manifest", "base", "entries", "log")


@pytest.fixture(scope="module")
def taken(clinic, repository):
    """The one backup that these tests share."""
    return take(clinic.source, repository)


@pytest.fixture
def manifest(taken):
    return taken.manifest


@pytest.fixture
def damaged(taken, repository, tmp_path):
    """A copy of the repository, to be damaged."""
    return samples.copy_of(repository, tmp_path / "copy")


def prove(clinic, repository, keys, **how):
    return look(clinic.source.folder, repository, keys, **how)


def set_of(repository, manifest):
    return repository.set_folder(manifest.set_id)


def copies_of(repository, manifest, keys):
    path = set_of(repository, manifest) / "entries"
    with seal_of(manifest, keys).reading(path) as stream:
        return list(read_copies(stream))


def test_a_backup_is_restored_and_every_row_and_file_is_as_it_was(
    clinic, repository, keys, manifest
):
    # What comes after the backup is not in it, and stays untouched.
    clinic.file(b"%PDF later")

    proof = prove(clinic, repository, keys)

    assert proof.is_compared
    assert proof.tables == len(manifest.tables) > 60
    assert manifest.tables["public.documents"].rows == len(samples.FILES)
    assert (proof.files, proof.file_bytes) == (3, sum(map(len, samples.FILES)))
    assert proof.audit_entries == manifest.audit_entries >= 3
    assert repository.last_proof() == proof
    assert "are the same as a replica showed then" in words_of(proof)
    assert not (clinic.source.folder.path / "sandbox").exists()
    assert clinic.cluster.primary() is not None


def test_a_set_says_of_which_clinic_and_time_it_is_and_nothing_lies_open(
    clinic, repository, manifest
):
    place = set_of(repository, manifest)

    assert {path.name for path in place.iterdir()} == {*OBJECTS, "manifest.json"}
    assert repository.system_id == manifest.system_id
    assert manifest.schema
    start, end, reached = map(
        Lsn.parse, (manifest.start_lsn, manifest.end_lsn, manifest.reached_lsn)
    )
    assert start <= end <= reached
    stored = b"".join(
        p.read_bytes() for p in repository.folder.rglob("*") if p.is_file()
    )
    assert b"%PDF one" not in stored
    assert not (clinic.source.folder.run / "backup-log").exists()
    assert {p.stat().st_mode & 0o077 for p in repository.folder.rglob("*")} <= {
        0,
        0o044,
    }


@pytest.mark.parametrize(("name", "held"), [("base", "PG_VERSION"), ("log", "0")])
def test_what_is_packed_is_gzip_which_earlier_versions_unpack(
    repository, keys, manifest, name, held
):
    with (
        seal_of(manifest, keys).reading(set_of(repository, manifest) / name) as packed,
        gzip.open(packed) as plain,
        tarfile.open(mode="r|", fileobj=plain) as tar,
    ):
        names = tar.getnames()

    assert any(each.startswith(held) for each in names)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_flipped_bit_is_named(clinic, damaged, keys, manifest, name):
    samples.flip(set_of(damaged, manifest) / name)

    with pytest.raises(SetBroken, match=rf"^{name} of backup .* was changed.$"):
        prove(clinic, damaged, keys)


def test_entries_that_are_not_the_sealed_ones_are_told_of(
    clinic, repository, keys, taken, monkeypatch
):
    forged = SimpleNamespace(link=Link(1, b"0" * 32))
    monkeypatch.setattr(looking.seals, "list_seals", lambda _: (forged,))

    with pytest.raises(SetBroken, match="other entries than those that were sealed"):
        prove(clinic, repository, keys)


def test_a_missing_object_is_named(clinic, damaged, keys, manifest):
    (set_of(damaged, manifest) / "log").unlink()

    with pytest.raises(SetBroken, match=r"^log of backup .* is missing.$"):
        prove(clinic, damaged, keys)


def test_two_objects_that_were_swapped_are_named(clinic, damaged, keys, manifest):
    place = set_of(damaged, manifest)
    samples.swap(place / "base", place / "log")

    with pytest.raises(SetBroken, match=r"is the set's log: they were swapped"):
        prove(clinic, damaged, keys)


def test_an_object_opens_in_its_own_place_only(damaged, keys, manifest):
    # Even if somebody has adapted the manifest.
    place = set_of(damaged, manifest)
    samples.swap(place / "entries", place / "audit")

    with pytest.raises(SetBroken, match=r"entries of backup .* does not open"):
        copies_of(damaged, manifest, keys)


def test_a_changed_manifest_has_a_key_that_does_not_open(
    clinic, damaged, keys, manifest
):
    path = set_of(damaged, manifest) / "manifest.json"
    path.write_text(path.read_text().replace('"timeline": ', '"timeline": 1'))

    with pytest.raises(SetBroken, match=r"The manifest .* is not what was written"):
        prove(clinic, damaged, keys)


def test_an_unreadable_newest_manifest_is_said_and_no_older_set_taken(
    damaged, manifest
):
    newer = damaged.folder / "sets" / "99990101T000000Z-0000"
    newer.mkdir()
    (newer / "manifest.json").write_text("{")

    with pytest.raises(
        SetBroken, match=r"newest backup, 99990101T000000Z-0000, cannot"
    ):
        damaged.newest()
    assert damaged.survey().unreadable == (newer.name,)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        pytest.param(samples.flip, "was changed in", id="a flipped bit"),
        pytest.param(Path.unlink, "is missing in", id="missing"),
    ],
)
def test_a_damaged_file_is_named(clinic, damaged, manifest, damage, sentence):
    keys = clinic.source.keys
    copy = copies_of(damaged, manifest, keys)[1]
    damage(damaged.file(copy.sha256))

    with pytest.raises(SetBroken, match=rf"^{copy.name} {sentence}"):
        prove(clinic, damaged, keys)


def test_two_files_that_were_swapped_are_named(clinic, damaged, keys, manifest):
    first, second, _ = copies_of(damaged, manifest, keys)
    samples.swap(damaged.file(first.sha256), damaged.file(second.sha256))

    with pytest.raises(SetBroken, match=r"has the bytes of another file"):
        prove(clinic, damaged, keys)


def test_rows_other_than_those_of_the_replica_are_named(
    clinic, damaged, keys, manifest
):
    tables = manifest.tables | {"public.patients": TableDigest(1, "7")}
    samples.rewrite(damaged, keys, manifest, tables=tables)

    with pytest.raises(SetBroken, match=r"restores other rows .* in public\.patients"):
        prove(clinic, damaged, keys)


def test_a_row_without_its_file_and_a_log_that_ends_too_soon_are_named(
    clinic, damaged, keys, manifest
):
    place, seal = set_of(damaged, manifest), seal_of(manifest, keys)

    def empty(name):
        (place / name).unlink()
        with seal.writing(place / name) as sink:
            return sink.finish()

    others = {each.name: each for each in manifest.objects}
    audit = others | {"audit": empty("audit")}
    samples.rewrite(damaged, keys, manifest, objects=tuple(audit.values()))
    with pytest.raises(SetBroken, match=r"does not reach entry \d+, where its rows"):
        prove(clinic, damaged, keys)

    entries = audit | {"entries": empty("entries")}
    samples.rewrite(damaged, keys, manifest, objects=tuple(entries.values()))
    with pytest.raises(SetBroken, match=r"lacks the file of document .*, version 1"):
        prove(clinic, damaged, keys)
    assert damaged.last_proof() is None or damaged.last_proof().seconds > 0


def test_a_time_outside_the_backups_is_refused_with_their_window(
    clinic, repository, keys, manifest
):
    for to in (manifest.as_of - timedelta(days=1), manifest.as_of + timedelta(days=1)):
        with pytest.raises(CannotRestore) as refused:
            prove(clinic, repository, keys, to=to)

        only = f"{manifest.as_of:%Y-%m-%d %H:%M:%S} UTC"
        assert f"they go to {only}." in str(refused.value)


def test_a_repository_of_another_clinic_is_neither_written_nor_restored(
    clinic, keys, tmp_path, repository, taken
):
    other = Repository(tmp_path / "other")
    other.claim("7000000000000000000")

    with pytest.raises(CannotBackUp, match=r"belong to another clinic .* Nothing was"):
        take(clinic.source, other)
    with pytest.raises(CannotRestore, match=r"belong to another clinic"):
        prove(clinic, repository, keys, system_id="7000000000000000000")
    assert other.survey().sets == ()


def test_with_other_keys_the_set_is_said_to_be_sealed_with_one_that_is_missing(
    clinic, repository, taken, tmp_path
):
    strange = FileKeys(tmp_path / "strange.keys", may_be_made=True)

    with pytest.raises(SetBroken, match=r"a key that .*strange.keys does not have"):
        prove(clinic, repository, strange)


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(clinic, tmp_path):
    small = Repository(tmp_path / "small", room=lambda _: (50_000_000, 60_000_000))

    with pytest.raises(CannotBackUp, match=r"50 MB free and a backup.* needs \d+ MB"):
        take(clinic.source, small)

    assert small.survey().sets == ()
    assert not list((small.folder / "sets").iterdir())
    assert "50 MB free" in small.last_failure().sentence


def test_a_sandbox_that_has_no_room_is_not_begun(clinic, repository, keys, taken):
    small = Repository(repository.folder, room=lambda _: (50_000_000, 60_000_000))

    with pytest.raises(CannotRestore, match=r"50 MB free and the sandbox needs"):
        prove(clinic, small, keys)


def test_files_are_copied_once(clinic, repository, keys, manifest, monkeypatch):
    known = {copy.place: copy for copy in copies_of(repository, manifest, keys)}
    anew = FileCopies(clinic.source.files, repository)
    read = []
    _open = clinic.source.files.open_stored
    monkeypatch.setattr(
        clinic.source.files,
        "open_stored",
        lambda entry: read.append(entry.file_id) or _open(entry),
    )

    anew.look()
    assert {file_id for _, file_id in known} <= set(read)
    # What another test has filed since is new; these are not.
    assert anew.new_bytes < 1000
    read.clear()
    again = FileCopies(clinic.source.files, repository, known=known)
    again.look()

    assert not {file_id for _, file_id in known} & set(read)
    assert {place: again.copied[place].sha256 for place in known} == {
        place: copy.sha256 for place, copy in known.items()
    }


def test_a_file_that_is_not_the_one_its_row_names_is_named(repository, keys, manifest):
    copy = copies_of(repository, manifest, keys)[0]

    assert prove_copy(copy, repository, keys, None) > 0
    with pytest.raises(SetBroken, match=f"^{copy.name} is not the file that its row"):
        prove_copy(copy, repository, keys, bytes(32))


def test_postgresql_verifies_every_file_and_the_log(clinic, repository, keys, manifest):
    folder, seal = clinic.source.folder, seal_of(manifest, keys)
    tools = programs.find(folder.path)
    with unpacked(folder, tools, seal, set_of(repository, manifest)) as sandbox:
        assert sandbox.verify().end_lsn == manifest.end_lsn
        for place in ("base/1/1259", "pg_wal/0*[0-9A-F]"):
            whole = {path: path.read_bytes() for path in sandbox.data.glob(place)}
            for path, data in whole.items():
                path.write_bytes(bytes(len(data)))
            with pytest.raises(SetBroken, match=r"^The base backup does not verify: "):
                sandbox.verify()
            for path, data in whole.items():
                path.write_bytes(data)
        assert sandbox.verify().timeline == manifest.timeline


def test_another_leader_than_in_the_beginning_makes_it_count_for_nothing(
    clinic, tmp_path, monkeypatch
):
    repository = Repository(tmp_path / "switched")
    read_system = Leader.system
    timelines = iter((1, 2))
    monkeypatch.setattr(
        Leader,
        "system",
        lambda leader: replace(read_system(leader), timeline=next(timelines)),
    )

    with pytest.raises(CannotBackUp, match="Another server leads than when"):
        take(clinic.source, repository)

    assert not list((repository.folder / "sets").iterdir())
    assert repository.last_failure().sentence.startswith("Another server leads")


def test_one_backup_at_a_time(clinic, repository, taken):
    with repository.held():
        assert repository.is_busy
        with pytest.raises(CannotBackUp, match=r"Another backup into .* is being made"):
            take(clinic.source, repository)
    assert not repository.is_busy


# The parts of a set that exist already when its process is killed.
STEPS = ("base", "log", "entries", "audit")


@pytest.mark.parametrize("step", STEPS)
def test_a_backup_that_is_killed_leaves_nothing_that_counts(clinic, step, tmp_path):
    folder = tmp_path / "killed"
    sets = folder / "sets"
    with subprocess.Popen(
        [sys.executable, "-m", "dashboard", "backup"],
        cwd=_ROOT,
        env=os.environ
        | {
            "CHARTROOM_DATA": str(clinic.source.folder.path),
            "CHARTROOM_BACKUP_DIR": str(folder),
        },
        stderr=subprocess.PIPE,
    ) as process:
        eventually(lambda: list(sets.glob(f"*.unfinished/{step}")), pause_seconds=0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()

    killed = Repository(folder)
    assert list(sets.glob("*.unfinished"))
    assert killed.survey().sets == killed.survey().unreadable == ()
    with pytest.raises(CannotRestore, match=r"There is no backup in .*: make one"):
        killed.newest()
    # Nothing continues to receive the log, and the next backup tidies up.
    eventually(lambda: not _receivers(clinic))
    with killed.held():
        assert not list(sets.iterdir())
    received = clinic.source.folder.run / "backup-log"
    # Once it is packed, no log is left unsealed.
    assert received.exists() or step != STEPS[0]
    if received.exists():
        take(clinic.source, killed)
    assert not received.exists()


def _receivers(clinic):
    place = str(clinic.source.folder.run)
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(place in word for word in process.info["cmdline"] or ())
        and "pg_receivewal" in " ".join(process.info["cmdline"])
    ]


def test_a_restore_and_a_backup_do_not_get_into_each_others_way(
    clinic, repository, keys, manifest
):
    tools, seal = programs.find(clinic.source.folder.path), seal_of(manifest, keys)
    place = set_of(repository, manifest)
    with unpacked(clinic.source.folder, tools, seal, place) as sandbox:
        with pytest.raises(CannotRestore, match="Another backup is being restored in"):
            prove(clinic, repository, keys)
        later = take(clinic.source, repository).manifest

        assert (sandbox.data / "PG_VERSION").exists()
    repository.remove(later.set_id)


def test_the_number_of_the_clinic_stands_in_its_data(clinic, manifest):
    assert clinic.source.folder.system_id() == manifest.system_id


def test_manifests_are_read_once_and_again_when_somebody_changes_one(
    damaged, manifest, monkeypatch
):
    reads, read = [], Manifest.read
    monkeypatch.setattr(Manifest, "read", lambda path: reads.append(path) or read(path))

    assert damaged.survey().sets == damaged.survey().sets == (manifest,)
    assert len(reads) == 1
    path = set_of(damaged, manifest) / "manifest.json"
    path.write_text("{")
    assert damaged.survey().unreadable == (manifest.set_id,)
    assert damaged.survey().sets == ()


def test_who_receives_the_log_for_a_backup_is_no_server():
    assert RECEIVER in merging._NO_SERVERS


def test_a_table_that_is_dropped_while_a_replica_is_asked_ends_no_backup(
    clinic, monkeypatch
):
    dropped = "SELECT 'public', 'dropped_just_now', 1"
    monkeypatch.setattr(table_digests, "_TABLES", dropped)
    source = clinic.source
    replica = replicas(clinic.cluster)[0].name
    url = source.addresses.node_url(replica, "postgres", source.database)

    assert table_digests.digest_replica(url, Lsn(0)) is None


# The parts of a backup that slow others down: pages, rows, files, entries of the audit
# log, and unpacking all of it to verify it.
RESTING = {"copy", "_digest", "_keep", "_copy_audit", "read"}


def test_a_backup_rests_wherever_it_works(clinic, keys, tmp_path, monkeypatch):
    resting = set()

    def note(_seconds):
        # The caller of `Pace.rest`, which called this function.
        resting.add(traceback.extract_stack(limit=3)[0].name)

    monkeypatch.setattr("db.pace._WORK_SECONDS", 0)
    repository = Repository(tmp_path / "paced")

    take(clinic.source, repository, pace=Pace(0.25, sleep=note))

    assert resting == RESTING
    assert prove(clinic, repository, keys).is_compared


_LOCKED = """
SELECT count(DISTINCT relation) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def test_a_replica_has_one_table_locked_while_it_is_read_slowly(clinic, monkeypatch):
    source = clinic.source
    replica = replicas(clinic.cluster)[0].name
    url = source.addresses.node_url(replica, "postgres", source.database)
    monkeypatch.setattr("db.pace._WORK_SECONDS", 0)
    locked = []
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:

        def look(_seconds):
            cursor.execute(_LOCKED)
            locked.append(cursor.fetchone()[0])
            connection.rollback()

        slowly = Pace(0.5, sleep=look)
        _, tables = table_digests.digest_replica(url, Lsn(0), slowly)

    assert len(locked) >= len(tables) > 60
    assert max(locked) == 1


def test_rests_take_half_of_the_time_between_two_backups_at_most():
    hourly = pace_beside_people(5, timedelta(hours=1))

    assert (hourly.share, hourly.longest_rests) == (0.05, 1800)
    assert pace_beside_people(5, None).longest_rests == math.inf


def test_a_table_read_in_pieces_has_the_digest_of_the_whole(clinic, monkeypatch):
    source = clinic.source
    url = source.addresses.primary_url("postgres", source.database)
    digest = "SELECT count(*), sum(hashtextextended(t::text, 0))::text FROM pieces t"
    monkeypatch.setattr(table_digests, "_PAGES", 2)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE pieces AS SELECT generate_series(1, 3000) AS n")
        # Some pages lack rows, and the last page is not full.
        cursor.execute("DELETE FROM pieces WHERE n % 7 = 0")
        cursor.execute("SELECT pg_relation_size('pieces') / 8192")
        assert cursor.fetchone()[0] > 4
        cursor.execute(digest)
        whole = TableDigest(*cursor.fetchone())

        pieces = table_digests.digest_tables(cursor)["public.pieces"]
        connection.rollback()

    assert pieces == whole
