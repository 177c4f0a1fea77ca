"""The protocol between the app and its reading process."""

import json
import struct
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final, Literal

# Of fixed length, and short enough to arrive in one piece with its descriptors.
REQUEST_BYTES: Final = 256
# A page of 25 million pixels, the text of a file that is all text, or a PDF of many
# pictures.
MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024

DONE: Final = b"="
REFUSED: Final = b"!"
# Ends every answer: one without it was cut off.
END: Final = b"."

# Before each of several files that are handed over as one: its number of bytes.
LENGTH: Final = struct.Struct("!Q")

Task = Literal["examine", "render", "text", "words", "convert", "join", "recognise"]


class Refusal(StrEnum):
    """Why a file or a page cannot be read."""

    DAMAGED = "damaged"
    PASSWORD = "password"  # noqa: S105 (a reason, no secret)
    MANY_PAGES = "many pages"
    NO_SUCH_PAGE = "no such page"
    LARGE_PAGE = "large page"
    TOO_MUCH = "too much"
    BROKEN_PICTURE = "broken picture"
    LARGE_PICTURE = "large picture"
    COSTLY_PICTURE = "costly picture"
    MANY_PICTURES = "many pictures"


class Refused(Exception):
    """Raised while reading; only its reason leaves the reading process."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Request:
    """What to do with a file, and the limits for it."""

    do: Task
    seconds: float
    megabytes: int
    page: int
    width: int

    def packed(self) -> bytes:
        """Return the request as a message."""
        message = json.dumps(asdict(self)).encode()
        if len(message) > REQUEST_BYTES:
            raise ValueError("no request is as long as this")
        return message.ljust(REQUEST_BYTES)

    @classmethod
    def unpacked(cls, message: bytes) -> "Request":
        """Return the request in a packed message."""
        return cls(**json.loads(message))
