"""Signed cookies that a browser keeps between two pages of signing in."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from dashboard.web.sessions.identity import is_secure

_MINUTES: Final = 60
_DAYS: Final = 24 * 60 * _MINUTES
# A few people share a desk's browser; the oldest entries make room.
_MOST_KNOWN: Final = 8


class SignedCookie:
    """A cookie that only we can write, and only our own routes can read."""

    def __init__(self, name: str, key: str, *, lifetime_seconds: int) -> None:
        self._name = name
        self._serializer = URLSafeTimedSerializer(key, salt=f"chartroom.{name}")
        self._lifetime_seconds = lifetime_seconds

    def read(self, request: Request) -> dict[str, Any] | None:
        """Return the content; None unless there is one that is ours and in time."""
        value = request.cookies.get(self._full_name(request))
        if not value:
            return None
        try:
            note = self._serializer.loads(value, max_age=self._lifetime_seconds)
        except BadSignature:
            return None
        return note if isinstance(note, dict) else None

    def write(self, request: Request, response: Response, note: dict[str, Any]) -> None:
        """Have the browser keep the cookie."""
        response.set_cookie(
            self._full_name(request),
            self._serializer.dumps(note),
            max_age=self._lifetime_seconds,
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )

    def clear(self, request: Request, response: Response) -> None:
        """Have the browser delete the cookie."""
        response.delete_cookie(
            self._full_name(request),
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )

    def _full_name(self, request: Request) -> str:
        """Return the cookie's name; browsers hold __Host- to our host and to TLS."""
        return f"__Host-{self._name}" if is_secure(request) else self._name


@dataclass(frozen=True, slots=True)
class CodeCookie:
    """What a browser that asked for a code has to return with.

    `browser` is its secret that the code is bound to. In the demo, and only there,
    `shown` is the code itself.
    """

    email: str
    browser: str
    next: str
    by: str
    shown: str | None = None


class CodeCookieStore:
    """Keeps the request for a code until the code is typed."""

    def __init__(self, key: str) -> None:
        self._cookie = SignedCookie(
            "chartroom-code", key, lifetime_seconds=10 * _MINUTES
        )

    def read(self, request: Request) -> CodeCookie | None:
        """Return the last request of this browser."""
        note = self._cookie.read(request)
        return CodeCookie(**note) if note is not None else None

    def write(self, request: Request, response: Response, cookie: CodeCookie) -> None:
        """Have the browser keep the cookie."""
        self._cookie.write(request, response, asdict(cookie))

    def clear(self, request: Request, response: Response) -> None:
        """Have the browser delete the cookie."""
        self._cookie.clear(request, response)


class KnownCookie:
    """Keeps in a browser who has signed in there, as keyed hashes of addresses.

    Anybody who knows an address can use up its limits from anywhere. Its owner's
    browser has limits of its own, so that nobody is locked out (OWASP's device
    cookies).
    """

    def __init__(self, key: str) -> None:
        self._cookie = SignedCookie(
            "chartroom-known", key, lifetime_seconds=180 * _DAYS
        )

    def knows(self, request: Request, address: str) -> bool:
        """Return whether the address's owner has signed in with this browser before."""
        return address in self._addresses(request)

    def name_of(self, request: Request) -> str:
        """Return a name for a browser by those who signed in there; empty if none."""
        return "\0".join(sorted(self._addresses(request)))

    def add(self, request: Request, response: Response, address: str) -> None:
        """Record in the browser that the address's owner has signed in here."""
        others = [kept for kept in self._addresses(request) if kept != address]
        kept = [address, *others][:_MOST_KNOWN]
        self._cookie.write(request, response, {"addresses": kept})

    def _addresses(self, request: Request) -> list[str]:
        return list((self._cookie.read(request) or {}).get("addresses", ()))
