"""Tells whether a full disk is why something could not be done, and says so."""

import errno
from collections.abc import Iterator
from typing import Final

from db.disk_space import DiskSpace
from db.postgres import DatabaseUnavailable, DiskFull, OutcomeUnknown
from services.core.errors import StorageFull, Unavailable

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def full_disk(error: BaseException, disks: DiskSpace | None) -> StorageFull | None:
    """Return what is to be told instead of an error that a full disk has caused.

    A server that has ended says nothing more: then it is who has no room that tells.
    What nobody knows the outcome of stays that.
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
