"""How much may be in uploaders at once: per sign-in, and in all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.core.sentences import Sentence

_MEGABYTE: Final = 1 << 20
_PAYLOAD_TOO_LARGE: Final = 413
_TOO_MANY_REQUESTS: Final = 429
_CONFLICT: Final = 409
_WAIT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class UploadId:
    """Streamlit's name of a file: its page, and which of the page's files it is."""

    page_id: str
    file_id: str


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The most bytes that uploaders may hold."""

    per_sign_in: int
    in_all: int

    @classmethod
    def of_megabytes(cls, per_sign_in: int, in_all: int) -> "UploadLimits":
        """Return limits given in megabytes, as in the settings."""
        return cls(per_sign_in * _MEGABYTE, in_all * _MEGABYTE)


class UploadRefused(Exception):
    """A file that is not taken, with a sentence for the person who sent it."""

    status: int = _CONFLICT
    retry_after_seconds: int | None = None


class SignInFull(UploadRefused):
    """The pages of this sign-in hold as much as they may."""

    status = _PAYLOAD_TOO_LARGE

    def __init__(self, limit: int) -> None:
        super().__init__(
            Sentence(
                "Your open pages can hold {most} MB of files at once, and this one "
                "would exceed that. File or remove some of them, then choose this one "
                "again.",
                most=limit // _MEGABYTE,
            )
        )


class ServerFull(UploadRefused):
    """The pages of all people together hold as much as they may."""

    status = _TOO_MANY_REQUESTS
    retry_after_seconds = _WAIT_SECONDS

    def __init__(self) -> None:
        super().__init__(
            "Too many files are being sent at the moment. Choose this one again in a "
            "minute."
        )


class UploadQuota:
    """Counts what is stored and what is on its way; belongs to one event loop."""

    def __init__(
        self, limits: UploadLimits, stored: Callable[[], Mapping[UploadId, int]]
    ) -> None:
        self._limits = limits
        self._stored = stored
        self._arriving: dict[UploadId, int] = {}
        self._sign_ins: dict[str, UUID] = {}

    def reserve(self, upload: UploadId, size: int, sign_in: UUID) -> None:
        """Reserve room for an arriving file; raises UploadRefused if there is none."""
        if upload in self._arriving:
            raise UploadRefused("This file is being sent already.")
        held = self._held()
        # A file of this name is replaced.
        held[upload] = size
        self._sign_ins[upload.page_id] = sign_in
        self._check(held, sign_in)
        self._arriving[upload] = size

    def release(self, upload: UploadId) -> None:
        """Release the reserved room; what is stored of the file still counts."""
        self._arriving.pop(upload, None)

    def _held(self) -> dict[UploadId, int]:
        held = dict(self._stored())
        for upload, size in self._arriving.items():
            # For a short time it is both stored and on its way.
            held[upload] = max(size, held.get(upload, 0))
        pages = {upload.page_id for upload in held}
        self._sign_ins = {p: s for p, s in self._sign_ins.items() if p in pages}
        return held

    def _check(self, held: Mapping[UploadId, int], sign_in: UUID) -> None:
        of_sign_in = sum(
            size
            for upload, size in held.items()
            if self._sign_ins.get(upload.page_id) == sign_in
        )
        if of_sign_in > self._limits.per_sign_in:
            raise SignInFull(self._limits.per_sign_in)
        if sum(held.values()) > self._limits.in_all:
            raise ServerFull
