"""The cluster as a whole: start it, say where it is, stop it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Final

import psutil
import psycopg2

from db.embedded import database, etcd, http, mongo, nodes, ports, processes, programs
from db.embedded.addresses import Addresses
from db.embedded.etcd import Etcd
from db.embedded.folder import NODE_NAMES, CannotStart, DataFolder
from db.embedded.nodes import Node
from db.embedded.supervision import Supervisor
from db.endpoints import Endpoints

Report = Callable[[str, float], None]

_PORTS: Final = (
    "etcd",
    "mongo",
    *NODE_NAMES,
    *(f"{name}-api" for name in NODE_NAMES),
)
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 20.0


def start(data: Path, *, report: Report = lambda _stage, _seconds: None) -> "Cluster":
    """Start the cluster of a data folder and return it once it takes writes.

    The replicas may still be copying: `Cluster.wait_until_whole` waits for them.
    `report` is called with every stage and the seconds it took. Raises CannotStart,
    and then leaves nothing running.
    """
    with ExitStack() as held:
        cluster = start_within(held, data, report=report)
        cluster._held = held.pop_all()
    return cluster


def start_within(held: ExitStack, data: Path, *, report: Report) -> "Cluster":
    """Start a cluster as `start` does; it stops when `held` is closed.

    What is to be undone is told to `held` before it is done: whatever interrupts this,
    a signal between two lines included, nothing is left running.
    """
    folder = DataFolder(data)
    folder.prepare()
    folder.require_space()
    held.enter_context(folder.locked())
    _clean_up(folder, report)
    cluster = Cluster(folder)
    held.callback(cluster._end)
    cluster._begin(report)
    return cluster


def running(data: Path) -> Endpoints | None:
    """Return the addresses of the cluster that a live launcher keeps in this folder."""
    return DataFolder(data).published()


def attach(data: Path) -> Addresses:
    """Return every address of a running cluster, the administrators' included.

    Raises CannotStart if no live launcher keeps a cluster in this folder.
    """
    folder = DataFolder(data)
    if folder.published() is None:
        raise CannotStart(f"No cluster runs with the data folder {folder.path}.")
    return Addresses(folder.ports(), folder.secrets())


class Cluster:
    """A running cluster; made by `start`."""

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.addresses = _addresses(folder)
        found = programs.find(folder.path)
        self._etcd = Etcd(self.addresses.ports["etcd"], self.addresses.secrets["etcd"])
        self._etcd_program = etcd.program(found, folder, self.addresses.ports["etcd"])
        self._mongod = mongo.program(
            found,
            folder,
            self.addresses.ports["mongo"],
            self.addresses.secrets["mongo_members"],
        )
        self.others = (self._etcd_program, self._mongod)
        self.nodes = nodes.build(
            found, folder, self.addresses.ports, self.addresses.secrets
        )
        self._supervisor = Supervisor(self._etcd, self.nodes, self.others)
        self._held = ExitStack()

    @property
    def endpoints(self) -> Endpoints:
        """Where the cluster is, for Chartroom."""
        return self.addresses.endpoints

    def node(self, name: str) -> Node:
        """Return a node by its name."""
        return next(node for node in self.nodes if node.name == name)

    def primary(self) -> Node | None:
        """Return the node that leads now, if one does."""
        return next((node for node in self.nodes if node.is_primary), None)

    def processes(self) -> list[psutil.Process]:
        """Return every process of the cluster, helpers of PostgreSQL left out."""
        return _remains(self.folder)

    def unsupervised(self) -> AbstractContextManager[None]:
        """Leave dead what dies meanwhile: for tests of a loss that lasts."""
        return self._supervisor.paused()

    def switch_over(self, candidate: str) -> None:
        """Make another node the primary; raises RuntimeError if Patroni refuses."""
        primary = self.primary()
        if primary is None:
            raise RuntimeError("no node leads, so there is nothing to switch over")
        answer = primary.command(
            "/switchover", {"leader": primary.name, "candidate": candidate}
        )
        if answer is None or answer.status != http.OK:
            raise RuntimeError(
                f"Patroni refused: {answer.body if answer else 'silence'}"
            )

    def wait_until_whole(self, seconds: float = _START_SECONDS) -> None:
        """Wait until one node leads, two follow, and commits wait for one of them.

        Raises CannotStart when that takes too long.
        """
        deadline = time.monotonic() + seconds
        while not self._is_whole():
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"The replicas did not follow the primary within {seconds:.0f} "
                    f"seconds: see the logs in {self.folder.logs}."
                )
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop everything; nothing of the cluster runs when this returns."""
        self._held.close()

    def _is_whole(self) -> bool:
        primary = self.primary()
        if primary is None:
            return False
        answer = primary.ask("/cluster")
        members = answer.body.get("members", []) if answer else []
        streaming = [member for member in members if member["state"] == "streaming"]
        followers = [m for m in streaming if m["role"] == "quorum_standby"]
        return len(streaming) == len(followers) == len(self.nodes) - 1

    def _begin(self, report: Report) -> None:
        clock = _Stages(report)
        self._mongod.start()
        self._etcd_program.start()
        with ThreadPoolExecutor(1) as aside:
            files = aside.submit(self._begin_mongo)
            self._begin_etcd()
            clock.done("etcd")
            self._begin_postgres()
            clock.done("PostgreSQL primary")
            files.result()
            clock.done("MongoDB")
        self.folder.mark_complete()
        self.folder.publish(self.endpoints)
        self._supervisor.start()

    def _begin_etcd(self) -> None:
        processes.wait_for(
            self._etcd.is_ready, [self._etcd_program], seconds=_START_SECONDS
        )
        self._etcd.require_password()
        # Nothing of this cluster ran a moment ago, so nobody leads: a key that says
        # otherwise is from before a crash, and would be respected for 20 seconds.
        for name in NODE_NAMES:
            self._etcd.drop_leader(name)

    def _begin_postgres(self) -> None:
        first = self.nodes[0]
        if not self.folder.is_complete:
            # The first node founds the cluster; the others would only be in its way.
            first.patroni.start()
            founded = first.data / "global/pg_control"
            processes.wait_for(founded.exists, [first.patroni], seconds=_START_SECONDS)
        for node in self.nodes:
            if not node.patroni.is_running:
                node.patroni.start()
        patronis = [node.patroni for node in self.nodes]
        processes.wait_for(self._takes_writes, patronis, seconds=_START_SECONDS)
        database.ensure(
            self.addresses.primary_url("postgres", "postgres"), self.addresses.secrets
        )

    def _takes_writes(self) -> bool:
        if self.primary() is None:
            return False
        # Patroni calls a node primary from the moment it is told to become one.
        try:
            psycopg2.connect(self.addresses.primary_url("postgres", "postgres")).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _begin_mongo(self) -> None:
        server = self.addresses.mongo
        processes.wait_for(server.is_up, [self._mongod], seconds=_START_SECONDS)
        processes.wait_for(server.is_prepared, [self._mongod], seconds=_START_SECONDS)
        processes.wait_for(server.is_primary, [self._mongod], seconds=_START_SECONDS)
        server.ensure_users()

    def _end(self) -> None:
        self.folder.withdraw()
        self._supervisor.stop()
        self._end_postgres()
        processes.stop(self.others, seconds=_STOP_SECONDS)
        processes.end(_remains(self.folder), patience_seconds=_STOP_SECONDS)

    def _end_postgres(self) -> None:
        """Stop the nodes without a failover from one dying node to the next.

        Asked politely, each Patroni first hands its role to another that is about to
        stop as well. So Patroni, which keeps nothing, is killed, and PostgreSQL is
        stopped in order: the primary first, so that the replicas get its last word.
        """
        primary = self.primary()
        for node in self.nodes:
            node.finish_rewinding(_STOP_SECONDS)
            node.patroni.kill()
        first = [primary] if primary else []
        for group in (first, self.nodes):
            servers = [server for node in group if (server := node.postmaster())]
            processes.end(servers, patience_seconds=_STOP_SECONDS)


class _Stages:
    """Tells how long each stage took."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._since = time.monotonic()

    def done(self, stage: str) -> None:
        now = time.monotonic()
        self._report(stage, now - self._since)
        self._since = now


def _clean_up(folder: DataFolder, report: Report) -> None:
    started = time.monotonic()
    if remains := _remains(folder):
        processes.end(remains, patience_seconds=_STOP_SECONDS)
        report("Leftovers of a killed launcher", time.monotonic() - started)
    folder.withdraw()
    folder.discard_remains()


def _remains(folder: DataFolder) -> list[psutil.Process]:
    return processes.find(folder.etcd, folder.mongo, folder.postgres)


def _addresses(folder: DataFolder) -> Addresses:
    chosen = ports.choose(_PORTS, folder.ports())
    folder.remember_ports(chosen)
    return Addresses(chosen, folder.secrets())
