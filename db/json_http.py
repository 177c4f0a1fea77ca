"""Requests over HTTP: which certificates are trusted, and a small JSON client.

Trusted are the authorities that the machine trusts, including a clinic's own once it is
in the machine's store. The HTTP clients that we depend on use the list of a package
instead, which has public ones only.
"""

import os
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any, Final

import httpx

_TIMEOUT_SECONDS: Final = 2.0
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A server's answer: parsed JSON, or plain text."""

    status: int
    body: Any

    @property
    def is_ok(self) -> bool:
        """Whether the server did, or knows, what was requested."""
        return self.status == HTTPStatus.OK


@cache
def machine_trust() -> ssl.SSLContext:
    """Return the context that verifies servers; loading it takes 20 ms, once."""
    return ssl.create_default_context()


def authorities_file() -> str | None:
    """Return the machine's file of authorities, for S3; None if there is none.

    A file named by AWS's own variable is left to AWS's library.
    """
    if os.environ.get("AWS_CA_BUNDLE"):
        return None
    return ssl.get_default_verify_paths().cafile


def ask(
    method: str,
    url: str,
    *,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    timeout_seconds: float = _TIMEOUT_SECONDS,
) -> JsonAnswer | None:
    """Return the answer, or None if there is none in time, or none in HTTP.

    In time means that neither the connection nor any piece of the answer takes longer.
    `tls` is for a server that identifies us by a certificate; others need none.
    """
    try:
        request = httpx.Request(
            method,
            _url(url),
            json=body,
            headers={**_HEADERS, **(headers or {})},
            extensions={"timeout": httpx.Timeout(timeout_seconds).as_dict()},
        )
        if login is not None:
            request = next(httpx.BasicAuth(*login).sync_auth_flow(request))
        with closing(_transport(tls).handle_request(request)) as response:
            response.read()
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    return JsonAnswer(response.status_code, _parsed(response))


@lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    return httpx.URL(text)


@cache
def _transport(tls: ssl.SSLContext | None) -> httpx.HTTPTransport:
    """Return the transport of all threads, without httpx's client in front of it.

    The client handles cookies, redirects and proxies, of which these servers have none,
    and takes a quarter of the time. Connections are not kept: Patroni and the launcher
    close theirs anyway, and a command must not be lost on one that has died meanwhile.
    """
    return httpx.HTTPTransport(
        verify=tls or machine_trust(), limits=httpx.Limits(max_keepalive_connections=0)
    )


def _parsed(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text
