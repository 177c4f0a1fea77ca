"""The secret from which this installation's other secrets are derived."""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final

from db.files import private_files
from db.settings import Settings

_KEY_BYTES: Final = 32


def signing_key(settings: Settings) -> str:
    """Return the key from the settings, or the one kept in the data folder.

    Several web processes must share it: those on one machine share the folder, others
    need CHARTROOM_SECRET_KEY.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    return _kept_key(settings.data / "secrets" / "signing.key")


def derive(key: str, purpose: str) -> str:
    """Return a key for another purpose that does not reveal the first."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _kept_key(path: Path) -> str:
    private_files.make(path, secrets.token_hex(_KEY_BYTES).encode())
    return path.read_text()
