"""Compression of long JSON answers for programs that accept it."""

import gzip
from collections.abc import Callable
from functools import partial
from typing import Final

import brotli
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core.outcomes import FHIR_JSON

SHORTEST: Final = 1_000
_JSON: Final = ("application/json", "application/problem+json", FHIR_JSON)
# Beyond this, compressing takes so long that other requests should not wait for it.
_LONG: Final = 32_000
# The better one first. Level 5 of gzip takes half the work of the usual 9, for one byte
# more in a hundred; level 5 of brotli is an eighth shorter still, for about half as
# much work again.
_CODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "br": partial(brotli.compress, mode=brotli.MODE_TEXT, quality=5),
    "gzip": partial(gzip.compress, compresslevel=5),
}


class CompressedJson:
    """Compresses JSON that a program reads with a token; nothing else.

    The length of a compressed answer reveals secrets that it contains next to text that
    a stranger chose, if a browser can be made to send the request (BREACH). So answers
    that a browser's own sign-in opens are not compressed, nor are answers to changes,
    which may contain secrets such as the address of a link. Files and lists that are
    sent while they are read are not compressed either.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, compressed where that is allowed."""
        coding = _coding_for(scope) if scope["type"] == "http" else None
        if coding is None:
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def pass_on(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if _is_long_json(Headers(raw=message["headers"])):
                    start = message
                    return
            elif start is not None:
                if not message.get("more_body"):
                    message = await _compressed(start, message, coding)
                await send(start)
                start = None
            await send(message)

        await self._app(scope, receive, pass_on)


def _coding_for(scope: Scope) -> str | None:
    """Return the coding for the answer; None where it may not be compressed."""
    headers = Headers(scope=scope)
    if scope["method"] != "GET" or "authorization" not in headers:
        return None
    accepted = _accepted(headers.get("accept-encoding", ""))
    return next((coding for coding in _CODINGS if coding in accepted), None)


def _accepted(header: str) -> set[str]:
    """Return the codings that a client accepts; a weight of 0 excludes one."""
    accepted = set()
    for listed in header.lower().split(","):
        coding, _, weight = listed.replace(" ", "").partition(";q=")
        if weight.strip("0.") or not weight:
            accepted.add(coding)
    return accepted


def _is_long_json(headers: Headers) -> bool:
    media_type = headers.get("content-type", "").partition(";")[0]
    length = headers.get("content-length", "")
    is_long = length.isdigit() and int(length) >= SHORTEST
    return is_long and media_type in _JSON and "content-encoding" not in headers


async def _compressed(start: Message, message: Message, coding: str) -> Message:
    """Return the body compressed, and adjust the headers of the start message."""
    plain: bytes = message["body"]
    compress = _CODINGS[coding]
    if len(plain) > _LONG:
        body = await to_thread.run_sync(compress, plain)
    else:
        body = compress(plain)
    headers = MutableHeaders(raw=start["headers"])
    headers["Content-Encoding"] = coding
    headers["Content-Length"] = str(len(body))
    headers.add_vary_header("Accept-Encoding")
    return {**message, "body": body}
