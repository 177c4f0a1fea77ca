"""The origin of a request: its network, its sign-in, and the site of its page."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection

from api.core.answers import LSN_HEADER, NODE_HEADER
from services.core.audit import Origin

# The server puts these into a request's scope, where no client can set them.
REQUEST_ID: Final = "chartroom.request_id"
SESSION_ID: Final = "chartroom.session_id"
# Requests with these methods change nothing.
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NETWORK_BITS: Final = 64

# What scripts of other sites may send, and read in answers.
_SENT_FROM_ELSEWHERE: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Range",
    LSN_HEADER,
    # FHIR: creating unless it exists, and exports.
    "If-None-Exist",
    "Prefer",
    "X-Chartroom-Reason",
    # The protocol tus, see api/documents/uploads.py.
    "Tus-Resumable",
    "Upload-Checksum",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "X-HTTP-Method-Override",
)
_EXPOSED_HEADERS: Final = (
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Location",
    "Content-Range",
    "ETag",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Progress",
    "X-Request-Id",
    LSN_HEADER,
    NODE_HEADER,
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
)


def origin_of(request: HTTPConnection) -> Origin:
    """Return the request's id, its sign-in and its network address."""
    session_id: UUID | None = request.scope.get(SESSION_ID)
    network = request.client.host if request.client else None
    return Origin(request.scope.get(REQUEST_ID), session_id, network)


def network_of(connection: HTTPConnection) -> str:
    """Return the network whose limits a request counts towards.

    Of an IPv6 address the first half: a household, or an attacker, chooses the rest.
    """
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _NETWORK_BITS), strict=False))


def is_same_origin(headers: Headers) -> bool | None:
    """Return whether our own page asks; None where the client does not say.

    Under `Referrer-Policy: no-referrer` a browser's form sends "Origin: null"; then
    Sec-Fetch-Site decides.
    """
    origin = headers.get("origin")
    if origin is not None and origin != "null":
        return _host_of(origin) == headers.get("host", "")
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    return None if origin is None else False


def admit(api: FastAPI, origins: Collection[str]) -> None:
    """Allow scripts of these sites to call; without any, none may.

    They never act with our cookie: a browser neither sends it nor shows the answer. So
    they need a token, and can do no more with it than any other program.
    """
    options: dict[str, Any] = {
        "allow_origins": list(origins),
        "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        "allow_headers": list(_SENT_FROM_ELSEWHERE),
        "expose_headers": list(_EXPOSED_HEADERS),
        "allow_credentials": False,
    }
    if origins:
        api.add_middleware(CORSMiddleware, **options)


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
