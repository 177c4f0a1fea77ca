"""A websocket that the server closes when the sign-in behind it ends."""

import asyncio
from typing import Any, Final

from starlette.types import Message, Receive, Send

from dashboard.web.sessions.live_sessions import AttendedPage

POLICY_VIOLATION: Final = 1008


class RevocableSocket:
    """Stands between a websocket and the application behind it."""

    def __init__(self, receive: Receive, send: Send, page: AttendedPage) -> None:
        self._receive = receive
        self._send = send
        self._over = asyncio.ensure_future(page.wait_until_over())
        self._next: asyncio.Future[Message] | None = None

    async def receive(self) -> Message:
        """Return the next message, or a disconnect if the sign-in has ended."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._receive())
        waiting: set[asyncio.Future[Any]] = {self._next, self._over}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if self._over.done():
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
        message, self._next = self._next.result(), None
        return message

    async def send(self, message: Message) -> None:
        """Send the application's message, unless the sign-in has ended."""
        if not self._over.done():
            await self._send(message)

    def close(self) -> None:
        """Stop waiting."""
        self._over.cancel()
        if self._next is not None:
            self._next.cancel()
