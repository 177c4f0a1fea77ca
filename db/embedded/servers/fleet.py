"""The PostgreSQL nodes of a running cluster, which may come and go."""

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from threading import Lock
from typing import Final

import psycopg2

from db.cluster.control_client import ControlRefused
from db.embedded.cluster_addresses import Addresses
from db.embedded.data_folder import DataFolder
from db.embedded.deadlines import Deadlines
from db.embedded.processes import child_processes
from db.embedded.processes.ports import PortReservations
from db.embedded.servers import membership
from db.embedded.servers.etcd import Etcd
from db.embedded.servers.membership import Member, Members
from db.embedded.servers.postgres_nodes import Node, Workshop
from db.embedded.sites import standby_site
from db.endpoints import LONGEST_DELAY

_log = logging.getLogger(__name__)

# Each takes a connection of the primary's ten for replication, a copy takes two more.
_MOST_NODES: Final = 6
# Below this, one more loss would leave commits with nobody to wait for.
_FEWEST_ORDINARY: Final = 3
_STOP_SECONDS: Final = 10.0
_SLOT_SECONDS: Final = 20.0
_ANSWER_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 1.0
_SPARE_BYTES: Final = 300_000_000
_SLOTS: Final = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = %s"
_SIZE: Final = "SELECT sum(pg_database_size(oid))::bigint FROM pg_database"


class Fleet:
    """The nodes; `on_change` is called whenever the set of nodes changes."""

    def __init__(
        self,
        folder: DataFolder,
        workshop: Workshop,
        etcd: Etcd,
        addresses: Addresses,
        ports: PortReservations,
        *,
        on_change: Callable[[], None],
        deadlines: Deadlines,
    ) -> None:
        self._folder = folder
        self._deadlines = deadlines
        self._workshop = workshop
        self._etcd = etcd
        self._ports = ports
        self._on_change = on_change
        self._changing = Lock()
        self.addresses = addresses
        self.nodes = tuple(
            workshop.build(member, addresses.ports)
            for member in addresses.members.staying
        )

    def node(self, name: str) -> Node:
        """Return a node by its name; raises ControlRefused if there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise ControlRefused(f"There is no node {name}.")

    def primary(self) -> Node | None:
        """Return the node that leads now, if one does."""
        return next((node for node in self.nodes if node.is_primary), None)

    def is_led(self) -> bool:
        """Return whether somebody leads; in a standby site, the others there."""
        if self.addresses.followed is None:
            return self.primary() is not None
        if any(node.is_standby_leader for node in self.nodes):
            return True
        # A promotion that was interrupted, which somebody has to repeat.
        return self.primary() is not None

    def lead(self) -> None:
        """Take in that this site no longer follows another one."""
        site = standby_site.remembered(self._folder)
        self.addresses = replace(self.addresses, site=site)
        self._on_change()

    def configure(self, node: Node, is_paused: bool) -> None:
        """Write a node's configuration, with its replay paused or not."""
        member = Member(node.name, node.delayed_seconds)
        self._workshop.configure(member, self.addresses.ports, is_paused=is_paused)

    def add(self, delayed_seconds: int | None) -> Node:
        """Begin to copy the primary to one more node; raises ControlRefused."""
        with self._changing:
            self._require_room(delayed_seconds)
            joined = self.addresses.members.joined_by(delayed_seconds)
            name = joined.staying[-1].name
            own = self._ports.choose((name, f"{name}-api"), self.addresses.ports)
            known = self.addresses.ports | own
            # A former node of this name may have left its files, if its disk was full.
            shutil.rmtree(self._folder.node_data(name), ignore_errors=True)
            self._folder.remember_ports(known)
            membership.remember(self._folder, joined)
            node = self._workshop.build(joined.staying[-1], known)
            node.patroni.start()
            self.addresses = replace(self.addresses, members=joined, ports=known)
            self.nodes = (*self.nodes, node)
        self._on_change()
        _log.info("Added %s.", name)
        return node

    def remove(self, name: str) -> None:
        """Stop a replica and remove it; raises ControlRefused if that would do harm.

        `on_change` is called before it ends, so that nobody starts it again.
        """
        with self._changing:
            node = self.node(name)
            self._require_removable(node)
            left = self.addresses.members.left_by(name)
            membership.remember(self._folder, left)
            self.addresses = replace(self.addresses, members=left)
            self.nodes = tuple(other for other in self.nodes if other is not node)
            self._on_change()
            child_processes.stop([node.patroni], seconds=_STOP_SECONDS)
            node.kill()
            self._forget(name)
        self.see_to_traces()
        _log.info("Removed %s.", name)

    def see_to_traces(self) -> None:
        """Have the traces of removed nodes deleted as soon as that is possible.

        Nobody may lead just now, or the launcher may have died during a removal.
        """
        if self.addresses.members.leaving:
            self._deadlines.put("traces", _AGAIN_SECONDS, self._forget_the_left)

    def _forget_the_left(self) -> None:
        with self._changing:
            for name in self.addresses.members.leaving:
                self._forget(name)
        self.see_to_traces()

    def _require_room(self, delayed_seconds: int | None) -> None:
        if len(self.nodes) >= _MOST_NODES:
            raise ControlRefused(f"There are {_MOST_NODES} nodes already.")
        if delayed_seconds is not None and not (
            0 < delayed_seconds <= LONGEST_DELAY.total_seconds()
        ):
            raise ControlRefused("A standby may be delayed by a second to a week.")
        needed = self._size() + _SPARE_BYTES
        free = shutil.disk_usage(self._folder.path).free
        if free < needed:
            raise ControlRefused(
                f"A copy needs {needed // 1_000_000} MB, and the disk of "
                f"{self._folder.path} has {free // 1_000_000} MB free."
            )

    def _size(self) -> int:
        """Return the size of a copy; raises ControlRefused if no primary answers."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while (leads := self.primary()) is not None:
            with suppress(psycopg2.OperationalError):
                return self._ask(leads, _SIZE)
            if time.monotonic() > deadline:
                raise ControlRefused(
                    f"{leads.name} leads and does not answer: nothing is added. Try "
                    "again when it does."
                )
            # It may just be starting, or another is about to lead.
            time.sleep(0.2)
        raise ControlRefused("No server leads now, so there is none to copy.")

    def _require_removable(self, node: Node) -> None:
        if node.is_leader:
            raise ControlRefused(f"{node.name} leads: switch over first.")
        if not node.is_delayed:
            ordinary = self.addresses.members.ordinary
            if len(ordinary) <= _FEWEST_ORDINARY:
                raise ControlRefused(
                    f"{node.name} is needed: without it, the loss of one more node "
                    "would stop all writing. Add another one first."
                )

    def _forget(self, name: str) -> None:
        """Remove what is left of a dead node: files, membership, slot, port, name."""
        shutil.rmtree(self._folder.node_data(name), ignore_errors=True)
        for suffix in ("yml", "pgpass"):
            (self._folder.postgres / f"{name}.{suffix}").unlink(missing_ok=True)
        self._etcd.forget_member(name)
        if not self._drop_slot(name.replace("-", "_")):
            _log.warning("The slot of %s could not be dropped yet.", name)
            return
        traceless: Members = self.addresses.members.without_traces_of(name)
        membership.remember(self._folder, traceless)
        kept = dict(self.addresses.ports)
        own = [kept.pop(each) for each in (name, f"{name}-api") if each in kept]
        self._folder.remember_ports(kept)
        self._ports.give_back(own)
        self.addresses = replace(self.addresses, members=traceless, ports=kept)

    def _drop_slot(self, slot: str) -> bool:
        """Have Patroni drop a slot early; return whether it is gone.

        Patroni would keep it for half an hour. If it were dropped by hand, Patroni
        would make it again.
        """
        leads = self.primary()
        if leads is None:
            return False
        leads.command("/config", {"member_slots_ttl": 0}, method="PATCH")
        try:
            return self._is_gone(slot)
        finally:
            leads.command("/config", {"member_slots_ttl": None}, method="PATCH")

    def _is_gone(self, slot: str) -> bool:
        deadline = time.monotonic() + _SLOT_SECONDS
        while time.monotonic() < deadline:
            with suppress(psycopg2.OperationalError):
                leads = self.primary()
                if leads is not None and self._ask(leads, _SLOTS, slot) == 0:
                    return True
            time.sleep(0.2)
        return False

    def _ask(self, node: Node, question: str, *given: str) -> int:
        # This very node: a URL that names all of them fails with the first one that
        # dies while it is asked for its role.
        url = self.addresses.node_url(node.name, "postgres", "postgres")
        with (
            closing(psycopg2.connect(url)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(question, given)
            return int((cursor.fetchone() or (0,))[0])


def is_whole(nodes: Sequence[Node]) -> bool:
    """Return whether one node leads, all others follow, and commits wait for one.

    Each node is asked itself: Patroni's record of a server is a moment old. It is not
    true of a server that has just died, been frozen, or followed the former primary.
    """
    primary, receivers = None, frozenset[str]()
    for node in nodes:
        status = node.status()
        # Callers repeat the check: one missing node is enough for no.
        if not status.is_running:
            return False
        if status.is_primary:
            primary, receivers = node, status.receivers
    if primary is None:
        return False
    others = [node for node in nodes if node is not primary]
    # After a restart, a delayed standby first replays at leisure what it already has.
    if not receivers.issuperset(node.name for node in others if not node.is_delayed):
        return False
    members = primary.report("/cluster").get("members", [])
    roles = {member["name"]: member["role"] for member in members}
    expected = {
        node.name: "replica" if node.is_delayed else "quorum_standby" for node in others
    }
    return expected.items() <= roles.items()
