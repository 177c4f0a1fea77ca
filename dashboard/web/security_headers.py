"""Headers of every response that make browsers careful with records."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.web.page_scripts import SCRIPTS
from dashboard.web.sessions.session_watch import HEAD_SCRIPT
from dashboard.web.static_assets import inline_scripts


def _digest_of(script: str) -> str:
    """Return the source expression for this script in a security policy."""
    digest = sha256(script.encode()).digest()
    return f"'sha256-{b64encode(digest).decode()}'"


_HASHES: Final = " ".join(
    _digest_of(script) for script in (*inline_scripts(), *SCRIPTS.values(), HEAD_SCRIPT)
)

# Streamlit compiles charts (Vega) and styles (Emotion) in the browser, hence the two
# "unsafe" keywords. Nothing may come from, or go to, any other server; of the inline
# scripts only those run that are known beforehand.
_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' 'unsafe-eval' blob: {_HASHES}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "connect-src 'self' data: blob:",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    # A response that may be kept says so itself; every other may show a patient.
    "Cache-Control": "no-store",
}
_STRICT_TRANSPORT: Final = "max-age=31536000"


class SecurityHeaders:
    """Adds to every response the headers that make browsers careful."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete its response's headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(message, scope)
            await send(message)

        await self._app(scope, receive, send_completed)


def _complete(message: Message, scope: Scope) -> None:
    headers = MutableHeaders(raw=message.setdefault("headers", []))
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if scope.get("scheme") == "https":
        headers.setdefault("Strict-Transport-Security", _STRICT_TRANSPORT)
    if scope["path"].startswith("/media/"):
        headers["Cache-Control"] = "no-store"
    if "server" in headers:
        del headers["server"]
