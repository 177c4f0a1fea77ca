"""Files that only their owner can read and that exist whole or not at all."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")
# The prefix of files that are being written and have no name of their own yet.
BEING_WRITTEN: Final = "tmp"
_LOCK_PAUSE_SECONDS: Final = 0.02


def make(path: Path, content: bytes) -> bool:
    """Make a file and its folders; return whether there was none. Raises OSError."""
    make_folder(path.parent)
    with aside(path, content) as unfinished, suppress(FileExistsError):
        # A link, unlike a rename, does not replace what another process has made in the
        # meantime.
        os.link(unfinished, path)
        sync(path.parent)
        return True
    return False


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each for its owner only.

    `Path.mkdir` makes those above as the umask is; whoever may write in one of them
    could put another folder in this one's place. Raises OSError.
    """
    # A relative path ends at ".", which is gone if somebody deleted it meanwhile.
    if folder.parent != folder and not folder.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def aside(path: Path, content: bytes) -> Iterator[Path]:
    """Write the content beside the file; it is deleted unless the block moves it."""
    with NamedTemporaryFile(
        dir=path.parent, prefix=BEING_WRITTEN, delete=False
    ) as file:
        unfinished = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            yield unfinished
        finally:
            unfinished.unlink(missing_ok=True)


def replace(path: Path, content: bytes) -> None:
    """Replace a file as a whole, safe from a power cut. Raises OSError."""
    with aside(path, content) as new:
        new.replace(path)
        sync(path.parent)


def read_as(kind: TypeAdapter[T], path: Path) -> T | None:
    """Return the JSON in a file; None if it is missing, cannot be read or is no `T`."""
    with suppress(OSError, ValidationError):
        return kind.validate_json(path.read_bytes())
    return None


def is_marked(mark: Path | None) -> bool:
    """Return whether a mark shows that a file was made once, and may be lost now."""
    # Whoever may not enter the folder cannot make the file in it either.
    with suppress(PermissionError):
        return mark is not None and mark.exists()
    return False


def leave_mark(mark: Path | None) -> None:
    """Mark that a file was made, so that no later process makes another."""
    if mark is not None and not is_marked(mark):
        with suppress(OSError):
            mark.touch(mode=0o600)


def explain_gone(folder: Path | None) -> str | None:
    """Return why keys cannot be made in a clinic's folder; None if it is there.

    A folder that was renamed while processes use it would be made anew by them, with
    other keys than those that are in it.
    """
    if folder is None or folder.exists():
        return None
    return (
        f"There is no folder {folder} any more, and the keys are in it: rename it "
        "back, or mount its disk again."
    )


def was_never_made(path: Path, mark: Path | None, folder: Path | None) -> bool:
    """Return whether a clinic's folder is there and never had this file."""
    return not (is_marked(mark) or explain_gone(folder) or path.exists())


@contextmanager
def locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock on a file or folder against other lockers. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def try_lock(file: IO[str], how: int = fcntl.LOCK_EX, *, seconds: float = 0.0) -> bool:
    """Lock an open file; return False if others held it for all these seconds.

    The kernel releases it when the file is closed or the process dies, however it dies.
    A caller that only asks whether it is free holds it for an instant.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return True


def sync(folder: Path) -> None:
    """Make sure that a new name in the folder survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
