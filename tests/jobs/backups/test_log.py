"""The log between two backups of a real clinic: any second, whatever happens to it."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg2
import pytest

from db.backups.backup_errors import SetBroken
from db.backups.base_backup import Leader
from db.backups.log import log_slot
from db.backups.log.archive import LogArchive
from db.backups.log.log_slot import SLOT
from db.backups.log.replay import add_log, find_place
from db.backups.log.windows import find_windows, read_position
from db.backups.repository import Repository
from db.backups.sandbox import unpacked
from db.backups.sealing import seal_of
from db.cluster.observing import merging
from db.embedded.processes import programs
from db.files.gridfs import Bucket
from db.postgres import Lsn
from jobs.backups.looking import look, words_of
from jobs.backups.routes import route_to
from jobs.backups.taking import take
from tests.conftest import owner
from tests.jobs.backups import samples
from tests.jobs.backups.log_samples import (
    LOG_GROUP,
    Writer,
    await_kept,
    await_log,
    keeping,
    rows_at,
)
from tests.kit.breaking import (
    ask,
    await_replayed,
    drop_leader_key,
    replicas,
    suspended,
    switch_over,
)
from tests.kit.waiting import eventually

pytestmark = [pytest.mark.cluster, LOG_GROUP]
_ROOT = Path(__file__).resolve().parents[3]
_WRITTEN = "SELECT pg_current_wal_lsn()"


@pytest.fixture
def manifest(clinic, repository):
    """The backup from which a test continues, with its log.

    Each test has one of its own: some of them leave a gap in the log.
    """
    with keeping(clinic, repository) as keeper:
        await_log(keeper)
        manifest = take(clinic.source, repository).manifest
        eventually(lambda: not keeper.is_cut_off)
        await_kept(keeper, datetime.now(UTC))
    return manifest


def count_filed(clinic):
    """Return how many documents and files there are now."""
    url = owner(clinic.database.endpoints)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM documents")
        (documents,) = cursor.fetchone()
    return documents, len(list(clinic.source.files.list_entries(Bucket.DOCUMENTS)))


def execute(clinic, *statements):
    _execute(owner(clinic.database.endpoints), statements)


def administrate(clinic, *statements):
    _execute(clinic.cluster.addresses.administrator_url, statements)


def _execute(url, statements):
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def receivers(clinic):
    place = str(clinic.source.folder.run / "log")
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(place in word for word in process.info["cmdline"] or ())
        and "pg_receivewal" in process.info["cmdline"][0]
    ]


def test_the_second_before_a_table_was_dropped(
    clinic, repository, manifest, keys, monkeypatch
):
    with keeping(clinic, repository) as keeper:
        clinic.file(b"%PDF four")
        filed = count_filed(clinic)
        execute(
            clinic,
            "CREATE TABLE lost (n int)",
            "INSERT INTO lost SELECT generate_series(1, 1000)",
        )
        before = datetime.now(UTC)
        execute(clinic, "DROP TABLE lost")
        clinic.file(b"%PDF five")
        await_kept(keeper, datetime.now(UTC))

    proof, rows = rows_at(clinic, repository, monkeypatch, before)

    assert (proof.set_id, proof.as_of) == (manifest.set_id, before)
    assert rows["public.lost"] == 1000
    # The file that came after the backup is there, and the one after that is not.
    assert (rows["public.documents"], proof.files) == filed
    assert "the log after it (segments: " in words_of(proof)
    # If the log has nothing after the time, that is an error, and not the newest state.
    source, at = clinic.source, datetime.now(UTC) + timedelta(hours=1)
    archive = LogArchive(repository.folder, manifest.system_id, keys)
    route = route_to(repository, archive, before)
    place, tools = (
        repository.set_folder(manifest.set_id),
        programs.find(source.folder.path),
    )
    with unpacked(source.folder, tools, seal_of(manifest, keys), place) as sandbox:
        add_log(sandbox, archive, route.history, route.pieces)
        with pytest.raises(SetBroken, match="The log that there is ends before"):
            find_place(sandbox, manifest, route.history, route.pieces, at)
    plain = b"".join(
        path.read_bytes() for path in repository.folder.rglob("*") if path.is_file()
    )
    assert b"%PDF four" not in plain


def test_no_acknowledged_row_is_lost_whatever_dies(
    clinic, repository, manifest, monkeypatch
):
    cluster, writer = clinic.cluster, Writer(clinic)
    with writer.writing(), keeping(clinic, repository) as keeper:
        await_log(keeper)
        writer.await_more()
        switch_over(cluster)
        writer.await_more()
        middle = datetime.now(UTC)
        (receiver,) = eventually(lambda: receivers(clinic))
        os.kill(receiver.pid, signal.SIGKILL)
        writer.await_more()
        cluster.primary().kill()
        eventually(cluster.primary)
        writer.await_more()
    # What came while no keeper ran is not lost either.
    with writer.writing(), keeping(clinic, repository) as keeper:
        writer.await_more()
        await_kept(keeper, datetime.now(UTC))
    with keeping(clinic, repository) as keeper:
        await_kept(keeper, datetime.now(UTC))
    cluster.wait_until_whole()

    for at in (middle, writer.acknowledged[-1][2]):
        least, most = writer.at(at)
        _, rows = rows_at(clinic, repository, monkeypatch, at)
        assert least <= rows["public.numbers"] <= most


def test_a_tail_that_the_next_leader_never_had_stops_nothing(
    clinic, repository, manifest, monkeypatch
):
    cluster = clinic.cluster
    # A replica that comes back only now has no sender yet that could be suspended.
    cluster.wait_until_whole()
    with keeping(clinic, repository) as keeper:
        await_log(keeper)
        primary = cluster.primary()
        senders = [
            psutil.Process(pid)
            for pid in ask(
                cluster,
                primary,
                "SELECT array_agg(pid) FROM pg_stat_replication "
                f"WHERE application_name <> '{SLOT}'",
            )
        ]
        # Its Patroni would see how far ahead it is, and let no replica lead. It stays
        # dead until another leads: with the longest log it would lead again.
        patroni = psutil.Process(primary.patroni.process.pid)
        with cluster.unsupervised():
            with suspended(*senders, patroni):
                # Beyond a segment's end, so that the next primary is asked for its end.
                execute(
                    clinic,
                    "SET synchronous_commit = local",
                    "CREATE TABLE nobody_has_it (n int)",
                )
                ask(cluster, primary, "SELECT pg_switch_wal()::text")
                execute(
                    clinic, "SET synchronous_commit = local", "CREATE TABLE nor_it ()"
                )
                place = ask(cluster, primary, "SELECT pg_current_wal_flush_lsn()::text")
                eventually(lambda: Lsn.parse(keeper.position.lsn) >= Lsn.parse(place))
                former = keeper.position.timeline
                assert primary.kill()
            drop_leader_key(cluster, primary)
            eventually(lambda: cluster.primary() not in (None, primary))
        eventually(lambda: keeper.position.timeline > former, seconds=90)
        clinic.file(b"%PDF on the next timeline")
        at = datetime.now(UTC)
        await_kept(keeper, at)
    cluster.wait_until_whole()

    _, rows = rows_at(clinic, repository, monkeypatch, at)

    assert rows["public.documents"] > 3
    assert "public.nobody_has_it" not in rows
    # What only the dead server had is kept nevertheless.
    archive = LogArchive(repository.folder, manifest.system_id, clinic.source.keys)
    sealed = archive.listing().pieces
    assert Lsn.parse(place) < max(
        Lsn(segment.start + pieces[-1].end)
        for segment, pieces in sealed.items()
        if segment.timeline == former
    )


def test_entries_of_the_audit_log_that_came_after_the_backup_are_kept_and_proven(
    clinic, repository, manifest, keys, tmp_path
):
    for name in (b"%PDF six", b"%PDF seven"):
        with keeping(clinic, repository) as keeper:
            clinic.file(name)
            clinic.ship()
            at = datetime.now(UTC)
            await_kept(keeper, at)

    proof = look(clinic.source.folder, repository, keys, to=at)

    last = list(clinic.source.audit.walk_after(0))[-1]["_id"]
    assert proof.audit_entries == last > manifest.audit_entries + 1
    # What was begun before the worker's second start is written again, in one object.
    archive = LogArchive(repository.folder, manifest.system_id, keys)
    (piece,) = archive.list_audit()
    assert (piece.first, piece.last) == (manifest.audit_entries + 1, last)
    damaged = samples.copy_of(repository, tmp_path / "copy")
    (damaged.folder / "log" / piece.name).unlink()
    with pytest.raises(SetBroken, match=f"does not reach entry {last}"):
        look(clinic.source.folder, damaged, keys, to=at)


def test_a_repository_that_is_away_for_a_while_and_one_of_another_clinic(
    clinic, repository, manifest, monkeypatch, tmp_path
):
    aside = repository.folder.with_name("aside")
    with keeping(clinic, repository) as keeper:
        await_log(keeper)
        repository.folder.rename(aside)
        clinic.file(b"%PDF while it was away")
        at = datetime.now(UTC)
        execute(clinic, "SELECT pg_current_xact_id()")
        eventually(lambda: "is not there: mount its disk" in keeper.failure)
        assert keeper.behind(datetime.now(UTC)) is not None
        Repository(repository.folder).claim("7000000000000000009")
        eventually(lambda: "belong to another clinic" in keeper.failure)
        assert not (repository.folder / "log").exists()
        shutil.rmtree(repository.folder)
        aside.rename(repository.folder)
        await_kept(keeper, datetime.now(UTC))
        eventually(lambda: not keeper.failure)

    proof, _ = rows_at(clinic, repository, monkeypatch, at)

    assert proof.set_id == manifest.set_id


def test_a_time_while_a_backup_was_made(clinic, repository, manifest):
    with keeping(clinic, repository) as keeper:
        await_log(keeper)
        later = take(clinic.source, repository).manifest
        await_kept(keeper, datetime.now(UTC))
    during = later.began_at + (later.as_of - later.began_at) / 2

    proof = look(clinic.source.folder, repository, clinic.source.keys, to=during)

    assert (proof.set_id, proof.as_of) == (manifest.set_id, during)
    repository.remove(later.set_id)


def test_a_worker_that_was_killed_leaves_no_receiver_and_no_gap(
    clinic, repository, manifest, keys, monkeypatch
):
    data, folder = clinic.source.folder.path, repository.folder
    command = [sys.executable, "-m", "tests.jobs.backups.log_worker"]
    store = clinic.source.files._database.name
    audit = clinic.database.endpoints.audit_url
    names = (data, folder, keys.path, store, audit)
    with subprocess.Popen([*command, *map(str, names)], cwd=_ROOT) as process:
        try:
            eventually(lambda: receivers(clinic))
        finally:
            process.kill()
    eventually(lambda: not receivers(clinic))
    clinic.file(b"%PDF while nobody kept the log")
    at = datetime.now(UTC)
    with keeping(clinic, repository) as keeper:
        await_kept(keeper, at)

    proof, rows = rows_at(clinic, repository, monkeypatch, at)

    assert proof.files >= rows["public.documents"]


def test_a_gap_is_said_and_the_next_backup_begins_a_new_window(
    clinic, repository, manifest, tmp_path
):
    folder = samples.copy_of(repository, tmp_path / "with a gap")
    archive = LogArchive(folder.folder, manifest.system_id, clinic.source.keys)
    cluster = clinic.cluster
    primary = cluster.primary()
    patroni = psutil.Process(primary.patroni.process.pid)
    newest = max(archive.listing().pieces)
    is_there = f"SELECT count(*) FROM pg_ls_waldir() WHERE name = '{newest.name}'"

    def forget():
        administrate(
            clinic,
            "SELECT pg_switch_wal()",
            "SELECT pg_current_xact_id()",
            "CHECKPOINT",
        )
        return ask(cluster, primary, is_there) == 0

    with cluster.unsupervised(), suspended(patroni):
        # As when a slot was lost, and the server has removed its log.
        administrate(clinic, f"SELECT pg_drop_replication_slot('{SLOT}')")
        eventually(forget, pause_seconds=0.5)
    with keeping(clinic, folder) as keeper:
        eventually(lambda: keeper.is_cut_off)
        eventually(lambda: read_position(folder.folder / "log").is_cut_off)
        now = datetime.now(UTC)
        assert keeper.behind(now) > now - keeper.began_at

        later = take(clinic.source, folder).manifest
        eventually(lambda: not keeper.is_cut_off)
        await_kept(keeper, datetime.now(UTC))

    position = read_position(archive.folder)
    *_, before, after = find_windows(folder.survey().sets, archive, position)
    assert before.since <= manifest.as_of < before.until
    assert before.until < after.since == later.as_of < after.until


def test_a_slot_that_keeps_what_is_there_no_more_begins_anew(
    clinic, repository, manifest, tmp_path
):
    folder = samples.copy_of(repository, tmp_path / "without what the slot keeps")
    cluster, primary = clinic.cluster, clinic.cluster.primary()
    with keeping(clinic, folder) as keeper:
        administrate(clinic, "SELECT pg_switch_wal()")
        await_kept(keeper, datetime.now(UTC))
    kept = ask(
        cluster,
        primary,
        "SELECT pg_walfile_name(restart_lsn) FROM pg_replication_slots "
        f"WHERE slot_name = '{SLOT}'",
    )
    administrate(
        clinic,
        "SELECT pg_current_xact_id()",
        "SELECT pg_switch_wal()",
        "SELECT pg_current_xact_id()",
        "CHECKPOINT",
    )
    for node in replicas(cluster):
        await_replayed(cluster, node, ask(cluster, primary, _WRITTEN))

    # As on a server after pg_rewind: it reports log as kept that it no longer has.
    (primary.data / "pg_wal" / kept).unlink()

    with keeping(clinic, folder) as keeper:
        eventually(lambda: keeper.is_cut_off)
        take(clinic.source, folder)
        eventually(lambda: not keeper.is_cut_off)
        await_kept(keeper, datetime.now(UTC))


def test_the_log_that_goes_on_from_a_first_set_is_kept_until_somebody_receives_it(
    clinic, keys, tmp_path
):
    source, cluster = clinic.source, clinic.cluster
    leader = Leader(source.addresses, programs.find(source.folder.path), sys.executable)
    log_slot.give_up(leader)
    eventually(lambda: log_slot.status_of(leader) is None)
    shutil.rmtree(source.folder.run / "log", ignore_errors=True)
    repository = Repository(tmp_path / "the first set")

    manifest = take(source, repository, is_log_kept=True).manifest
    administrate(clinic, "SELECT pg_switch_wal()", "SELECT pg_current_xact_id()")
    # Nothing else needs the segment in which the set ended.
    primary = cluster.primary()
    written = Lsn.parse(ask(cluster, primary, _WRITTEN))
    others = (
        f"SELECT min(restart_lsn) FROM pg_replication_slots WHERE slot_name <> '{SLOT}'"
    )
    eventually(lambda: Lsn.parse(ask(cluster, primary, others)) >= written)
    administrate(clinic, "CHECKPOINT")
    with keeping(clinic, repository) as keeper:
        at = datetime.now(UTC)
        await_kept(keeper, at)

    assert look(source.folder, repository, keys, to=at).set_id == manifest.set_id


def test_who_receives_the_log_is_no_server():
    assert SLOT in merging._NO_SERVERS
