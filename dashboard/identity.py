"""Who is signed in, as our own signed cookie says."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import cookie_parser
from starlette.responses import Response

from db.settings import Settings

LIFETIME_SECONDS: Final = 12 * 60 * 60
_SALT: Final = "chartroom.identity"
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person, and until when (in seconds since 1970) their cookie holds."""

    user_id: UUID
    expires_at: float


class IdentityCookie:
    """Writes and reads the cookie; only the holder of the key can make one."""

    def __init__(self, key: str, *, lifetime_seconds: int = LIFETIME_SECONDS) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt=_SALT)
        self._lifetime_seconds = lifetime_seconds

    def set(self, response: Response, user_id: UUID, *, secure: bool) -> None:
        """Let the browser carry who is signed in."""
        response.set_cookie(
            _name(secure=secure),
            self._serializer.dumps(user_id.hex),
            max_age=self._lifetime_seconds,
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response, *, secure: bool) -> None:
        """Let the browser forget who was signed in."""
        response.delete_cookie(
            _name(secure=secure), path="/", secure=secure, httponly=True, samesite="lax"
        )

    def read(self, cookies: str, *, secure: bool) -> SignedIn | None:
        """Return who is signed in; None without a cookie that is ours and in time."""
        value = cookie_parser(cookies).get(_name(secure=secure))
        if not value:
            return None
        try:
            user_hex, signed_at = self._serializer.loads(
                value, max_age=self._lifetime_seconds, return_timestamp=True
            )
            return SignedIn(
                UUID(hex=user_hex), signed_at.timestamp() + self._lifetime_seconds
            )
        except (BadSignature, ValueError, TypeError, AttributeError):
            return None


def signing_key(settings: Settings) -> str:
    """Return the key from the settings, or one kept in the data folder.

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
        # Written aside and linked in one step: a process that starts at the same
        # moment finds either no key or a whole one.
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


def _name(*, secure: bool) -> str:
    """Return the cookie's name; browsers hold __Host- to our host and to TLS."""
    return "__Host-chartroom" if secure else "chartroom"
