"""Reads the rest of a request after its answer, so that the client sees the answer.

A connection that is closed while the other side sends is reset, and many clients write
everything before they read: instead of a refusal they would see "connection reset". So
the rest is read and discarded up to a bound, then the connection ends (RFC 9112,
section 9.6).
"""

import asyncio
from contextlib import suppress
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Two and a half times the largest file; a client that sends more has not looked up the
# limit.
_MOST_BYTES: Final = 128 << 20
_MOST_SECONDS: Final = 30.0


class UnreadBodies:
    """Answers as the app does, and then reads what the app left unread of a body.

    Behind a front that stops reading once it has an answer, it reads first.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        answers_first: bool = True,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._app = app
        self._answers_first = answers_first
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the answer's last part is sent after all is read."""
        length = _length(scope) if scope["type"] == "http" else 0
        if length == 0:
            await self._app(scope, receive, send)
            return
        is_bounded = length is not None and length <= self._most_bytes
        is_offered = "100-continue" in Headers(scope=scope).get("expect", "").lower()
        body = _Body(receive)

        async def send_and_read_on(message: Message) -> None:
            # A client that only offers a body has its answer; reading would accept the
            # offer.
            waits = is_offered and not body.is_begun
            if not body.is_left:
                await send(message)
            elif message["type"] == "http.response.start":
                # What may still come must not be taken for the next request.
                if waits or not is_bounded:
                    MutableHeaders(scope=message)["Connection"] = "close"
                if not (waits or self._answers_first):
                    await self._read_on(body)
                await send(message)
            elif waits or message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                if self._answers_first:
                    await self._read_on(body)
                await send({"type": "http.response.body"})

        await self._app(scope, body.receive, send_and_read_on)

    async def _read_on(self, body: "_Body") -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_MOST_SECONDS):
                await body.discard(self._most_bytes)


class _Body:
    """The body of a request, and whether any of it is left."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_left = True
        self.is_begun = False

    async def receive(self) -> Message:
        """Return the next message, as the server gives it."""
        self.is_begun = True
        message = await self._receive()
        self.is_left = self.is_left and message.get("more_body", False)
        return message

    async def discard(self, most_bytes: int) -> None:
        """Read what is left, up to `most_bytes`."""
        while self.is_left and most_bytes > 0:
            message = await self.receive()
            most_bytes -= len(message.get("body", b""))


def _length(scope: Scope) -> int | None:
    """Return the declared length of the body; None if it is not declared."""
    said = Headers(scope=scope).get("content-length", "")
    if said.isdecimal():
        return int(said)
    return None if "transfer-encoding" in Headers(scope=scope) else 0
