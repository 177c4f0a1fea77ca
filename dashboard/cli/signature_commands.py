"""What the command verify does."""

from pathlib import Path

from dashboard.wiring import signing_keys
from db.settings import Settings
from services.pdf import signing
from services.pdf.signing import Signature


def verify(settings: Settings, path: Path) -> Signature:
    """Check a file against the clinic's certificates; no database is needed.

    Raises UnusableSigningKey, InvalidInput, CannotCheck.
    """
    known = signing_keys(settings).read().certificates
    return signing.check_apart(path.read_bytes(), known)


def told(found: Signature) -> str:
    """Return the finding in a sentence, and when it was signed."""
    when = f" Signed {found.signed_at:%Y-%m-%d %H:%M %Z}." if found.signed_at else ""
    return f"{found.state}: {found.state.sentence}{when}"
