"""Breaks parts of the cluster on purpose, and heals them again in time."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Final

import psutil

from db.cluster.control_client import ControlRefused
from db.cluster.fault_kinds import Fault
from db.embedded.deadlines import Deadlines
from db.embedded.faults.own_network import OwnNetwork
from db.embedded.faults.small_disk import SmallDisk
from db.embedded.processes import child_processes
from db.embedded.processes.child_processes import Program
from db.embedded.servers.postgres_nodes import Node

_LONGEST_SECONDS: Final = 3600.0
# Faults that start a node's Patroni in another way than usual: one at a time.
_MOVING: Final = (Fault.FILL_DISK, Fault.OWN_NETWORK)


class Breakage:
    """What is broken at the moment, and how to undo it.

    `find_node` raises ControlRefused for an unknown name; `others` are etcd and mongod
    by their faults; `ports` returns the ports of all servers by name. In a block of
    `unsupervised` nobody else starts or stops a program. Nothing stays broken beyond a
    restart of the launcher.
    """

    def __init__(
        self,
        find_node: Callable[[str], Node],
        others: Mapping[Fault, Program],
        deadlines: Deadlines,
        ports: Callable[[], Mapping[str, int]],
        unsupervised: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._find_node = find_node
        self._others = others
        self._deadlines = deadlines
        self._ports = ports
        self._unsupervised = unsupervised
        self._broken: dict[tuple[Fault, str | None], list[psutil.Process]] = {}
        self._disks: dict[str, SmallDisk] = {}
        self._networks: dict[str, OwnNetwork] = {}

    def inflict(self, fault: Fault, node: str | None, seconds: float) -> None:
        """Inflict a fault; raises ControlRefused if that makes no sense."""
        if fault.is_of_a_node != (node is not None):
            needed = "needs a node" if fault.is_of_a_node else "does not take a node"
            raise ControlRefused(f"The fault {fault} {needed}.")
        if not 0 < seconds <= _LONGEST_SECONDS:
            raise ControlRefused(f"A fault lasts up to {_LONGEST_SECONDS:.0f} seconds.")
        if fault in _MOVING and any(
            (moving, node) in self._broken for moving in _MOVING
        ):
            raise ControlRefused(f"{node} already has a disk or a network of its own.")
        if fault.lasts:
            # Recorded first: the supervisor must not start again what has to stay dead.
            self._broken[fault, node] = []
            self._deadlines.put(
                _name(fault, node), seconds, lambda: self._mend(fault, node)
            )
        try:
            self._break(fault, node)
        except Exception:
            self.heal(fault, node)
            raise

    def heal(self, fault: Fault, node: str | None) -> None:
        """Undo a fault, if it is there."""
        self._deadlines.undo(_name(fault, node))

    def heal_all(self) -> None:
        """Undo every fault; a frozen process could not be stopped cleanly."""
        for fault, node in list(self._broken):
            self._mend(fault, node)

    def holds(self, name: str) -> bool:
        """Return whether this node, or program, has to stay dead for now."""
        own = {(Fault.KILL_NODE, name)}
        # On its way to a disk or into a network of its own, or back.
        if name not in self._disks:
            own.add((Fault.FILL_DISK, name))
        if name not in self._networks:
            own.add((Fault.OWN_NETWORK, name))
        return any(fault_and_name in self._broken for fault_and_name in own) or any(
            program.name == name and (fault, None) in self._broken
            for fault, program in self._others.items()
        )

    def of(self, node: str | None) -> tuple[Fault, ...]:
        """Return the faults that a node has; without a node the shared ones."""
        return tuple(fault for fault, of in list(self._broken) if of == node)

    def evidence(self, fault: Fault, node: str) -> str | None:
        """Return evidence that a fault has taken effect; None without any."""
        if fault is Fault.FILL_DISK and node in self._disks:
            return self._disks[node].evidence()
        if fault is Fault.CUT_NETWORK and node in self._networks:
            return self._networks[node].evidence()
        return None

    def _break(self, fault: Fault, name: str | None) -> None:
        if name is None:
            self._others[fault].kill()
            return
        node = self._find_node(name)
        if fault is Fault.KILL_NODE:
            node.kill()
        elif fault in _MOVING:
            self._move(fault, node)
        elif fault is Fault.CUT_NETWORK:
            self._network(name).cut()
        elif fault is Fault.KILL_PATRONI:
            node.patroni.kill()
        elif fault is Fault.KILL_POSTGRES:
            child_processes.kill([server for server in [node.postmaster()] if server])
        else:
            find = node.family if fault is Fault.FREEZE_NODE else node.servers
            # Twice, to freeze also what the first ones have started meanwhile.
            _suspend(find())
            self._broken[fault, name] = frozen = find()
            _suspend(frozen)

    def _move(self, fault: Fault, node: Node) -> None:
        # The supervisor, which starts it there, may be about to fence the former one.
        with self._unsupervised():
            if fault is Fault.FILL_DISK:
                self._disks[node.name] = SmallDisk.give(node)
            else:
                self._networks[node.name] = OwnNetwork.give(node, self._ports())
        if (fault, node.name) not in self._broken:
            # The caller has given up and healed it meanwhile.
            self._move_back(fault, node.name)

    def _move_back(self, fault: Fault, name: str | None) -> None:
        moved: dict[Fault, dict[str, SmallDisk] | dict[str, OwnNetwork]] = {
            Fault.FILL_DISK: self._disks,
            Fault.OWN_NETWORK: self._networks,
        }
        with self._unsupervised():
            if name is not None and (place := moved[fault].pop(name, None)):
                place.take()

    def _network(self, name: str) -> OwnNetwork:
        if name not in self._networks:
            raise ControlRefused(
                f"{name} has no network of its own yet, so it cannot be cut off."
            )
        return self._networks[name]

    def _mend(self, fault: Fault, name: str | None) -> None:
        if fault in _MOVING:
            self._move_back(fault, name)
        elif fault is Fault.CUT_NETWORK and name in self._networks:
            self._networks[name].mend()
        for process in self._broken.pop((fault, name), []):
            # Some may be gone, because the supervisor has killed them.
            with suppress(psutil.NoSuchProcess):
                process.resume()


def _name(fault: Fault, node: str | None) -> str:
    return f"{fault} {node or ''}"


def _suspend(frozen: list[psutil.Process]) -> None:
    for process in frozen:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
