"""Runs a replica on a small disk of its own until that is full.

The disk is a tmpfs that only this node's processes see, in a mount namespace of theirs:
it is gone with the last of them, however they end, and nobody has to unmount it. That
needs the right to mount, which root has, and everybody else in a user namespace of
their own; not every machine grants it. Linux only.
"""

import errno
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Final

from db.cluster.control_client import ControlRefused
from db.embedded.processes.child_processes import Program
from db.embedded.servers.postgres_nodes import Node

_OWN_MOUNTS: Final = ("--mount", "--propagation", "private")
_MOUNT: Final = (
    "sh",
    "-c",
    'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"',
    "sh",
)
# The operating system's message, which PostgreSQL logs in the language of its log.
_FULL: Final = b"No space left on device"
# On top of the data: some log, which a replica needs at its start.
_SPARE_BYTES: Final = 160_000_000
_PIECE: Final = bytes(1_000_000)
_LOOK_SECONDS: Final = 0.3
# So that whoever asks any Patroni has seen that it streams before it no longer does:
# they exchange what they know once a second (loop_wait).
_STREAMING_SECONDS: Final = 5.0
_END_SECONDS: Final = 10.0


@dataclass(slots=True)
class SmallDisk:
    """The small disk of one replica; `usual` is its Patroni on the usual disk."""

    node: Node
    usual: Program
    _over: Event = field(default_factory=Event)
    _work: Thread = field(init=False)
    _read: dict[Path, int] = field(init=False)
    _free_bytes: int | None = None

    def __post_init__(self) -> None:
        # Earlier log lines do not count.
        self._read = {log: log.stat().st_size for log in self._logs()}
        self._work = Thread(target=self._run, name="full disk", daemon=True)

    @classmethod
    def give(cls, node: Node) -> "SmallDisk":
        """Move the replica to a small disk, which is filled once it has streamed.

        It is copied there. The supervisor starts it on that disk, and again if it ends
        there. Raises ControlRefused if that is not possible.
        """
        if not node.is_replica:
            raise ControlRefused(f"{node.name} is not a replica that follows.")
        require_mounting(node.data)
        disk = cls(node, node.patroni)
        disk._move()
        disk._work.start()
        return disk

    def take(self) -> None:
        """Kill the replica there; started again, it copies the primary anew."""
        self._over.set()
        self.node.kill()
        self._work.join(_END_SECONDS)
        self.node.patroni = self.usual
        # The former data are older than the log that the primary still keeps.
        for old in self.node.data.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)

    def evidence(self) -> str | None:
        """Return evidence that PostgreSQL found its disk full; None without any."""
        message = self._disk_full_message()
        if message is None or self._free_bytes is None:
            return None
        return (
            f"With {self._free_bytes} bytes free, PostgreSQL of {self.node.name} said: "
            f"{message}."
        )

    def _disk_full_message(self) -> str | None:
        """Return what PostgreSQL has logged of a full disk since the move."""
        for log in self._logs():
            with suppress(OSError), log.open("rb") as lines:
                before = self._read.get(log, 0)
                # At midnight the log of this weekday, a week old, is begun anew.
                lines.seek(before if log.stat().st_size >= before else 0)
                for line in lines:
                    if _FULL in line:
                        return line.decode(errors="replace").strip().partition("] ")[2]
        return None

    def _logs(self) -> list[Path]:
        return sorted(self.usual.log.parent.glob(f"{self.node.name}-*.log"))

    def _move(self) -> None:
        """Kill the node, and give it the small disk for its next start."""
        data, owner = self.node.data, self.node.data.stat()
        options = f"size={_used(data) + _SPARE_BYTES},mode=700"
        if os.geteuid() == 0:
            options += f",uid={owner.st_uid},gid={owner.st_gid}"
        command = _on_a_disk(data, options, *self.usual.command)
        self.node.kill()
        self.node.patroni = replace(self.usual, command=command, process=None)

    def _run(self) -> None:
        """Fill the disk whenever the replica has streamed for some seconds."""
        since: float | None = None
        while not self._over.wait(_LOOK_SECONDS):
            if not self.node.is_streaming:
                since = None
            elif since is None:
                since = monotonic()
            elif monotonic() - since >= _STREAMING_SECONDS:
                self._fill()

    def _fill(self) -> None:
        """Keep the disk full as long as the node's process runs on it."""
        process = self.node.patroni.process
        if process is None:
            return
        inside = Path(f"/proc/{process.pid}/root{self.node.data}/full")
        # The file is gone with the processes.
        with suppress(OSError), inside.open("ab", buffering=0) as file:
            while process.poll() is None and not self._over.is_set():
                self._top_up(file)
                # PostgreSQL may free space by removing old log.
                self._over.wait(_LOOK_SECONDS)

    def _top_up(self, file: FileIO) -> None:
        """Write until nothing more fits, and record how much is free then."""
        try:
            while file.write(_PIECE):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        usage = os.fstatvfs(file.fileno())
        self._free_bytes = usage.f_bavail * usage.f_frsize


def require_mounting(place: Path) -> None:
    """Raise ControlRefused unless this machine lets us mount."""
    command = _on_a_disk(place, "size=1m", "true")
    try:
        tried = subprocess.run(command, check=False, capture_output=True)  # noqa: S603
        is_allowed, output = tried.returncode == 0, tried.stderr
    except OSError:
        is_allowed, output = False, b"there is no unshare"
    if not is_allowed:
        words = output.decode(errors="replace").strip().rpartition("\n")[2]
        raise ControlRefused(
            "This machine does not let Chartroom mount a small disk, so none can be "
            f"filled ({words}). This needs Linux with util-linux 2.38, and root or "
            "unprivileged user namespaces; most containers forbid both."
        )


def _on_a_disk(place: Path, options: str, *command: str) -> tuple[str, ...]:
    """Return the command that runs `command` with an empty tmpfs at this place."""
    mounting = (*_OWN_MOUNTS, *_MOUNT, options, str(place))
    if os.geteuid() == 0:
        return ("unshare", *mounting, *command)
    # Only root may mount, if only in a namespace; PostgreSQL refuses to run as root.
    again = (f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}")
    back = ("unshare", "--user", *again)
    return ("unshare", "--map-root-user", *mounting, *back, *command)


def _used(folder: Path) -> int:
    used = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            used += path.stat().st_size
    return used
