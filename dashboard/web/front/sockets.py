"""Sockets in the data folder, by which processes of one Chartroom find each other.

Only the folder's owner can open them, unlike a port of this machine: what comes in by
one is from the front, or from a command of the same person.
"""

import os
import socket
from contextlib import chdir
from pathlib import Path


def listen(path: Path) -> socket.socket:
    """Listen at a path, in the place of whoever listened there before."""
    server = bind(path)
    server.listen()
    publish(path)
    return server


def bind(path: Path) -> socket.socket:
    """Return a socket that will be found at the path once `publish` was called."""
    server = socket.socket(socket.AF_UNIX)
    beside = _beside(path)
    beside.unlink(missing_ok=True)
    # The system takes no path longer than some 100 bytes, and short names anywhere.
    with chdir(path.parent):
        server.bind(beside.name)
    beside.chmod(0o600)
    return server


def publish(path: Path) -> None:
    """Have those who connect from now on reach this process.

    Whoever listened there before keeps the connections that there are.
    """
    _beside(path).replace(path)


def connect(path: Path) -> socket.socket:
    """Connect to who listens at a path; raises OSError."""
    client = socket.socket(socket.AF_UNIX)
    with chdir(path.parent):
        client.connect(path.name)
    return client


def listener(path: Path) -> int | None:
    """Tell who listens, or listened, at a path: another number for each that did."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}")
