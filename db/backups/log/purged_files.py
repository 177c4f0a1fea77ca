"""Which files were purged since they were copied: no backup has their bytes any more.

The log of a repository has a sealed list for each purge. So a file that must not be
there is distinguished from one that somebody has taken away.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import bson
from bson import ObjectId
from bson.errors import InvalidBSON

from db.backups.backup_errors import SetBroken
from db.backups.log.archive import LogArchive, time_of_purge


@dataclass(frozen=True, slots=True)
class PurgedFile:
    """A purged file by bucket and id, and the SHA-256 of its copies' bytes."""

    bucket: str
    file_id: ObjectId
    sha256: str

    @property
    def place(self) -> tuple[str, ObjectId]:
        """The file's bucket and id."""
        return self.bucket, self.file_id


def add_purged_files(
    archive: LogArchive, at: datetime, purged: Iterable[PurgedFile]
) -> None:
    """Record which files were purged, before their bytes go. Raises OSError."""
    packed = b"".join(
        bson.encode(
            {"bucket": each.bucket, "file_id": each.file_id, "sha256": each.sha256}
        )
        for each in purged
    )
    archive.add_purged(at, packed)


def list_purged_files(archive: LogArchive) -> list[PurgedFile]:
    """Return all files that were purged, as far as a set may name them.

    Raises SetBroken for a list that is not what was written.
    """
    names = sorted(n for n in archive.names() if time_of_purge(n) is not None)
    return [each for name in names for each in read_purged_files(archive, name)]


def read_purged_files(archive: LogArchive, name: str) -> Iterator[PurgedFile]:
    """Yield the files of one list; raises SetBroken."""
    try:
        for document in bson.decode_file_iter(io.BytesIO(archive.read(name))):
            yield PurgedFile(
                document["bucket"], document["file_id"], document["sha256"]
            )
    except (InvalidBSON, KeyError) as error:
        raise SetBroken(f"The log's {name} is no list of purged files.") from error
