"""A drill of a tool's backups: what it proves, and that it skips nothing."""

import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import psycopg2
import pytest

from db.backups.backup_errors import CannotRestore, CheckSkipped, SetBroken
from db.backups.manifest import TableDigest
from db.backups.repository import Repository
from db.files.gridfs import Bucket
from db.postgres import SYSTEM
from jobs.backups.tools import tool_asking, tool_practice
from jobs.backups.tools.tool_asking import ToolAsker
from jobs.backups.tools.tool_practice import ToolPractice
from services.audit import chain
from services.backups import tools
from services.documents import retention
from services.documents.point_in_time import EarlierFiles
from tests.jobs.backups import samples
from tests.kit import archiving_tools, cast
from tests.kit.scratch import scratch_folder
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster


@contextmanager
def looked_at(clinic, made):
    """Let the worker query the tool, much more often than every minute."""
    asker = ToolAsker(clinic.database, made.tool, made.reader)
    stopping = threading.Event()

    def look():
        while not stopping.wait(0.3):
            made.archive()
            asker.look()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool_asking, "_EVERY", timedelta(milliseconds=200))
        patch.setattr(tool_practice, "_LOOK_SECONDS", 0.1)
        thread = threading.Thread(target=look)
        thread.start()
        try:
            eventually(lambda: asker.state is not None and asker.state.window)
            yield
        finally:
            stopping.set()
            thread.join()


def kept(clinic, seal_keys, made):
    chain.seal(clinic.database, clinic.source.audit, seal_keys)
    clinic.file(b"%PDF after the backup")
    clinic.ship()
    return looked_at(clinic, made)


@pytest.fixture(scope="module")
def made(clinic, seal_keys, tmp_path_factory):
    """A tool that has backed the clinic up, and continues to receive its log."""
    with (
        scratch_folder(tmp_path_factory, "tool") as folder,
        archiving_tools.stand_in(clinic.cluster, folder / "archive") as tool,
        kept(clinic, seal_keys, tool),
    ):
        yield tool


def practice_of(clinic, made, seal_keys, folder):
    source = clinic.source
    files = EarlierFiles(source.files, Repository(folder / "none"), source.keys)
    return ToolPractice(
        made.tool,
        folder / "drills",
        clinic.database,
        clinic.database.endpoints,
        files,
        source.audit,
        lambda: seal_keys,
    )


@pytest.fixture
def practice(clinic, made, seal_keys, tmp_path):
    made.be("")
    return practice_of(clinic, made, seal_keys, tmp_path)


@pytest.fixture
def newest_alone(monkeypatch):
    """Skip the restore of any second in a drill; other tests are about that."""
    monkeypatch.setattr(ToolPractice, "_restore_any", lambda _, window: window.since)


def require_proven(proof):
    assert proof.is_compared
    assert proof.tables > 50
    assert proof.rows > proof.files == len(samples.FILES) + 1
    assert proof.audit_entries >= proof.files
    assert proof.drill.any_second < proof.as_of
    assert 0 < proof.drill.rto_seconds < proof.seconds
    assert proof.drill.restored_bytes > 10_000_000


def test_any_second_and_the_newest_are_restored_and_compared(clinic, made, practice):
    clinic.database.write(cast.add_demo, identity=SYSTEM)

    proof = practice.practise()

    require_proven(proof)
    assert proof.set_id == "B1"
    kinds = [
        word
        for words in made.starts()
        for word in words
        if word.startswith("--target-") and word != "--target-action"
    ]
    assert kinds == ["--target-time", "--target-lsn"]
    assert [path.name for path in practice.folder.iterdir()] == ["drill.lock"]


@pytest.mark.skipif(
    archiving_tools.find_barman() is None, reason="Barman or rsync is not here."
)
def test_barman_itself_is_practised_with(clinic, seal_keys, tmp_path):
    program = archiving_tools.find_barman()
    with (
        archiving_tools.barman(clinic.cluster, tmp_path / "barman", program) as made,
        kept(clinic, seal_keys, made),
    ):
        proof = practice_of(clinic, made, seal_keys, tmp_path).practise()

    assert proof.is_compared
    assert proof.files >= 4


@pytest.mark.usefixtures("newest_alone")
def test_rows_that_are_others_than_a_replica_has_are_told_of(practice, monkeypatch):
    real = tool_practice.digest_replica

    def otherwise(url, after):
        if (digested := real(url, after)) is None:
            return None
        place, tables = digested
        return place, tables | {"public.documents": TableDigest(99, "1")}

    monkeypatch.setattr(tool_practice, "digest_replica", otherwise)

    with pytest.raises(SetBroken, match=r"restores other rows .* in public.documents"):
        practice.practise()


@pytest.mark.usefixtures("newest_alone")
def test_a_file_that_mongodb_has_not_is_told_of(clinic, practice):
    document = clinic.file(b"%PDF that is lost")
    clinic.source.files.delete(Bucket.DOCUMENTS, document.version.file_id)

    try:
        with pytest.raises(SetBroken, match=f"not the file of document {document.id}"):
            practice.practise()
    finally:
        clinic.database.write(
            lambda s: retention.replay_purges(s, [document.id]), identity=SYSTEM
        )


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("fails", "did not restore backup B1 and ended with exit code 3"),
        ("elsewhere", "nothing of it is in"),
    ],
)
def test_a_tool_that_does_not_restore_is_told_of(practice, made, mode, words):
    made.be(mode)

    with pytest.raises(CannotRestore, match=words):
        practice.practise()

    assert [path.name for path in practice.folder.iterdir()] == ["drill.lock"]


@pytest.mark.usefixtures("newest_alone")
def test_without_a_replica_to_compare_with_nothing_is_proven(practice):
    ownerless = replace(practice.endpoints, owner_url=None)

    with pytest.raises(CheckSkipped, match="were compared with nothing"):
        replace(practice, endpoints=ownerless).practise()


@pytest.mark.usefixtures("newest_alone")
def test_whoever_may_not_read_every_table_compares_nothing(practice):
    endpoints = practice.endpoints
    as_app = replace(endpoints, owner_url=endpoints.database_url)

    with pytest.raises(CheckSkipped, match="may not read every table"):
        replace(practice, endpoints=as_app).practise()


@pytest.mark.usefixtures("newest_alone")
def test_an_archive_that_does_not_come_proves_nothing(practice, monkeypatch):
    monkeypatch.setattr(tool_practice, "_ARCHIVE_SECONDS", 0.0)

    with pytest.raises(CheckSkipped, match="did not come as far as the clinic"):
        practice.practise()


def test_before_any_second_is_known_there_is_none_to_go_to(practice, monkeypatch):
    state = practice._state()
    unknown = replace(state, archived_until=None)
    monkeypatch.setattr(tools, "find_tool", lambda *_: unknown)

    with pytest.raises(CannotRestore, match="It is not known yet until when Barman"):
        practice.practise()


def test_tablespaces_are_never_restored_over_those_that_run(clinic, made, practice):
    url = clinic.cluster.addresses.primary_url("postgres", "postgres")
    before = made.starts()
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SET allow_in_place_tablespaces = on")
        cursor.execute("CREATE TABLESPACE aside LOCATION ''")
        try:
            with pytest.raises(CheckSkipped, match="The servers have tablespaces"):
                practice.practise()
        finally:
            cursor.execute("DROP TABLESPACE aside")

    assert made.starts() == before
