"""Only a complete answer of a node's Patroni is believed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from db.embedded.processes.child_processes import Program
from db.embedded.servers.fleet import is_whole
from db.embedded.servers.postgres_nodes import Node, NodeStatus

_WHOLE = b'{"state": "running", "role": "primary", "replication": [], "members": []}'


@contextmanager
def node_that_says(words: bytes, status: int = 200) -> Iterator[Node]:
    """Yield a node whose Patroni gives this answer to everything."""

    class Member(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Member) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield _node(server.server_port)
        server.shutdown()


def _node(api_port: int) -> Node:
    nowhere = Path("/nonexistent")
    patroni = Program("patroni", (), {}, nowhere, nowhere / "patroni.log")
    return Node("db-01", 1, api_port, nowhere, patroni, "secret")


def test_a_primary_says_so_to_the_end():
    with node_that_says(_WHOLE) as node:
        assert node.is_primary
    with node_that_says(_WHOLE, 503) as node:
        assert not node.is_primary


@pytest.mark.parametrize("length", [0, 1, 20, len(_WHOLE) - 1])
def test_one_that_dies_while_it_answers_has_said_nothing(length: int):
    with node_that_says(_WHOLE[:length]) as node:
        assert not node.is_primary
        assert node.status() == NodeStatus()
        assert not is_whole([node, replace(node, name="db-02")])
