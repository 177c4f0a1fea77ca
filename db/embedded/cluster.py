"""The cluster as a whole: start it, publish where it is, stop it."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil

from db.embedded.cluster_addresses import Addresses
from db.embedded.control.commands import Commands
from db.embedded.control.control_server import ControlServer
from db.embedded.control.drill_processes import Drills
from db.embedded.data_folder import CannotStart, DataFolder
from db.embedded.deadlines import Deadlines
from db.embedded.faults.breakage import Breakage
from db.embedded.faults.replay_pauses import Pauses
from db.embedded.polling import look_until
from db.embedded.processes import child_processes as processes, programs
from db.embedded.processes.child_processes import Program
from db.embedded.processes.ports import PortReservations
from db.embedded.replacement import Replacement
from db.embedded.servers import database_roles, membership, mongo
from db.embedded.servers.etcd import Etcd
from db.embedded.servers.fleet import Fleet, is_whole
from db.embedded.servers.postgres_nodes import Node, Workshop
from db.embedded.servers.server_startup import Report, Servers, await_mongo
from db.embedded.sites import files_member, standby_site
from db.embedded.sites.takeover_watch import TakeoverWatch
from db.embedded.supervision.supervisor import Supervisor
from db.endpoints import Endpoints

_log = logging.getLogger(__name__)

_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 20.0
_GONE: Final = (
    "There is no folder %s any more, and Chartroom's data are in it: rename it back, "
    "or mount its disk again. To use it under another name, stop Chartroom and start "
    "it with --data."
)
# Patroni looks about once a second.
_LONGEST_PAUSE_SECONDS: Final = 0.5


def start(data: Path) -> "Cluster":
    """Start the cluster of a data folder and return it once it takes writes.

    The replicas may still be copying: `Cluster.wait_until_whole` waits for them. Raises
    CannotStart, and then leaves nothing running.
    """
    with ExitStack() as held:
        cluster = start_within(held, data, report=lambda _stage, _seconds: None)
        cluster._held = held.pop_all()
    return cluster


def start_within(held: ExitStack, data: Path, *, report: Report) -> "Cluster":
    """Start a cluster as `start` does; it stops when `held` is closed.

    `report` is called after every stage of the start with the seconds it took.
    Each cleanup is registered with `held` before the step it undoes: whatever
    interrupts this, a signal between two lines included, nothing is left running.
    """
    folder = DataFolder(data)
    folder.prepare()
    folder.require_space()
    held.enter_context(folder.locked())
    _end_remains(folder, report)
    # Restored data make a folder complete whose servers were lost. Otherwise their
    # files, which MongoDB still has, would be taken for those of a first start.
    Replacement(folder).resume()
    folder.discard_remains()
    cluster = Cluster(folder, held.enter_context(PortReservations()))
    held.callback(cluster._end)
    cluster._begin(report)
    return cluster


@contextmanager
def files_alone(data: Path) -> Iterator[Addresses]:
    """Run the data folder's MongoDB alone, for bringing the rows back.

    Raises CannotStart, also while a launcher has the folder.
    """
    folder = DataFolder(data)
    folder.prepare()
    with folder.locked(), PortReservations() as ports:
        mongo.require_data(folder)
        processes.end(_remains(folder), grace_seconds=_STOP_SECONDS)
        addresses, installed = _addresses(folder, ports), programs.find(folder.path)
        key = addresses.secrets["mongo_members"]
        mongod = mongo.program(installed, folder, addresses.ports["mongo"], key)
        try:
            mongod.start()
            await_mongo(addresses.mongo, mongod)
            yield addresses
        finally:
            processes.stop([mongod], seconds=_STOP_SECONDS)


def running(data: Path) -> Endpoints | None:
    """Return the addresses of the cluster that a live launcher keeps in this folder."""
    return DataFolder(data).published()


def published_at(data: Path) -> int | None:
    """Return a number that changes whenever a launcher publishes its addresses."""
    return DataFolder(data).published_at()


def attach(data: Path) -> Addresses:
    """Return every address of a running cluster, including the administrators'.

    Raises CannotStart if no live launcher keeps a cluster in this folder.
    """
    folder = DataFolder(data)
    published = folder.published()
    if published is None:
        raise CannotStart(f"No cluster is running with the data folder {folder.path}.")
    return Addresses(
        folder.ports(),
        folder.secrets(),
        membership.remembered(folder),
        published.control_url,
        published.control_key,
        standby_site.remembered(folder),
    )


class Cluster:
    """A running cluster; made by `start`."""

    def __init__(self, folder: DataFolder, ports: PortReservations) -> None:
        self.folder = folder
        addresses = _addresses(folder, ports)
        installed = programs.find(folder.path)
        own_etcd = Etcd.of(folder, addresses.ports, addresses.secrets)
        followed = addresses.followed
        workshop = Workshop(
            installed,
            folder,
            addresses.secrets,
            followed.standby_cluster if followed else None,
        )
        self._deadlines = Deadlines()
        self._fleet = Fleet(
            folder,
            workshop,
            own_etcd,
            addresses,
            ports,
            on_change=self._changed,
            deadlines=self._deadlines,
        )
        self._servers = Servers(installed, folder, own_etcd, self._fleet)
        self._breakage = Breakage(
            self._fleet.node,
            self._servers.by_fault,
            self._deadlines,
            lambda: self._fleet.addresses.ports,
            self.unsupervised,
        )
        self._supervisor = Supervisor(
            own_etcd,
            lambda: self._fleet.nodes,
            self._servers.others,
            probe_url=self._probe_url,
            is_held=self._breakage.holds,
            look_after_folder=self._look_after_folder,
        )
        self._takeovers = TakeoverWatch(self._look_at_sites)
        self._is_public = False
        self._is_folder_gone = False
        self._drills = Drills(folder.path)
        self._control_server = ControlServer()
        self._held = ExitStack()

    @property
    def addresses(self) -> Addresses:
        """Every address, including the administrators'."""
        return replace(
            self._fleet.addresses,
            control_url=self._control_server.url,
            control_key=self._control_server.key,
        )

    @property
    def endpoints(self) -> Endpoints:
        """Where the cluster is, for Chartroom."""
        return self.addresses.endpoints

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The current PostgreSQL nodes."""
        return self._fleet.nodes

    def node(self, name: str) -> Node:
        """Return a node by its name."""
        return self._fleet.node(name)

    def primary(self) -> Node | None:
        """Return the node that leads now, if one does."""
        return self._fleet.primary()

    @property
    def others(self) -> tuple[Program, ...]:
        """The programs beside PostgreSQL: etcd and mongod."""
        return self._servers.others

    def processes(self) -> list[psutil.Process]:
        """Return every process of the cluster except PostgreSQL's helpers."""
        return _remains(self.folder)

    def unsupervised(self) -> AbstractContextManager[None]:
        """Turn supervision off: what dies stays dead, for tests of a lasting loss."""
        return self._supervisor.paused()

    def switch_over(self, candidate: str) -> None:
        """Make another node the primary; raises RuntimeError if Patroni refuses."""
        primary = self.primary()
        if primary is None:
            raise RuntimeError("no node leads, so there is nothing to switch over")
        answer = primary.command(
            "/switchover", {"leader": primary.name, "candidate": candidate}
        )
        if answer is None or not answer.is_ok:
            raise RuntimeError(
                f"Patroni refused: {answer.body if answer else 'no answer'}"
            )

    def wait_until_whole(self, seconds: float = _START_SECONDS) -> None:
        """Wait until one node leads, all others follow, and commits wait for one.

        Raises CannotStart when that takes too long.
        """
        if not look_until(
            lambda: is_whole(self.nodes),
            seconds=seconds,
            longest_pause_seconds=_LONGEST_PAUSE_SECONDS,
        ):
            raise CannotStart(
                f"The replicas did not follow the primary within {seconds:.0f} "
                f"seconds: see the logs in {self.folder.logs}."
            )

    @property
    def is_promoted(self) -> bool:
        """Whether a site that was started as a follower has to lead from now on."""
        if self._fleet.addresses.followed is None:
            return False
        site = standby_site.remembered(self.folder)
        return site is not None and not site.is_following

    def require_main(self) -> None:
        """Raise CannotStart once a site that followed this one is the clinic."""
        self._takeovers.require_main()

    def lead(self) -> None:
        """Become the clinic, after this site was promoted."""
        self._fleet.lead()
        self._servers.bring_up_to_date()

    def stop(self) -> None:
        """Stop everything; nothing of the cluster runs when this returns."""
        self._held.close()

    def _changed(self) -> None:
        """Publish that the nodes have changed."""
        self.folder.publish(self.endpoints)
        # A round that began before the change would start again a node that has to end.
        with self._supervisor.paused():
            pass

    def _probe_url(self, name: str) -> str:
        return self.addresses.node_url(name, database_roles.APP, "postgres")

    def _begin(self, report: Report) -> None:
        self._servers.begin(report)
        self.folder.mark_complete()
        self._control_server.open(self._commands())
        self.folder.publish(self.endpoints)
        self._is_public = True
        self._supervisor.start()
        self._fleet.see_to_traces()
        self._takeovers.start()

    def _look_at_sites(self) -> None:
        if standby_site.invited(self.folder):
            files_member.is_still_main(self._fleet.addresses.mongo)

    def _commands(self) -> dict[str, Callable[..., object]]:
        pauses = Pauses(self._deadlines, self._fleet.configure)
        return Commands(
            self._fleet,
            self._supervisor,
            self._breakage,
            pauses,
            self._drills,
            self._deadlines,
        ).by_name()

    def _look_after_folder(self) -> None:
        """Publish the cluster's addresses again if somebody has deleted the file.

        If the whole folder is gone, say so once.
        """
        was_gone, self._is_folder_gone = (
            self._is_folder_gone,
            not self.folder.path.exists(),
        )
        if self._is_folder_gone:
            if not was_gone:
                _log.error(_GONE, self.folder.path)
            return
        if self._is_public and self.folder.published_at() is None:
            _log.warning(
                "The file with the cluster's addresses was missing; it is written "
                "again."
            )
            self.folder.publish(self.endpoints)

    def _end(self) -> None:
        self._is_public = False
        self.folder.withdraw()
        self._takeovers.stop()
        self._control_server.close()
        self._drills.close()
        self._deadlines.close()
        self._supervisor.stop()
        self._breakage.heal_all()
        self._servers.end(seconds=_STOP_SECONDS)
        processes.end(_remains(self.folder), grace_seconds=_STOP_SECONDS)


def _end_remains(folder: DataFolder, report: Report) -> None:
    started = time.monotonic()
    if remains := _remains(folder):
        processes.end(remains, grace_seconds=_STOP_SECONDS)
        report("Cleanup after a killed launcher", time.monotonic() - started)
    folder.withdraw()


def _remains(folder: DataFolder) -> list[psutil.Process]:
    return processes.find(folder.etcd, folder.mongo, folder.postgres)


def _addresses(folder: DataFolder, ports: PortReservations) -> Addresses:
    there = membership.remembered(folder)
    known = folder.ports()
    names = ("etcd", "mongo", *there.names, *(f"{name}-api" for name in there.names))
    chosen = ports.choose(names, known)
    folder.remember_ports(chosen)
    site = standby_site.remembered(folder)
    return Addresses(chosen, folder.secrets(), there, site=site)
