"""Sockets in the data folder, by which the processes of one Chartroom find each other.

Only the folder's owner can open them, unlike a port of this machine: what arrives at
one is from the front, or from a command of the same person.
"""

import os
import select
import socket
from contextlib import chdir
from pathlib import Path
from typing import Self

from db.embedded import DataFolder


class CommandSocket:
    """A socket on which the launcher receives a command of the same person."""

    def __init__(self, data: Path, name: str) -> None:
        self._socket = listen(DataFolder(data).run / name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def accept(self, *, seconds: float) -> socket.socket | None:
        """Wait up to `seconds` for a client, and return the connection to it."""
        readable, _, _ = select.select([self._socket], [], [], seconds)
        if not readable:
            return None
        client, _ = self._socket.accept()
        return client


class NoLauncher(OSError):
    """No launcher runs with this data folder; the message says what to do."""


def reach(data: Path, name: str) -> socket.socket:
    """Connect to the launcher at this command's socket; raises NoLauncher."""
    try:
        return connect(DataFolder(data).run / name)
    except OSError as error:
        raise NoLauncher(
            f"No Chartroom runs with the data folder {data}: start it with "
            "script/server, or name another folder with --data."
        ) from error


def listen(path: Path) -> socket.socket:
    """Listen at a path, replacing any process that listened there before."""
    server = bind(path)
    server.listen()
    publish(path)
    return server


def bind(path: Path) -> socket.socket:
    """Return a socket that can be reached at the path once `publish` is called."""
    server = socket.socket(socket.AF_UNIX)
    beside = _beside(path)
    beside.unlink(missing_ok=True)
    # The system takes no path longer than some 100 bytes, but short names in any
    # folder.
    with chdir(path.parent):
        server.bind(beside.name)
    beside.chmod(0o600)
    return server


def publish(path: Path) -> None:
    """Have new connections reach this process.

    A process that listened there before keeps its existing connections.
    """
    _beside(path).replace(path)


def connect(path: Path) -> socket.socket:
    """Connect to the process that listens at a path; raises OSError."""
    client = socket.socket(socket.AF_UNIX)
    try:
        with chdir(path.parent):
            client.connect(path.name)
    except OSError:
        client.close()
        raise
    return client


def listener(path: Path) -> int | None:
    """Return a number for the listener at a path; each new listener has another."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}")
