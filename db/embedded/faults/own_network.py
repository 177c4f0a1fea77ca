"""Gives a replica a network of its own, which can be cut off from ours.

All servers share one network, 127.0.0.1, so none can be cut off as it is. For a while
one is moved into a network namespace: there nothing is reachable but itself, and the
ports of the others, to which the launcher's wire leads. Neither it nor the others
notice a difference until the wire is cut. Nothing is changed in the network of the
machine, so nothing has to be restored there: the namespace is gone with the last
process in it, and the wire with the launcher. Linux only.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Final

from db.cluster.control_client import ControlRefused
from db.embedded.faults.wires import Wire, dialling
from db.embedded.processes.child_processes import Program
from db.embedded.servers.postgres_nodes import Node

_NAMESPACE_PROGRAM: Final = Path(__file__).with_name("network_keeper.py")
_BEGIN_SECONDS: Final = 10.0
_PROBE_SECONDS: Final = 1.0
_MOST_PORTS: Final = 64
_REFUSED: Final = (
    "This machine does not let Chartroom create a network of its own, so no server "
    "can be cut off{}. This needs Linux with network namespaces, util-linux, and root "
    "or unprivileged user namespaces; most containers forbid both."
)


class NetworkNamespace:
    """A network namespace, and the process that keeps it and passes us its sockets.

    That process listens on `ports` there. Raises ControlRefused if the machine does not
    allow this.
    """

    def __init__(self, ports: list[int]) -> None:
        if not (shutil.which("unshare") and shutil.which("nsenter")):
            raise _refused("unshare or nsenter is missing")
        ours, theirs = socket.socketpair()
        self._parent = ours
        self._request_lock = Lock()
        self.listeners: dict[int, socket.socket] = {}
        with theirs:
            self.process = _start(theirs, ports)
        try:
            ours.settimeout(_BEGIN_SECONDS)
            self.listeners = dict(zip(ports, _receive(ours), strict=True))
        except (OSError, ValueError) as error:
            last_words = self.close()
            raise ControlRefused(
                _REFUSED.format(f" ({last_words})" if last_words else "")
            ) from error

    def fresh(self) -> socket.socket:
        """Return a socket of that network; raises OSError once it is gone."""
        with self._request_lock:
            self._parent.sendall(b"S")
            return _receive(self._parent)[0]

    def entered(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command that runs `command` in that network, as the same user."""
        kept = f"--target={self.process.pid}"
        if os.geteuid() == 0:
            return ("nsenter", kept, "--net", *command)
        return (
            "nsenter",
            kept,
            "--user",
            "--net",
            "--preserve-credentials",
            *command,
        )

    def close(self) -> str:
        """Kill the process, and return the last line of its output.

        The network stays for as long as other processes are in it.
        """
        self._parent.close()
        for listener in self.listeners.values():
            listener.close()
        self.process.kill()
        _, output = self.process.communicate()
        return output.decode(errors="replace").strip().rpartition("\n")[2]


@dataclass(slots=True)
class OwnNetwork:
    """The network of one node; `usual` is its Patroni on the shared network."""

    node: Node
    usual: Program
    namespace: NetworkNamespace
    wire: Wire
    etcd_port: int

    @classmethod
    def give(cls, node: Node, ports: Mapping[str, int]) -> "OwnNetwork":
        """Move a replica into a network of its own, from where it follows as before.

        `ports` are those of all servers by name. The supervisor starts it there. Raises
        ControlRefused if that is not possible.
        """
        if not node.is_replica:
            raise ControlRefused(f"{node.name} is not a replica that follows.")
        own = {node.port, node.api_port}
        others = [port for name, port in ports.items() if name != "mongo"]
        namespace = NetworkNamespace([port for port in others if port not in own])
        network = cls(node, node.patroni, namespace, Wire(), ports["etcd"])
        try:
            network._move(own)
        except OSError as error:
            network.take()
            raise ControlRefused(
                f"{node.name} could not be moved into a network of its own: {error}."
            ) from error
        return network

    def cut(self) -> None:
        """Cut the network off from ours."""
        self.wire.cut()

    def mend(self) -> None:
        """Connect the networks again."""
        self.wire.mend()

    def take(self) -> None:
        """Kill the node there; it is started again on the shared network."""
        try:
            self.node.kill()
        finally:
            self.wire.close()
            self.namespace.close()
            self.node.patroni = self.usual

    def evidence(self) -> str | None:
        """Return evidence that the node is cut off; None without any."""
        if not self.wire.is_cut or self._is_heard() or self._hears():
            return None
        return (
            f"{self.node.name} is alone in a network of its own: etcd does not answer "
            f"from there, {self.node.name} does not answer from here, and "
            f"{self.wire.connections} connections hang."
        )

    def _move(self, own: set[int]) -> None:
        self.node.kill()
        for port in own:
            here = socket.create_server(("127.0.0.1", port))
            self.wire.join(here, dialling(self.namespace.fresh, port))
        for port, there in self.namespace.listeners.items():
            self.wire.join(there, dialling(socket.socket, port))
        command = self.namespace.entered(tuple(self.usual.command))
        self.node.patroni = replace(self.usual, command=command, process=None)

    def _is_heard(self) -> bool:
        answer = self.node.ask("/liveness", timeout_seconds=_PROBE_SECONDS)
        return answer is not None

    def _hears(self) -> bool:
        with suppress(OSError), self.namespace.fresh() as asker:
            asker.settimeout(_PROBE_SECONDS)
            asker.connect(("127.0.0.1", self.etcd_port))
            asker.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            return bool(asker.recv(1))
        return False


def _start(parent: socket.socket, ports: list[int]) -> subprocess.Popen[bytes]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    numbers = [str(number) for number in (parent.fileno(), *ports)]
    program = [sys.executable, "-P", str(_NAMESPACE_PROGRAM), *numbers]
    command = ["unshare", *user, "--net", *program]
    return subprocess.Popen(  # noqa: S603
        command,
        pass_fds=[parent.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # Ctrl-C is for the launcher, and we end this process.
        start_new_session=True,
    )


def _refused(reason: str) -> ControlRefused:
    return ControlRefused(_REFUSED.format(f" ({reason})" if reason else ""))


def _receive(parent: socket.socket) -> list[socket.socket]:
    """Return the sockets received; raises ConnectionError if the process is gone."""
    data, numbers, *_ = socket.recv_fds(parent, 1, _MOST_PORTS)
    if not data:
        raise ConnectionError("The network is gone.")
    return [socket.socket(fileno=number) for number in numbers]
