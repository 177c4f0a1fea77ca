"""The clusters of a test run: one that all tests share, and one to break."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from psycopg2 import sql
from pymongo import MongoClient

from db import embedded
from db.embedded import Addresses, CannotStart, Cluster
from db.embedded.servers import database_roles
from db.mongo import audit_access
from tests.kit.lagging import VARIABLE, lagging
from tests.kit.waiting import eventually

# How many nodes a cluster begins with.
_NODES = 3
# Where files are kept in memory, and how much of it must be free: the shared cluster
# takes 2 GB in the end, and everything that runs beside it 5 GB.
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it is made by mkdtemp
_MEMORY_BYTES = 10 * 1024**3
# Throw-away data need not survive a power cut, be kept for replicas to catch up, or be
# copied: no backup is made of it. The log that fifteen servers keep for recycling would
# take most of the memory used for tests. New segments contain only what was written to
# them, and a slot keeps more than this for replicas that need it: Patroni makes each
# server keep 128 MB more.
_LITTLE_LOG = {
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
    "wal_keep_size": "32MB",
    "wal_recycle": "off",
    "wal_init_zero": "off",
}
_THROWN_AWAY = {
    **_LITTLE_LOG,
    "fsync": "off",
    "full_page_writes": "off",
    "summarize_wal": "off",
    # It would visit hundreds of databases that are dropped before their turn comes.
    "autovacuum_naptime": "1h",
    # For the hash of a password, which every connecting client computes: ten thousand
    # times in a run.
    "scram_iterations": 1,
}
# The lowest number that MongoDB accepts.
_MONGO_ITERATIONS = 5_000
# No failover is wanted here. With a loop every second, three Patronis and etcd used
# half of the processor time of the idle cluster, for the whole run.
_UNHURRIED = {"loop_wait": 10}
_START_SECONDS = 240
# For each server and its Patroni.
_LOGGED_LINES = 120


class SharedCluster:
    """The one cluster for all workers of a run; it starts while they collect tests.

    It belongs to the process that distributes the tests. Its workers find it with
    `await_shared`.
    """

    def __init__(self) -> None:
        self.room = Path(tempfile.mkdtemp(prefix="chartroom-tests-", dir=_quick_room()))
        self._end = ExitStack()
        self._end.callback(shutil.rmtree, self.room)
        self._aside = self._end.enter_context(ThreadPoolExecutor(1))
        self._aside.submit(self._start)

    def _start(self) -> None:
        try:
            self._end.enter_context(throw_away_cluster(_data(self.room)))
            failure = ""
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
        unfinished = self.room / "unfinished"
        unfinished.write_text(failure)
        unfinished.rename(_started(self.room))

    def close(self) -> None:
        """Stop the cluster and remove all of its files."""
        self._aside.shutdown()
        self._end.close()


def await_shared(room: Path) -> Addresses:
    """Return the addresses of a SharedCluster. Raises CannotStart if it has failed."""
    started = _started(room)
    eventually(started.exists, seconds=_START_SECONDS)
    if failure := started.read_text():
        raise CannotStart(failure)
    return embedded.attach(_data(room))


def _data(room: Path) -> Path:
    return room / "data"


def _started(room: Path) -> Path:
    return room / "started"


class BreakableCluster:
    """Holds the one cluster that tests may break.

    Whatever a failed test leaves behind would make the next ones fail as well: a
    cluster that does not become whole is replaced by a new one.
    """

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._end = ExitStack()

    def whole(self) -> Cluster:
        """Return the cluster in its initial state."""
        if self._cluster is not None and not _is_whole(self._cluster):
            self.close()
        if self._cluster is None:
            self._cluster = self._end.enter_context(_breakable_cluster())
        return self._cluster

    def close(self) -> None:
        """Stop the cluster."""
        self._cluster = None
        self._end.close()


def await_whole(cluster: Cluster, seconds: float = 180) -> None:
    """Wait until the cluster is whole; its servers' logs are added to a failure."""
    try:
        cluster.wait_until_whole(seconds)
    except CannotStart as failure:
        failure.add_note(last_logged(cluster))
        raise


def last_logged(cluster: Cluster) -> str:
    """Return the last lines logged by each server and its Patroni."""
    lines = []
    for log in sorted(cluster.folder.logs.glob("db-*.log")):
        last = log.read_text(errors="replace").splitlines()[-_LOGGED_LINES:]
        lines += [f"-- {log.name}", *last]
    return "\n".join(lines)


def _is_whole(cluster: Cluster) -> bool:
    try:
        cluster.wait_until_whole()
    except CannotStart:
        return False
    return len(cluster.nodes) == _NODES


@contextmanager
def _breakable_cluster() -> Iterator[Cluster]:
    # On a disk, and as durable as a clinic's: after a crash, what was written has to be
    # there.
    with (
        tempfile.TemporaryDirectory(prefix="chartroom-tests-") as data,
        _running(Path(data)) as cluster,
    ):
        _set_everywhere(cluster, _LITTLE_LOG)
        yield cluster


@contextmanager
def shared_cluster() -> Iterator[Addresses]:
    """Start the cluster of a run without workers, where files are made fastest."""
    with (
        tempfile.TemporaryDirectory(
            prefix="chartroom-tests-", dir=_quick_room()
        ) as data,
        throw_away_cluster(Path(data)) as cluster,
    ):
        yield cluster.addresses


@contextmanager
def throw_away_cluster(data: Path) -> Iterator[Cluster]:
    """Start a cluster that no test breaks, and that need not survive a power cut."""
    with _running(data) as cluster:
        _set_everywhere(cluster, _THROWN_AWAY)
        _ease_signing_in(cluster.addresses)
        _configure_patroni(cluster, _UNHURRIED)
        # No test breaks it, and supervising it takes two thirds of the work of the idle
        # cluster: four queries a second to each server.
        cluster._supervisor.stop()
        lag = float(os.environ.get(VARIABLE, "0"))
        with lagging(cluster, lag) if lag else nullcontext():
            yield cluster


@contextmanager
def _running(data: Path) -> Iterator[Cluster]:
    with ExitStack() as held:
        cluster = embedded.start(data)
        held.callback(cluster.stop)
        cluster.wait_until_whole()
        yield cluster


def _configure_patroni(cluster: Cluster, settings: dict[str, Any]) -> None:
    primary = cluster.primary()
    answer = primary and primary.command("/config", settings, method="PATCH")
    assert answer, "Patroni does not answer"
    assert answer.is_ok, answer.body


def _set_everywhere(cluster: Cluster, parameters: dict[str, Any]) -> None:
    for node in cluster.nodes:
        _set(cluster.addresses.node_url(node.name, "postgres", "postgres"), parameters)


def _set(url: str, parameters: dict[str, Any]) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name, value in parameters.items():
                statement = sql.SQL("ALTER SYSTEM SET {} = %s")
                cursor.execute(statement.format(sql.Identifier(name)), [value])
            cursor.execute("SELECT pg_reload_conf()")


def _ease_signing_in(addresses: Addresses) -> None:
    """Set all passwords again, so that their stored hashes take few iterations."""
    url, mongo = addresses.administrator_url, addresses.mongo
    logins = ("postgres", database_roles.OWNER, database_roles.APP)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        for login in logins:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(login), sql.Literal(addresses.secrets[login])
            )
            cursor.execute(statement)
        connection.commit()
    with MongoClient[dict[str, Any]](mongo.admin_url) as client:
        client.admin.command(
            "setParameter", 1, scramSHA256IterationCount=_MONGO_ITERATIONS
        )
        for user, password in (
            ("chartroom", mongo.password),
            (audit_access.USER, mongo.audit_password),
            ("admin", mongo.admin_password),
        ):
            client.admin.command("updateUser", user, pwd=password)


def _quick_room() -> Path | None:
    """Return a folder in memory if there is plenty, else None: then a disk will do.

    Each of hundreds of databases is 635 files on three servers, made and soon removed.
    To make a file, ext4 looks at all files that were removed recently, which takes
    seconds. A cluster that tests break is on a disk in any case.
    """
    if not os.access(_MEMORY, os.W_OK):
        return None
    free = min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available)
    return _MEMORY if free >= _MEMORY_BYTES else None
