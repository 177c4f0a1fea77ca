"""Keys of fields that depend on what they began with, the same in every process."""

import hashlib
from typing import Final

_LENGTH: Final = 16


def stamp_of(value: object) -> str:
    """Return what tells a value of plain dataclasses from another, for a key.

    Python's own hash of a text is another one in each process, and what stands in a
    field is kept under its key when a browser comes to another process.
    """
    return hashlib.sha256(repr(value).encode()).hexdigest()[:_LENGTH]
