"""A gateway for text messages as in docs/sms-gateway.md, and what it has received."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any


@dataclass
class Messages:
    """The messages that arrived, and the gateway's answer."""

    answer: int = 202
    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def gateway() -> Iterator[Messages]:
    """Receive messages on a port of its own."""
    messages = Messages()
    server = HTTPServer(("127.0.0.1", 0), _handler(messages))
    messages.url = f"http://127.0.0.1:{server.server_port}/messages"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield messages
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(messages: Messages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            messages.got.append(
                {
                    "body": json.loads(body),
                    "bearer": self.headers["Authorization"],
                    "type": self.headers["Content-Type"],
                }
            )
            self.send_response(messages.answer)
            self.send_header("Location", self.path)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    return Handler
