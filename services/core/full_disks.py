"""Whether an error was caused by a full disk, and the refusal that says so."""

import errno
from collections.abc import Iterator
from typing import Final

from db.disk_space import DiskSpace
from db.postgres import DatabaseUnavailable, DiskFull, OutcomeUnknown
from services.core.errors import StorageFull, Unavailable

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def full_disk(error: BaseException, disks: DiskSpace | None) -> StorageFull | None:
    """Return the refusal to raise in place of an error that a full disk has caused.

    A server that has ended gives no reason: then the disks themselves are looked at. An
    error whose outcome is unknown keeps that meaning.
    """
    causes = tuple(_causes(error))
    if any(isinstance(cause, OutcomeUnknown) for cause in causes):
        return None
    if any(_is_no_room(cause) for cause in causes):
        return StorageFull(*(disks.full() if disks else ()))
    if disks and any(_is_silence(cause) for cause in causes) and (full := disks.full()):
        return StorageFull(*full)
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is_no_room(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    return isinstance(error, DiskFull)


def _is_silence(error: BaseException) -> bool:
    return isinstance(error, (DatabaseUnavailable, Unavailable))
