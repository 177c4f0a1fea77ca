"""The secret from which this installation's other secrets are derived."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

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
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # Written to another name and linked in one step: a process that starts at the
        # same time finds either no key or a whole one.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES))
        try:
            os.link(aside, path)
        finally:
            aside.unlink()
    except FileExistsError:
        pass
    return path.read_text()
