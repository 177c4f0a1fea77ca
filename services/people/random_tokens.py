"""Random tokens: how they are made, and the hash by which they are kept."""

import hashlib
import secrets
from typing import Final

_RANDOM_BYTES: Final = 32
_LENGTH: Final = len(secrets.token_urlsafe(_RANDOM_BYTES))


def new_token() -> str:
    """Return 256 random bits."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def is_well_formed(token: str) -> bool:
    """Return whether this can be a token at all, without querying a database."""
    return len(token) == _LENGTH and token.isascii()


def hash_of(token: str) -> bytes:
    """Hash without salt or stretching: so many random bits cannot be guessed anyway."""
    return hashlib.sha256(token.encode()).digest()
