"""An upload in parts, and the refusals about it."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.core.errors import Conflict, Gone, InvalidInput, NotFound
from services.core.sentences import Sentence

# The database has the same limits for a row: see the migration.
EXPIRES_AFTER: Final = timedelta(hours=24)
LONGEST_METADATA: Final = 4096
MOST_UPLOADS: Final = 10
MOST_MEGABYTES: Final = 200
# With smaller parts a file of 50 MB would become too many files to read.
MOST_PARTS: Final = 1_000
_UNNAMED: Final = "document"


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """A file that is being sent; `metadata` is what its sender stated about it."""

    id: UUID
    length: int
    received: int
    metadata: str
    expires_at: datetime

    @property
    def is_complete(self) -> bool:
        """Whether all bytes have been received."""
        return self.received == self.length

    @property
    def filename(self) -> str:
        """The sender's name for the file."""
        named = read_metadata(self.metadata)
        return named.get("filename") or named.get("name") or _UNNAMED


@dataclass(frozen=True, slots=True)
class StoredPart:
    """Bytes of an upload that are in the store, from `first_byte` on."""

    first_byte: int
    size: int
    file_id: str


class NoSuchUpload(NotFound):
    """There is no such upload, or it is somebody else's."""

    def __init__(self) -> None:
        super().__init__("There is no such upload. Start it again.")


class UploadExpired(Gone):
    """The upload was not filed within its time."""

    def __init__(self) -> None:
        super().__init__("This upload expired after 24 hours. Start it again.")


class InvalidUpload(InvalidInput):
    """The metadata or length of an upload, or its next part, breaks a rule."""


class OffsetMismatch(Conflict):
    """The next part does not begin where the upload has got to."""

    def __init__(self, received: int) -> None:
        super().__init__(
            Sentence(
                "This upload continues at byte {received}. Ask for its offset with "
                "HEAD, and send from there.",
                received=received,
            )
        )
        self.received = received


class UploadIdTaken(Conflict):
    """The id sent with an upload belongs to one of another size or with other facts."""

    def __init__(self) -> None:
        super().__init__(
            "Another upload already has this id; begin this one again with a new id."
        )


class UploadIncomplete(Conflict):
    """The upload to be filed is not complete."""

    def __init__(self, upload: UploadRecord) -> None:
        super().__init__(
            Sentence(
                "This upload has {received} of {length} bytes so far. Send the rest, "
                "then file it.",
                received=upload.received,
                length=upload.length,
            )
        )


class TooManyUploads(Conflict):
    """Somebody has begun as many uploads, or bytes, as they may have at a time."""

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                "At most {most} uploads with {megabytes} MB together can be in "
                "progress. File or delete one of yours first; each expires after 24 "
                "hours.",
                most=MOST_UPLOADS,
                megabytes=MOST_MEGABYTES,
            )
        )


def read_metadata(text: str) -> dict[str, str]:
    """Return the content of `Upload-Metadata`: keys, and values given in Base64.

    Raises InvalidUpload.
    """
    pairs = (pair.split(" ") for pair in text.split(",") if text)
    try:
        return {
            key: base64.b64decode("".join(value), validate=True).decode()
            for key, *value in map(_stripped, pairs)
        }
    except (binascii.Error, ValueError):
        raise InvalidUpload(
            "Upload-Metadata",
            "Upload-Metadata must be keys with values in Base64, separated by commas.",
        ) from None


def _stripped(words: list[str]) -> list[str]:
    said = [word for word in words if word]
    if not said or len(said) > 2:  # noqa: PLR2004 (a key, and its value)
        raise ValueError
    return said
