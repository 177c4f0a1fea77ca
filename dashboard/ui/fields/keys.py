"""Keys of fields that depend on the fields' first values, the same in every process."""

import hashlib
from typing import Final

_LENGTH: Final = 16


def stamp_of(value: object) -> str:
    """Return a fingerprint of a value made of plain dataclasses, for use in a key.

    Python's own hash of a text differs between processes, and a field's content is kept
    under its key when a browser moves to another process.
    """
    return hashlib.sha256(repr(value).encode()).hexdigest()[:_LENGTH]
