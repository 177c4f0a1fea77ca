"""A log that is kept as the worker keeps it, and a writer of known numbers."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from db.backups.repository import Repository
from db.files.seal_keys import SealKeys
from jobs.backups import looking
from jobs.backups.log_keeping import LogKeeper
from jobs.backups.taking import take
from services.audit import chain
from tests.conftest import owner
from tests.jobs.backups.samples import Clinic
from tests.kit.waiting import eventually

# Tests that keep a log take as long as all other tests of backups on a cluster, and
# wait for most of that time: beside those, on servers of their own, they prolong
# nothing.
LOG_GROUP = pytest.mark.xdist_group("clusters whose log is kept")


@contextmanager
def keeping(clinic: Clinic, repository: Repository) -> Iterator[LogKeeper]:
    """Keep the log as the worker does."""
    source = clinic.source
    keeper = LogKeeper(
        source.folder.path,
        source.files,
        repository,
        source.keys,
        audit=source.audit,
        settling=timedelta(),
    )
    stopping = threading.Event()
    thread = threading.Thread(target=keeper.run, args=[stopping])
    thread.start()
    try:
        yield keeper
    finally:
        stopping.set()
        thread.join()


def await_kept(keeper: LogKeeper, at: datetime) -> None:
    """Wait until the log reaches a time, including the files."""

    def progress():
        position = keeper.position
        times = (
            (position.until, position.files_until, position.audit_until)
            if position
            else ()
        )
        return times, keeper.failure

    eventually(
        progress,
        lambda seen: seen[0] and all(time and time > at for time in seen[0]),
    )


def await_log(keeper: LogKeeper) -> None:
    """Wait until the log reaches any time."""
    eventually(lambda: keeper.position and keeper.position.until)


@dataclass
class Writer:
    """Writes numbers one after another, whatever happens to the servers."""

    clinic: Clinic
    acknowledged: list[tuple[int, datetime, datetime]] = field(default_factory=list)
    number: int = 0

    @contextmanager
    def writing(self) -> Iterator["Writer"]:
        """Write until the block ends."""
        stopping = threading.Event()
        self._execute("CREATE TABLE IF NOT EXISTS numbers (n int PRIMARY KEY)")
        thread = threading.Thread(target=self._run, args=[stopping])
        thread.start()
        try:
            yield self
        finally:
            stopping.set()
            thread.join()

    def at(self, timestamp: datetime) -> tuple[int, int]:
        """Return the least and the greatest possible count of numbers at a time."""
        least = sum(ended <= timestamp for _, _, ended in self.acknowledged)
        return least, 1 + sum(begun <= timestamp for _, begun, _ in self.acknowledged)

    def await_more(self) -> None:
        """Wait until a few more were acknowledged."""
        before = len(self.acknowledged)
        eventually(lambda: len(self.acknowledged) > before + 5)

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.wait(0.02):
            try:
                with closing(psycopg2.connect(self._url)) as connection:
                    connection.autocommit = True
                    while not stopping.wait(0.02):
                        self.number += 1
                        begun = datetime.now(UTC)
                        with connection.cursor() as cursor:
                            cursor.execute(
                                "INSERT INTO numbers VALUES (%s)", [self.number]
                            )
                        ended = datetime.now(UTC)
                        self.acknowledged.append((self.number, begun, ended))
            except psycopg2.Error:
                continue

    @property
    def _url(self) -> str:
        return owner(self.clinic.database.endpoints)

    def _execute(self, statement: str) -> None:
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)


def rows_at(clinic, repository, monkeypatch, to):
    """Restore a time; return the proof, and how many rows each table had then."""
    seen, digest = {}, looking.digest_tables

    def digesting(cursor):
        seen.update(digest(cursor))
        return seen

    monkeypatch.setattr(looking, "digest_tables", digesting)
    keys = clinic.source.keys
    proof = looking.look(clinic.source.folder, repository, keys, to=to)
    return proof, {name: table.rows for name, table in seen.items()}


def back_up_twice(
    clinic: Clinic, repository: Repository, keeper: LogKeeper, seal_keys: SealKeys
) -> None:
    """Back up a sealed clinic, in full and then its changes, and let its log go on."""
    await_log(keeper)
    chain.seal(clinic.database, clinic.source.audit, seal_keys)
    take(clinic.source, repository)
    take(clinic.source, repository, full_every=timedelta(days=7))
    clinic.file(b"%PDF after the backup")
    clinic.ship()
    await_kept(keeper, datetime.now(UTC))
