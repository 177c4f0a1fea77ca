"""Incremental backups of a real cluster: made, put together, proven, and refused."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest

from db.backups import base_backup
from db.backups.backup_errors import CannotBackUp, CannotRestore, SetBroken
from db.backups.base_backup import Leader
from db.backups.repository import Repository
from db.backups.sandbox import unpacked
from db.backups.sealing import seal_of, seal_of_chain
from db.embedded.processes import programs
from jobs.backups.audit_following import read_set_entries
from jobs.backups.looking import look
from jobs.backups.taking import take
from tests.jobs.backups import samples
from tests.kit.breaking import switch_over
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster
_ROOT = Path(__file__).resolve().parents[3]
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def chain(clinic, repository):
    """A full backup, and two incremental ones, each with one more document.

    The full one is of an earlier version, whose files have other checksums.
    """
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(base_backup, "CHECKSUMS", "--manifest-checksums=SHA256")
        made = [take(clinic.source, repository, full_every=WEEK).manifest]
    for data in (b"%PDF second", b"%PDF third"):
        clinic.file(data)
        clinic.ship()
        made.append(take(clinic.source, repository, full_every=WEEK).manifest)
    return made


@pytest.fixture
def damaged(chain, repository, tmp_path):
    """A copy of the repository, to be damaged."""
    return samples.copy_of(repository, tmp_path / "copy")


def prove(clinic, repository, keys, **how):
    return look(clinic.source.folder, repository, keys, **how)


def summarized(folder):
    """Return the byte of the log up to which a folder has WAL summaries.

    Their names are a timeline, a beginning and an end, as PostgreSQL writes them; one
    that is still being written is called temp.
    """
    names = (path.stem for path in folder.glob("*.summary") if path.stem != "temp")
    return max((int(name[24:], 16) for name in names), default=0)


def size_of(manifest):
    return manifest.object("base").size


def place_of(repository, manifest):
    return repository.set_folder(manifest.set_id)


def test_only_what_changed_is_copied_and_every_row_is_as_a_replica_showed(
    clinic, repository, keys, chain
):
    full, second, third = chain

    assert full.is_full
    assert not full.full_because
    assert (second.based_on.set_id, second.based_on.fingerprint) == (
        full.set_id,
        full.fingerprint,
    )
    assert third.based_on.set_id == second.set_id
    # Mostly a tenth of it. But everything else in the cluster writes as well:
    # PostgreSQL vacuums other tests' databases, which changes their pages.
    assert max(size_of(second), size_of(third)) < size_of(full) / 2
    # Its size when unpacked, of 56 MB of rows.
    assert second.based_on.bytes < full.database_bytes / 2
    proof = prove(clinic, repository, keys)
    assert (proof.set_id, proof.is_compared) == (third.set_id, True)
    assert proof.files == len(samples.FILES) + 2
    assert not (clinic.source.folder.path / "sandbox").exists()
    # None of it is left unsealed, and the manifest given to PostgreSQL is gone.
    assert not list(clinic.source.folder.run.glob("tmp*"))


def audit_of(repository, keys, manifest):
    return [entry["_id"] for entry in read_set_entries(repository, manifest, keys)]


def test_of_the_audit_log_only_what_came_since_is_copied_and_read_with_its_bases(
    repository, keys, chain
):
    full, second, third = chain

    assert (full.audit_after, second.audit_after) == (0, full.audit_entries)
    assert third.audit_after == second.audit_entries > full.audit_entries > 0
    for each in chain:
        every = list(range(1, each.audit_entries + 1))
        assert audit_of(repository, keys, each) == every


def test_an_audit_log_that_is_another_is_copied_whole_with_a_full_backup(
    clinic, damaged, keys, chain
):
    samples.rewrite(damaged, keys, chain[2], audit_head="00" * 32)

    taken = take(clinic.source, damaged, full_every=WEEK).manifest

    assert (taken.is_full, taken.audit_after) == (True, 0)
    assert taken.full_because == (
        f"The audit log no longer has entry {chain[2].audit_entries} as backup "
        f"{chain[2].set_id} ends with it."
    )
    assert prove(clinic, damaged, keys).set_id == taken.set_id


def test_one_in_the_middle_is_restored_by_its_own_second(
    clinic, repository, keys, chain
):
    proof = prove(clinic, repository, keys, to=chain[1].as_of)

    assert (proof.set_id, proof.files) == (chain[1].set_id, len(samples.FILES) + 1)


def test_once_the_last_full_one_is_too_old_the_next_is_full(clinic, chain, damaged):
    taken = take(clinic.source, damaged, full_every=timedelta(seconds=1))

    assert taken.manifest.is_full
    assert not taken.manifest.full_because
    assert ", full: " in taken.sentence


@pytest.mark.parametrize("name", ["base", "log", "backup_manifest"])
def test_damage_in_the_middle_is_named_and_the_next_is_a_full_one(
    clinic, damaged, keys, chain, name
):
    samples.flip(place_of(damaged, chain[1]) / name)
    words = f"{name} of backup {chain[1].set_id} was changed."

    with pytest.raises(SetBroken) as refused:
        prove(clinic, damaged, keys)

    assert str(refused.value) == words
    taken = take(clinic.source, damaged, full_every=WEEK)
    assert taken.manifest.is_full
    assert taken.manifest.full_because == words
    assert words in taken.sentence
    assert prove(clinic, damaged, keys).set_id == taken.manifest.set_id


def test_without_its_base_one_counts_for_nothing_and_no_older_one_is_taken(
    clinic, damaged, keys, chain
):
    full, second, third = chain
    shutil.rmtree(place_of(damaged, second))

    survey = damaged.survey()
    assert (survey.sets, survey.orphans) == ((full,), (third,))
    words = f"Backup {third.set_id} has only what changed since backup {second.set_id}"
    with pytest.raises(SetBroken, match=f"^{words}, which is missing.$"):
        prove(clinic, damaged, keys)
    # For its own second the full one is as whole as before.
    assert prove(clinic, damaged, keys, to=full.as_of).set_id == full.set_id

    (damaged.folder / "sets" / second.set_id).mkdir()
    with pytest.raises(SetBroken, match=r", whose manifest cannot be read.$"):
        prove(clinic, damaged, keys)
    taken = take(clinic.source, damaged, full_every=WEEK).manifest
    assert taken.is_full
    assert "cannot be read" in taken.full_because


def test_a_base_that_is_another_than_it_was_made_from_is_refused(
    clinic, damaged, keys, chain
):
    samples.rewrite(damaged, keys, chain[0], audit_entries=1)

    with pytest.raises(SetBroken, match=r"and that is not the one it was made from"):
        prove(clinic, damaged, keys)


def test_postgresql_refuses_what_does_not_belong_together(
    clinic, repository, keys, chain
):
    folder, tools = clinic.source.folder, programs.find(clinic.source.folder.path)
    place = place_of(repository, chain[2])
    lacking = seal_of_chain((chain[0], chain[2]), keys)

    with (
        pytest.raises(SetBroken, match=r"cannot be put together: .*starts at LSN"),
        unpacked(folder, tools, lacking, place),
    ):
        pass
    assert not (folder.path / "sandbox").exists()
    # By itself it is verified, and would be no clinic.
    alone = seal_of(chain[2], keys)
    with unpacked(folder, tools, alone, place) as sandbox:
        assert sandbox.verify().end_lsn == chain[2].end_lsn
        assert str(sandbox.based_on()[1]) == chain[1].start_lsn


def test_a_sandbox_has_room_for_all_of_a_chain_or_is_not_begun(
    clinic, repository, keys, chain
):
    rows = chain[2].database_bytes
    for_one = rows * 3 // 2 + 100_000_000
    small = Repository(repository.folder, room=lambda _: (for_one, 2 * for_one))

    with pytest.raises(CannotRestore, match=r"and the sandbox needs"):
        prove(clinic, small, keys)


def test_one_that_is_killed_leaves_its_base_as_it_was(clinic, damaged, keys, chain):
    sets = damaged.folder / "sets"
    with subprocess.Popen(
        [sys.executable, "-m", "dashboard", "backup"],
        cwd=_ROOT,
        env=os.environ
        | {
            "CHARTROOM_DATA": str(clinic.source.folder.path),
            "CHARTROOM_BACKUP_DIR": str(damaged.folder),
        },
        stderr=subprocess.PIPE,
    ) as process:
        eventually(lambda: list(sets.glob("*.unfinished/base")))
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert list(sets.glob("*.unfinished"))
    assert damaged.newest() == chain[2]
    assert not take(clinic.source, damaged, full_every=WEEK).manifest.is_full
    assert not list(sets.glob("*.unfinished"))


def test_a_restore_that_is_killed_half_way_is_begun_anew(
    clinic, repository, keys, chain
):
    remains = clinic.source.folder.path / "sandbox" / "parts" / chain[0].set_id
    remains.mkdir(parents=True)
    (remains / "PG_VERSION").write_text("18\n")

    assert prove(clinic, repository, keys).set_id == chain[2].set_id


def test_after_a_switchover_the_new_leader_tells_what_changed(
    clinic, damaged, keys, chain
):
    switch_over(clinic.cluster)
    clinic.file(b"%PDF after the switchover")
    clinic.ship()

    taken = take(clinic.source, damaged, full_every=WEEK).manifest

    assert (taken.is_full, taken.full_because) == (False, "")
    assert taken.timeline > chain[2].timeline
    assert prove(clinic, damaged, keys).is_compared


@pytest.fixture
def unsummarized(clinic, chain):
    """The servers without their WAL summaries so far, for the time of a test."""
    removed = {}
    folders = [*clinic.source.folder.path.glob("postgres/*/pg_wal/summaries")]
    url = clinic.cluster.addresses.administrator_url
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        # A summary that does not exist yet could not be removed.
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'")
        [(written,)] = cursor
        cursor.execute("CHECKPOINT")
    for folder in folders:
        eventually(lambda folder=folder: summarized(folder) >= written)
    for folder in folders:
        for path in folder.iterdir():
            # PostgreSQL itself removes and renames some of them.
            with suppress(FileNotFoundError):
                removed[path] = path.read_bytes(), path.stat()
                path.unlink()
    yield
    for path, (content, status) in removed.items():
        path.write_bytes(content)
        path.chmod(status.st_mode)
        os.chown(path, status.st_uid, status.st_gid)


@pytest.mark.usefixtures("unsummarized")
def test_where_postgresql_does_not_know_what_changed_all_of_it_is_copied(
    clinic, damaged, keys, chain
):
    taken = take(clinic.source, damaged, full_every=WEEK)

    assert taken.manifest.is_full
    assert "WAL summaries are required on timeline" in taken.manifest.full_because
    assert "An incremental one was due: PostgreSQL gave no" in taken.sentence
    assert prove(clinic, damaged, keys).set_id == taken.manifest.set_id
    # From here on there are summaries again.
    clinic.file(b"%PDF afterwards")
    assert not take(clinic.source, damaged, full_every=WEEK).manifest.is_full


def test_whoever_has_just_taken_over_says_on_which_timeline_it_is(clinic):
    """And not the timeline of its last checkpoint: no other may get its number."""
    source, said = clinic.source, []
    tools = programs.find(source.folder.path)
    leader = Leader(source.addresses, tools, sys.executable)
    switching = threading.Thread(target=switch_over, args=[clinic.cluster])
    switching.start()
    deadline = None
    while deadline is None or time.monotonic() < deadline:
        # Once the new primary has answered: on a busy machine that takes a while.
        if deadline is None and not switching.is_alive() and len(set(said)) > 1:
            deadline = time.monotonic() + 2
        with suppress(CannotBackUp):
            before, _ = leader.history_file()
            timeline = leader.system().timeline
            if leader.history_file()[0] == before:
                said.append((timeline, before))
    switching.join()

    assert len(set(said)) == 2
    assert all(timeline == written for timeline, written in said)
