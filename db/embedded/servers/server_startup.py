"""Starts the servers of a cluster in the right order, and stops them so."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from psycopg2 import OperationalError
from pymongo.errors import AutoReconnect

from db.cluster.fault_kinds import Fault
from db.embedded.data_folder import CannotStart, DataFolder, has_data
from db.embedded.polling import look_until
from db.embedded.processes import child_processes
from db.embedded.processes.child_processes import Program
from db.embedded.processes.programs import Programs
from db.embedded.replacement import Replacement
from db.embedded.servers import database_roles, etcd, mongo
from db.embedded.servers.configuration import DYNAMIC
from db.embedded.servers.etcd import Etcd
from db.embedded.servers.fleet import Fleet
from db.embedded.servers.mongo import Mongo
from db.embedded.servers.postgres_nodes import Node
from db.embedded.sites import files_member, standby_site

# Called with a stage, and the seconds it took.
Report = Callable[[str, float], None]

_START_SECONDS: Final = 120.0
# A clinic of some terabytes is copied from another city in half a day.
_COPY_SECONDS: Final = 43_200.0
_STOP_SECONDS: Final = 20.0
_ROLES_SECONDS: Final = 30.0
_HEAD_START_SECONDS: Final = 5.0
_LONGEST_PAUSE_SECONDS: Final = 0.5


class Servers:
    """etcd, mongod and the PostgreSQL nodes of a fleet."""

    def __init__(
        self, programs: Programs, folder: DataFolder, own_etcd: Etcd, fleet: Fleet
    ) -> None:
        ports, secrets = fleet.addresses.ports, fleet.addresses.secrets
        self._folder = folder
        self._etcd = own_etcd
        self._fleet = fleet
        self._replacement = Replacement(folder)
        self._etcd_program = etcd.program(programs, folder, ports["etcd"])
        self._mongod = mongo.program(
            programs, folder, ports["mongo"], secrets["mongo_members"]
        )
        self.others = (self._etcd_program, self._mongod)

    @property
    def by_fault(self) -> Mapping[Fault, Program]:
        """The programs by the fault that stops each."""
        return {Fault.STOP_ETCD: self._etcd_program, Fault.STOP_MONGO: self._mongod}

    def begin(self, report: Report) -> None:
        """Start everything until PostgreSQL takes writes; raises CannotStart.

        In a standby site PostgreSQL takes no writes, but can be read.
        """
        clock = _StageTimer(report)
        # A standby site copies all files from the main one again.
        if self._fleet.addresses.followed is None:
            mongo.require_data(self._folder)
        self._mongod.start()
        self._etcd_program.start()
        with ThreadPoolExecutor(1) as aside:
            files = aside.submit(self._begin_mongo)
            try:
                self._begin_others(files, clock)
            except BaseException:
                # The thread waits for MongoDB, in a standby site for hours, and the
                # executor for the thread.
                child_processes.stop([self._mongod], seconds=_STOP_SECONDS)
                raise

    def _begin_others(self, files: Future[None], clock: "_StageTimer") -> None:
        self._begin_etcd()
        clock.done("etcd")
        if standby_site.invited(self._folder):
            # MongoDB may know that another site leads now: then nothing leads here.
            files.result()
        self._begin_postgres()
        # Patroni's own terms: a standby leader takes no writes.
        follows = self._fleet.addresses.followed is not None
        clock.done(f"PostgreSQL {'standby leader' if follows else 'primary'}")
        files.result()
        clock.done("MongoDB")

    def end(self, *, seconds: float) -> None:
        """Stop everything, by force what takes longer than this."""
        self._end_postgres(seconds)
        child_processes.stop(self.others, seconds=seconds)

    def _begin_etcd(self) -> None:
        child_processes.wait_for(
            self._etcd.is_ready, [self._etcd_program], seconds=_START_SECONDS
        )
        self._etcd.require_password()
        # Nothing of this cluster ran a moment ago, so nobody leads: a key that says
        # otherwise is from before a crash, and would be respected for 20 seconds.
        if (left := self._etcd.leadership()) is not None:
            self._etcd.drop(left)
        self._etcd.forget_members()

    def _begin_postgres(self) -> None:
        for node in self._fleet.nodes:
            node.forget_original()
        if self._folder.is_complete:
            self._begin_those_with_data()
        else:
            self._bootstrap_cluster()
        for node in self._fleet.nodes:
            if not node.patroni.is_running:
                node.patroni.start()
        self._await_leader(self._fleet.nodes)
        self._replacement.finish()
        if self._fleet.addresses.followed is None:
            self.bring_up_to_date()

    def _bootstrap_cluster(self) -> None:
        """Have the first node found the cluster; others would only be in its way."""
        first = self._fleet.nodes[0]
        first.patroni.start()
        child_processes.wait_for(
            lambda: has_data(first.data), [first.patroni], seconds=self._most_seconds
        )

    def _begin_those_with_data(self) -> None:
        """Start the nodes with data, and wait for one to lead before the others start.

        If a node without data came first, it might found an empty cluster and throw out
        the one that has the clinic. Raises CannotStart if no node has data.
        """
        nodes = self._fleet.nodes
        having = [node for node in nodes if has_data(node.data)]
        system_id = self._folder.system_id()
        if not having or system_id is None:
            raise CannotStart(
                f"No server has any data in {self._folder.postgres}, although there "
                "was a clinic: an empty one would open. Put the data back, restore it "
                "from a backup with python -m dashboard restore --go-back "
                "--servers-lost, or name another folder with --data."
            )
        if self._replacement.is_placed and not self._etcd.forget_leaders():
            raise CannotStart(
                "The record of the last leader could not be removed from etcd: start "
                "again."
            )
        if not self._etcd.pin(system_id):
            raise CannotStart(
                "The cluster's identity could not be recorded in etcd: start again."
            )
        self._begin_former_primary(having)
        for node in having:
            if not node.patroni.is_running:
                node.patroni.start()
        if len(having) < len(nodes):
            try:
                self._await_leader(having)
            except CannotStart as error:
                if self._replacement.is_placed:
                    # Only one has the restored data; the others are copied from it.
                    raise
                lacking = [node.name for node in nodes if node not in having]
                raise CannotStart(
                    f"{error} There are no data of {' and '.join(lacking)} in "
                    f"{self._folder.postgres}, and without them nobody can lead who "
                    "may lack what was acknowledged: mount their disks, and start "
                    "again."
                ) from error

    def _begin_former_primary(self, having: Sequence[Node]) -> None:
        """Start the node that led last, and wait until it leads, unless it takes long.

        After an ordered stop all of them have the same log, and otherwise whoever's
        Patroni is first would lead. After a crash a replica may be ready sooner than a
        former primary, and all of them start at once.
        """
        name = self._etcd.former_leader()
        former = next((node for node in having if node.name == name), None)
        if former is None or former.has_crashed:
            return
        former.patroni.start()
        with suppress(CannotStart):
            child_processes.wait_for(
                self._fleet.is_led, [former.patroni], seconds=_HEAD_START_SECONDS
            )

    def _await_leader(self, nodes: Sequence[Node]) -> None:
        patronis = [node.patroni for node in nodes]
        child_processes.wait_for(
            self._fleet.is_led, patronis, seconds=self._most_seconds
        )

    @property
    def _most_seconds(self) -> float:
        """The longest time of a start: a standby site first copies the main one."""
        is_copying = self._fleet.addresses.followed and not self._folder.is_complete
        return _COPY_SECONDS if is_copying else _START_SECONDS

    def bring_up_to_date(self) -> None:
        """Add what a cluster of an earlier version lacks, once it takes writes.

        Existing settings of Patroni may have been changed by somebody, and stay.
        """
        self._add_settings()
        # After a crash Patroni stops the former primary, to rewind it, as soon as
        # another one leads. Where that breaks off a connection that is being made, its
        # client tries none of the other servers.
        if not look_until(
            self._has_ensured_roles,
            seconds=_ROLES_SECONDS,
            longest_pause_seconds=_LONGEST_PAUSE_SECONDS,
        ):
            # Raises the error that lasts.
            self._ensure_roles()

    def _has_ensured_roles(self) -> bool:
        try:
            self._ensure_roles()
        except OperationalError:
            return False
        return True

    def _ensure_roles(self) -> None:
        addresses = self._fleet.addresses
        database_roles.ensure(addresses.administrator_url, addresses.secrets)

    def _add_settings(self) -> None:
        leads = self._fleet.primary()
        settings = leads.report("/config") if leads else {}
        if leads is None or not settings:
            return
        new = {k: value for k, value in DYNAMIC.items() if k not in settings}
        if new:
            leads.command("/config", new, method="PATCH")

    def _begin_mongo(self) -> None:
        own, site = self._fleet.addresses.mongo, self._fleet.addresses.followed
        if site is not None:
            self._follow_mongo(own, site.main.mongo)
            return
        if standby_site.invited(self._folder):
            child_processes.wait_for(
                lambda: files_member.is_still_main(own),
                [self._mongod],
                seconds=_START_SECONDS,
            )
        await_mongo(own, self._mongod)

    def _follow_mongo(self, own: Mongo, main: str) -> None:
        """Wait until the main site's set has this member, and the member its files."""
        child_processes.wait_for(
            lambda: files_member.is_entered(own, main),
            [self._mongod],
            seconds=_START_SECONDS,
        )
        child_processes.wait_for(
            lambda: files_member.is_following(own),
            [self._mongod],
            seconds=self._most_seconds,
        )

    def _end_postgres(self, seconds: float) -> None:
        """Stop the nodes without a failover from one stopping node to the next.

        When stopped cleanly, each Patroni first hands its role to another one that is
        about to stop as well. So Patroni, which keeps no state, is killed, and
        PostgreSQL is stopped in order: the primary first, so that the replicas get the
        end of its log.
        """
        primary = self._fleet.primary()
        for node in self._fleet.nodes:
            node.finish_rewinding(seconds)
            node.patroni.kill()
        first = [primary] if primary else []
        for group in (first, self._fleet.nodes):
            servers = [server for node in group if (server := node.postmaster())]
            child_processes.end(servers, grace_seconds=seconds)


def await_mongo(server: Mongo, mongod: Program) -> None:
    """Wait until a mongod that was started takes writes, and make its users."""
    for condition in (server.is_up, server.is_prepared, server.is_primary):
        child_processes.wait_for(condition, [mongod], seconds=_START_SECONDS)
    try:
        server.ensure_users()
    except AutoReconnect as error:
        # It accepts connections, and closes those for which it gets no thread.
        mongod.require_running()
        reason = mongod.shortage or f"see {mongod.log}"
        raise CannotStart(f"MongoDB does not answer: {reason}.") from error


class _StageTimer:
    """Reports how long each stage took."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._since = time.monotonic()

    def done(self, stage: str) -> None:
        now = time.monotonic()
        self._report(stage, now - self._since)
        self._since = now
