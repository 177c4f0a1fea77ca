"""How long a commit takes to reach the archive of the log, compared with the replicas.

    python -m benchmarks.archive_lag [SECONDS]

Starts a cluster of its own and keeps its log as the worker does, while a writer commits
fifty times a second. From each acknowledgement on it checks, every 5 ms, when the first
replica, the log's receiver and the sealed archive have the commit on disk; a commit
that was there before its acknowledgement counts as 0.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psycopg2

from db import embedded
from db.backups.log.log_slot import SLOT
from db.backups.repository import Repository
from db.embedded import Cluster
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditStore
from db.postgres import Lsn
from jobs.backups.log_keeping import LogKeeper

_PAUSE_SECONDS: Final = 0.02
_LOOK_SECONDS: Final = 0.005
_SETTLING_SECONDS: Final = 10.0
_LAST_SECONDS: Final = 2.0
_FLUSHED: Final = """
SELECT
    coalesce(max(flush_lsn) FILTER (WHERE application_name <> %(slot)s), '0/0')::text,
    coalesce(max(flush_lsn) FILTER (WHERE application_name = %(slot)s), '0/0')::text
FROM pg_stat_replication
"""


class _Commits:
    """The commits: the position in the log of each, and when it was acknowledged."""

    def __init__(self, url: str) -> None:
        self.acknowledged: list[tuple[Lsn, float]] = []
        self._url = url

    def run(self, stopping: Event) -> None:
        """Commit until `stopping` is set."""
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE commits (n int, words text)")
                while not stopping.wait(_PAUSE_SECONDS):
                    cursor.execute("INSERT INTO commits VALUES (1, repeat('x', 200))")
                    at = time.monotonic()
                    cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
                    place = Lsn.parse((cursor.fetchone() or ("0/0",))[0])
                    self.acknowledged.append((place, at))


class _Places:
    """How far the log has come in each place, and when that was first seen."""

    def __init__(self, url: str, keeper: LogKeeper) -> None:
        self.seen: dict[str, list[tuple[float, Lsn]]] = {
            "replica": [],
            "receiver": [],
            "sealed": [],
        }
        self._url = url
        self._keeper = keeper

    def run(self, stopping: Event) -> None:
        """Look until `stopping` is set."""
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not stopping.wait(_LOOK_SECONDS):
                    cursor.execute(_FLUSHED, {"slot": SLOT})
                    replica, receiver = cursor.fetchone() or ("0/0", "0/0")
                    position = self._keeper.position
                    sealed = position.lsn if position else "0/0"
                    for name, place in zip(
                        self.seen, (replica, receiver, sealed), strict=True
                    ):
                        self.seen[name].append((time.monotonic(), Lsn.parse(place)))


def lags(
    acknowledged: list[tuple[Lsn, float]], seen: list[tuple[float, Lsn]]
) -> list[float]:
    """Return how long each commit took to arrive, in seconds, as far as it was seen."""
    delays: list[float] = []
    looks = iter(seen)
    at, reached = next(looks)
    for place, since in acknowledged:
        while reached < place:
            following = next(looks, None)
            if following is None:
                return delays
            at, reached = following
        delays.append(max(0.0, at - since))
    return delays


@contextmanager
def _running(*runs: Callable[[Event], None]) -> Iterator[None]:
    stopping = Event()
    threads = [Thread(target=run, args=[stopping]) for run in runs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _kept(held: ExitStack, folder: Path) -> tuple[Cluster, LogKeeper]:
    """Start a cluster, and a keeper that is ready to keep its log."""
    cluster = embedded.start(folder / "data")
    held.callback(cluster.stop)
    cluster.wait_until_whole()
    keys = FileKeys(folder / "file.keys", may_be_made=True)
    url = cluster.addresses.mongo.admin_url
    files = held.enter_context(closing(FileStore(url, "archive_lag", keys=keys)))
    repository = Repository(folder / "backups")
    audit = held.enter_context(closing(AuditStore(cluster.endpoints.audit_url)))
    return cluster, LogKeeper(
        folder / "data", files, repository, keys, audit=audit, settling=timedelta()
    )


def _line(name: str, delays: list[float], count: int) -> str:
    figures = {
        "median": statistics.median(delays),
        "p99": delays[len(delays) * 99 // 100],
        "worst": delays[-1],
    }
    words = ", ".join(
        f"{what} {value * 1000:.1f} ms" for what, value in figures.items()
    )
    return f"{name:8} {len(delays)} of {count} commits: {words}"


def main() -> float:
    """Print the lines, and return the archive's median compared with the receiver's."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        cluster, keeper = _kept(held, folder)
        commits = _Commits(cluster.endpoints.owner_url or "")
        places = _Places(cluster.addresses.administrator_url, keeper)
        with _running(keeper.run):
            time.sleep(_SETTLING_SECONDS)
            with _running(places.run):
                with _running(commits.run):
                    time.sleep(seconds)
                time.sleep(_LAST_SECONDS)
    medians = []
    for name, seen in places.seen.items():
        delays = sorted(lags(commits.acknowledged, seen))
        medians.append(statistics.median(delays))
        print(_line(name, delays, len(commits.acknowledged)))
    _, receiver, sealed = medians
    return sealed / max(receiver, _LOOK_SECONDS)


if __name__ == "__main__":
    main()
