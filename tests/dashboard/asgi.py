"""Calls an ASGI application directly, without a server in between."""

from dataclasses import dataclass, field
from typing import Any

from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp, Message


@dataclass
class Answer:
    """What the application sent, and the scope as the application left it."""

    scope: dict[str, Any]
    sent: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def headers(self) -> dict[str, str]:
        return {
            name.decode().lower(): value.decode()
            for name, value in self.sent[0]["headers"]
        }

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def ask(
    app: ASGIApp,
    path: str = "/",
    *,
    method: str = "GET",
    query: str = "",
    scheme: str = "http",
    **headers: str,
) -> Answer:
    """Send one HTTP request; header names are written with underscores."""
    answer = Answer(_scope("http", path, scheme, headers))
    answer.scope |= {"method": method, "query_string": query.encode()}
    return _talk(app, answer, [{"type": "http.request", "body": b""}])


def connect(
    app: ASGIApp, path: str = "/_stcore/stream", *, frames: int = 0, **headers: str
) -> Answer:
    """Open a websocket and send these frames."""
    answer = Answer(_scope("websocket", path, "ws", headers))
    incoming: list[Message] = [{"type": "websocket.connect"}]
    incoming += [{"type": "websocket.receive", "bytes": b"x"}] * frames
    return _talk(app, answer, incoming)


def _scope(
    kind: str, path: str, scheme: str, headers: dict[str, str]
) -> dict[str, Any]:
    named = {"host": "127.0.0.1:8501"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "path": path,
        "scheme": scheme,
        "query_string": b"",
        "headers": [(n.lower().encode(), v.encode()) for n, v in named.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8501),
    }


def _talk(app: ASGIApp, answer: Answer, incoming: list[Message]) -> Answer:
    waiting = iter(incoming)

    async def receive() -> Message:
        return next(waiting, {"type": f"{answer.scope['type']}.disconnect"})

    async def send(message: Message) -> None:
        answer.sent.append(message)

    # A loop of its own: Playwright, once used, keeps one in this thread.
    with start_blocking_portal() as portal:
        portal.call(app, answer.scope, receive, send)
    return answer
