"""The bytes of one call that continues an upload, on their way into the store."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import uuid4

from fastapi import HTTPException

from api.core.dependencies import Caller
from api.core.problems import CHECKSUM_MISMATCH
from db.postgres import WriteResult
from services.core import stored_bytes
from services.documents import uploads
from services.documents.uploads import InvalidUpload, StoredPart, UploadRecord

# This many bytes wait in memory, and are lost if the server dies.
PART_BYTES: Final = 4 << 20
# tus requires SHA-1 of every server; it detects transmission errors, not tampering.
ALGORITHMS: Final[Mapping[str, Any]] = {
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
}


@dataclass(frozen=True, slots=True)
class Checksum:
    """The checksum that a call's bytes should have, and the one of the bytes so far."""

    wanted: bytes
    digest: Any

    @classmethod
    def read(cls, text: str) -> "Checksum":
        """Return the checksum in `Upload-Checksum`; raises InvalidUpload."""
        name, _, encoded = text.partition(" ")
        try:
            wanted = base64.b64decode(encoded, validate=True)
            return cls(wanted, ALGORITHMS[name]())
        except (KeyError, ValueError, binascii.Error):
            known = " or ".join(ALGORITHMS)
            raise InvalidUpload(
                "Upload-Checksum",
                f"Upload-Checksum must be {known}, followed by the checksum in Base64.",
            ) from None

    @property
    def fits(self) -> bool:
        """Whether the bytes received so far have the expected checksum."""
        return hmac.compare_digest(self.digest.digest(), self.wanted)


class AppendedBytes:
    """The bytes of one call, cut into parts that are each kept once they are stored.

    With a checksum they are kept only once all have arrived and match it.
    """

    def __init__(
        self,
        caller: Caller,
        there: WriteResult[UploadRecord],
        checksum: Checksum | None,
    ) -> None:
        self._caller = caller
        self._files = caller.stores.files
        self._written = there
        self._checksum = checksum
        self._next = there.value.received
        self._waiting = bytearray()
        self._stored: list[StoredPart] = []

    def take(self, piece: bytes) -> bool:
        """Add bytes; return whether it is time to store. Raises InvalidUpload."""
        length = self._written.value.length
        if self._next + len(self._waiting) + len(piece) > length:
            raise InvalidUpload(
                "Upload-Length",
                f"This upload has {length} bytes, and more were sent. Resume at the "
                "offset that HEAD returns.",
            )
        if self._checksum is not None:
            self._checksum.digest.update(piece)
        self._waiting += piece
        return len(self._waiting) >= PART_BYTES

    def store(self) -> None:
        """Store the waiting bytes; they are kept at once without a checksum."""
        part = uploads.store(self._files, self._next, bytes(self._waiting))
        self._waiting.clear()
        self._next += part.size
        self._stored.append(part)
        if self._checksum is None:
            self._keep()

    def finish(self, *, is_broken: bool) -> WriteResult[UploadRecord]:
        """Keep the rest, and return the upload as it is now."""
        if self._checksum is None:
            if self._waiting:
                self.store()
            return self._written
        if is_broken or not self._checksum.fits:
            raise HTTPException(
                CHECKSUM_MISMATCH,
                "The bytes do not match the checksum, so none were kept. Send them "
                "again.",
            )
        if self._waiting:
            self.store()
        if self._stored:
            self._keep()
        return self._written

    @contextmanager
    def discarding(self) -> Iterator[None]:
        """Delete stored parts that are not kept yet if the block raises."""
        try:
            yield
        except BaseException:
            uploads.discard(self._files, [part.file_id for part in self._stored])
            raise

    def _keep(self) -> None:
        parts, self._stored = tuple(self._stored), []
        upload_id, actor = self._written.value.id, self._caller.actor
        ids = [part.file_id for part in parts]
        with stored_bytes.discarding_on_refusal(
            partial(uploads.discard, self._files, ids)
        ):
            self._written = self._caller.write(
                lambda session: uploads.add_parts(session, actor, upload_id, parts),
                key=uuid4(),
            )
