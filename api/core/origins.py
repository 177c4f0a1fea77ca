"""Where a request comes from: which network, which sign-in, which site's page."""

from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from services.core.audit import Origin

# The server puts these into a request's scope, where no client can reach them.
REQUEST_ID: Final = "chartroom.request_id"
SESSION_ID: Final = "chartroom.session_id"
# Asking by these changes nothing.
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def origin_of(request: HTTPConnection) -> Origin:
    """Return the request's id, its sign-in and its network address."""
    session_id: UUID | None = request.scope.get(SESSION_ID)
    network = request.client.host if request.client else None
    return Origin(request.scope.get(REQUEST_ID), session_id, network)


def is_same_origin(headers: Headers) -> bool | None:
    """Tell whether our own page asks; None where the client does not say.

    Under `Referrer-Policy: no-referrer` a browser's form says "Origin: null", so then
    its Sec-Fetch-Site decides.
    """
    origin = headers.get("origin")
    if origin is not None and origin != "null":
        return _host_of(origin) == headers.get("host", "")
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    return None if origin is None else False


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
