"""Whether a full disk caused a failure, judged by the error."""

import errno
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from db.postgres import DatabaseUnavailable, DiskFull, NoPrimary, OutcomeUnknown
from services.core.actor_database import NotRecorded
from services.core.errors import InvalidInput, NotSaved, Unavailable
from services.core.full_disks import full_disk
from services.documents.records.errors import FilesUnavailable

NO_ROOM = OSError(errno.ENOSPC, "No space left on device")
UNKNOWN = OutcomeUnknown("Nobody answered.", uuid4())


@dataclass(frozen=True)
class Disks:
    """Which disks are full; the real disks are tested in tests/db/cluster."""

    names: tuple[str, ...] = ()

    def full(self):
        return self.names


def _because(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        DiskFull("The disk of a database server is full."),
        NO_ROOM,
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        _because(NotRecorded(), DiskFull("Full.")),
        _because(RuntimeError(), NO_ROOM),
    ],
    ids=repr,
)
def test_whoever_found_no_room_is_believed(error):
    refusal = full_disk(error, None)

    assert isinstance(refusal, NotSaved)
    assert str(refusal).startswith("A disk is full")
    assert "free some space" in str(refusal)


@pytest.mark.parametrize(
    "error",
    [
        DatabaseUnavailable("No server could write."),
        NoPrimary(datetime.now(UTC)),
        FilesUnavailable(),
        NotRecorded(),
        NO_ROOM,
    ],
    ids=repr,
)
def test_of_a_server_that_is_silent_its_disk_tells(error):
    refusal = full_disk(error, Disks(("db-01", "mongo")))

    assert str(refusal).startswith("The disk of db-01 and mongo is full")


@pytest.mark.parametrize("error", [DatabaseUnavailable("Gone."), Unavailable("Gone.")])
def test_a_silence_with_room_on_the_disks_has_another_reason(error):
    assert full_disk(error, Disks()) is None
    assert full_disk(error, None) is None


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput("file", "No file uploaded"),
        LookupError(),
        PermissionError(errno.EACCES, "Permission denied"),
        # They need to know whether it was saved.
        UNKNOWN,
        _because(Unavailable("Check before you save it again."), UNKNOWN),
    ],
    ids=repr,
)
def test_what_has_another_reason_stays_what_it_is(error):
    assert full_disk(error, Disks(("db-01",))) is None
