"""The data folder: where a cluster keeps its files, secrets and ports."""

import errno
import fcntl
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from db.embedded.processes import shortages
from db.endpoints import Endpoints
from db.files import private_files

_SECRETS: Final = (
    "etcd",
    "patroni_api",
    "postgres",
    "replicator",
    "rewind",
    "chartroom",
    "chartroom_app",
    "mongo_admin",
    "mongo_chartroom",
    "mongo_audit",
    "mongo_members",
)
# Three empty nodes, etcd and MongoDB take 0.45 GB together; the rest is for growth.
_FREE_AT_FIRST: Final = 1_500_000_000
_FREE_LATER: Final = 300_000_000
_LOCK_WAIT_SECONDS: Final = 1.0
# At the root of every ext4 file system; only root may look into it.
_OF_THE_DISK: Final = "lost+found"
_COMPLETE: Final = "COMPLETE"
_LOCK: Final = "lock"
_PASSWORDS: Final = "secrets.json"
_NUMBER_BYTES: Final = 8
_ADDRESS: Final = "address"


class CannotStart(Exception):
    """The cluster cannot run here; the message says why and what to do."""


class DataFolder:
    """The files of one cluster, below one folder that only its owner may enter."""

    def __init__(self, path: Path) -> None:
        """Name a folder; raises CannotStart if the path leads nowhere."""
        self.path = resolve_folder(path)
        self.etcd = self.path / "etcd"
        self.mongo = self.path / "mongo"
        self.postgres = self.path / "postgres"
        self.logs = self.path / "logs"
        self.run = self.path / "run"

    def prepare(self) -> None:
        """Make the folders.

        Raises CannotStart if they cannot be written, or have somebody else's files.
        """
        with translate_os_errors(self.path):
            self._require_own()
            private_files.make_folder(self.path)
            # From here on it is known to be ours.
            self._lock_file().close()
            for part in self._parts:
                part.mkdir(mode=0o700, exist_ok=True)
                # A folder that was copied or restored may be open to others.
                if part.stat().st_mode & 0o077:
                    part.chmod(0o700)

    @property
    def _parts(self) -> tuple[Path, ...]:
        return self.etcd, self.mongo, self.postgres, self.logs, self.run

    def _require_own(self) -> None:
        """Raise CannotStart if the folder's parts have files of something else.

        What is in them is closed to others, and deleted as the remains of a start. In
        a folder such as /srv they may be another program's databases.
        """
        if self.is_complete or any(
            (self.path / name).is_file() for name in (_LOCK, _PASSWORDS)
        ):
            return
        for part in self._parts:
            if _has_files(part):
                raise CannotStart(
                    f"{part} has files that Chartroom did not make: name a new or an "
                    "empty folder with --data."
                )

    def require_space(self) -> None:
        """Raise CannotStart if databases would soon fill the disk."""
        needed = _FREE_LATER if self.is_complete else _FREE_AT_FIRST
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise CannotStart(
                f"The disk of {self.path} has {free // 1_000_000} MB free and "
                f"Chartroom needs {needed // 1_000_000} MB: free some, or name a "
                "folder on another disk with --data."
            )

    @property
    def is_complete(self) -> bool:
        """Whether a first start has ever been completed, so that there is data."""
        return any(mark.exists() for mark in self._marks)

    def mark_complete(self) -> None:
        """Record that the cluster exists: from here on nothing is ever wiped."""
        for mark in self._marks:
            self.write(mark, "")

    @property
    def _marks(self) -> tuple[Path, ...]:
        """The files of which either shows that the cluster exists.

        PostgreSQL's folder may be a disk of its own: if that is lost, what is on the
        others must not be taken for the remains of a first start.
        """
        return self.postgres / _COMPLETE, self.path / _COMPLETE

    def discard_remains(self) -> None:
        """Delete what an interrupted start left half made.

        Before `mark_complete` nobody knows an address, so there is no data. Later only
        a replica's unfinished copy is deleted: pg_control is copied last, so a node
        without it has never run.
        """
        if not self.is_complete:
            # The folders stay: each may be the mount point of a disk of its own.
            for part in (self.etcd, self.mongo, self.postgres):
                _clear(part)
        for directory in self.postgres.glob("db-*/"):
            if not has_data(directory):
                _clear(directory)
                # A server's folder may be such a mount point, too.
                if not directory.is_mount():
                    shutil.rmtree(directory)

    def node_data(self, name: str) -> Path:
        """Return the data directory of a PostgreSQL node."""
        return self.postgres / name

    def system_id(self) -> str | None:
        """Return PostgreSQL's system identifier; None without any data.

        It is the first field of pg_control, eight bytes in this machine's byte order.
        """
        for path in sorted(self.postgres.glob("db-*/global/pg_control")):
            with path.open("rb") as file:
                number = file.read(_NUMBER_BYTES)
            if len(number) == _NUMBER_BYTES:
                return str(int.from_bytes(number, sys.byteorder))
        return None

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.logs / f"{name}.log"

    def secrets(self) -> dict[str, str]:
        """Return the passwords; missing ones are generated first.

        Raises CannotStart if those of servers with data are lost.
        """
        path = self.path / _PASSWORDS
        known = read_json(path)
        if not known and self.is_complete:
            raise CannotStart(
                f"There is no file {path}, although there was one: put it back from "
                "your copy. It has the passwords of the databases, and no other will "
                "do. If it is lost for good, docs/runbooks/lost-machine.md says how a "
                "recovery kit and a backup open the clinic."
            )
        missing = {name: secrets.token_hex(24) for name in _SECRETS}
        if missing.keys() - known.keys():
            known = missing | known
            self.write(path, json.dumps(known, indent=1))
        return known

    def ports(self) -> dict[str, int]:
        """Return the remembered ports by name; empty before the first start."""
        remembered = read_json(
            self.path / "ports.json", otherwise="delete it, and others are chosen"
        )
        return {name: int(port) for name, port in remembered.items()}

    def remember_ports(self, ports: dict[str, int]) -> None:
        """Keep the ports for the next start."""
        self.write(self.path / "ports.json", json.dumps(ports, indent=1))

    def publish(self, endpoints: Endpoints) -> None:
        """Publish where the cluster is, to this person's other processes."""
        content = {name: getattr(endpoints, name) for name in Endpoints.__slots__}
        self.write(self.run / "endpoints.json", json.dumps(content, indent=1))

    def withdraw(self) -> None:
        """Withdraw what `publish` wrote."""
        (self.run / "endpoints.json").unlink(missing_ok=True)

    def published(self) -> Endpoints | None:
        """Return what `publish` wrote, as long as its launcher is alive."""
        if not self.is_locked():
            return None
        content = read_json(
            self.run / "endpoints.json",
            otherwise="delete it, and the launcher writes it again",
        )
        return Endpoints(**content) if content else None

    def published_at(self) -> int | None:
        """Return the file time of the last `publish`; None without one."""
        try:
            return (self.run / "endpoints.json").stat().st_mtime_ns
        except OSError:
            return None

    def publish_address(self, address: str) -> None:
        """Publish where browsers find the clinic, to this person's other processes."""
        self.write(self.run / _ADDRESS, address)

    def published_address(self) -> str | None:
        """Return what `publish_address` wrote, as long as its launcher is alive."""
        address = self.run / _ADDRESS
        return address.read_text() if self.is_locked() and address.exists() else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for one launcher; raises CannotStart if another has it.

        The kernel releases the lock when the process dies, however it dies.
        """
        with translate_os_errors(self.path), self._lock_file() as lock:
            # `is_locked` holds it for an instant, which is not yet a launcher.
            if not private_files.try_lock(lock, seconds=_LOCK_WAIT_SECONDS):
                raise CannotStart(
                    f"Chartroom already runs with the data folder {self.path}: "
                    "stop it first, or give this one another folder with --data."
                )
            yield

    def _lock_file(self) -> IO[str]:
        file = (self.path / _LOCK).open("a")
        # Anybody who can open the file can lock it, and then no launcher can start.
        os.fchmod(file.fileno(), 0o600)
        return file

    def is_locked(self) -> bool:
        """Return whether a launcher has locked the folder."""
        try:
            with (self.path / _LOCK).open() as lock:
                return not private_files.try_lock(lock, fcntl.LOCK_SH)
        except OSError:
            return False

    def write(self, path: Path, content: str) -> None:
        """Replace a file as a whole, for its owner's eyes, safe from a power cut."""
        unfinished = path.with_name(f"{path.name}.new")
        with translate_os_errors(self.path):
            unfinished.unlink(missing_ok=True)
            descriptor = os.open(
                unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
            )
            with open(descriptor, "w") as file:  # noqa: PTH123 - a descriptor
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            private_files.sync(path.parent)


def resolve_folder(path: Path) -> Path:
    """Return the path without links and ~; raises CannotStart if it leads nowhere."""
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        # Of somebody's home that nobody knows, or of links that lead in a circle.
        raise CannotStart(
            f"There is no way to the folder {path} ({error}): name another with --data."
        ) from error


@contextmanager
def translate_os_errors(folder: Path) -> Iterator[None]:
    """Raise CannotStart in place of errors of files, and of starting a process."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise CannotStart(
                f"The disk of {folder} is full: free some space, or name a folder on "
                "another disk with --data."
            ) from error
        if shortage := shortages.explain_code(error.errno):
            raise CannotStart(f"No process could be started: {shortage}.") from error
        raise CannotStart(
            f"Chartroom cannot use the data folder {folder} "
            f"({(error.strerror or str(error)).lower()}): make it yours to read and "
            "write, or name another folder with --data."
        ) from error


def _has_files(folder: Path) -> bool:
    """Return whether a folder or one below has files, but for a disk's own."""
    return folder.exists() and any(
        entry.is_symlink() or not entry.is_dir() or _has_files(entry)
        for entry in folder.iterdir()
        if entry.name != _OF_THE_DISK
    )


def _clear(folder: Path) -> None:
    """Delete what is in a folder, but not what a disk's file system made there."""
    for remains in folder.iterdir():
        if remains.name == _OF_THE_DISK:
            continue
        if remains.is_mount():
            _clear(remains)
        elif remains.is_dir() and not remains.is_symlink():
            shutil.rmtree(remains)
        else:
            remains.unlink()


def has_data(node: Path) -> bool:
    """Return whether a node's folder has a PostgreSQL; pg_control is copied last."""
    return (node / "global/pg_control").exists()


def read_json(
    path: Path, *, otherwise: str = "put it back from your copy"
) -> dict[str, Any]:
    """Return a file's content; an empty object if there is none.

    Raises CannotStart if it is damaged, and says what to do `otherwise`.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        # Without its cause, which may quote a password.
        raise CannotStart(f"{path} is damaged, it is not JSON: {otherwise}.") from None
    return content
