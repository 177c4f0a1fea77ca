"""What pages give into a browser's keeping, encrypted by the server's file keys."""

from dashboard import wiring
from db.files.file_keys import KeyUnknown, SealBroken, UnusableFileKeys


class CannotSeal(Exception):
    """The file keys cannot be used just now."""


class CannotUnseal(Exception):
    """What came back was changed, is of another purpose, or its key is not at hand."""


def seal(text: bytes, purpose: str) -> bytes:
    """Encrypt a text for one purpose; raises CannotSeal."""
    try:
        return wiring.current().file_keys.seal(text, purpose)
    except UnusableFileKeys as error:
        raise CannotSeal from error


def unseal(sealed: bytes, purpose: str) -> bytes:
    """Return the text that was encrypted for the purpose; raises CannotUnseal."""
    try:
        return wiring.current().file_keys.unseal(sealed, purpose)
    except (SealBroken, KeyUnknown, UnusableFileKeys) as error:
        raise CannotUnseal from error
