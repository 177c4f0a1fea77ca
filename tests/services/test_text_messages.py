"""Text messages over a real gateway, as docs/sms-gateway.md describes it."""

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest

from services.text_messages import Gateway, TextNotSent


class _Handler(BaseHTTPRequestHandler):
    answer: ClassVar[int] = 202
    got: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(
            {
                "body": json.loads(body),
                "bearer": self.headers["Authorization"],
                "type": self.headers["Content-Type"],
            }
        )
        self.send_response(self.answer)
        self.send_header("Location", self.path)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[tuple[str, type[_Handler]]]:
    handler = type("Handler", (_Handler,), {"got": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/messages", handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_message_arrives_with_its_bearer(gateway):
    url, handler = gateway

    Gateway(url, "secret").send("+491701234567", "Your code is 271828.")

    assert handler.got == [
        {
            "body": {"to": "+491701234567", "text": "Your code is 271828."},
            "bearer": "Bearer secret",
            "type": "application/json",
        }
    ]


def test_without_a_token_there_is_no_bearer(gateway):
    url, handler = gateway

    Gateway(url).send("+491701234567", "Hello.")

    assert handler.got[0]["bearer"] is None


@pytest.mark.parametrize("answer", [302, 307, 400, 500])
def test_a_gateway_that_does_not_take_it_is_told_once_and_nowhere_else(
    gateway, caplog, answer
):
    url, handler = gateway
    handler.answer = answer

    with caplog.at_level(logging.INFO, "services"), pytest.raises(TextNotSent):
        Gateway(url).send("+491701234567", "Your code is 271828.")

    assert len(handler.got) == 1
    assert "271828" not in caplog.text
    assert "4917" not in caplog.text


def test_without_a_gateway_there_is_a_sentence():
    with pytest.raises(TextNotSent, match="could not be sent"):
        Gateway("http://127.0.0.1:1/", timeout_seconds=2).send("+491701234567", "x")
