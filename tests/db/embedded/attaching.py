"""The nodes of a cluster as seen by a process that has not started them."""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from db import embedded
from db.embedded import Addresses, DataFolder, Node
from db.embedded.processes import child_processes, programs
from db.embedded.processes.child_processes import Program
from db.embedded.servers.etcd import Etcd
from db.embedded.servers.postgres_nodes import Workshop


class AttachedProgram(Program):
    """A program that another process has started, and may restart at any time."""

    _known: psutil.Process | None = None

    @property
    def is_running(self) -> bool:
        """Whether the program runs, whichever process started it."""
        return self.find_process() is not None

    def kill(self) -> None:
        """Kill it, whichever process started it, and wait until it is gone."""
        child_processes.kill(child_processes.find(self.config_path))

    def find_process(self) -> psutil.Process | None:
        """Return the process that runs it, if there is one."""
        with suppress(psutil.Error):
            if self._known and self._known.status() != psutil.STATUS_ZOMBIE:
                return self._known
        self._known = next(iter(child_processes.find(self.config_path)), None)
        return self._known


@dataclass(frozen=True)
class AttachedCluster:
    """What a data folder shows of its running cluster."""

    addresses: Addresses
    nodes: tuple[Node, ...]
    etcd: Etcd


def attached(data: Path) -> AttachedCluster:
    """Return the running cluster of a data folder."""
    folder, addresses = DataFolder(data), embedded.attach(data)
    workshop = Workshop(programs.find(folder.path), folder, addresses.secrets)
    return AttachedCluster(
        addresses,
        tuple(
            _seen(workshop.build(member, addresses.ports))
            for member in addresses.members.staying
        ),
        Etcd.of(folder, addresses.ports, addresses.secrets),
    )


def _seen(node: Node) -> Node:
    mine = node.patroni
    return replace(
        node,
        patroni=AttachedProgram(
            mine.name, mine.command, mine.environment, mine.directory, mine.log
        ),
    )
