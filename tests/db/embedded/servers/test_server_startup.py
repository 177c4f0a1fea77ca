"""What may happen while all servers are started."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import NoReturn

import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from db.embedded import Cluster
from db.embedded.processes.child_processes import Program, wait_for
from db.embedded.servers.server_startup import Servers


class InterruptedServers(Servers):
    """Servers of a standby site, whose MongoDB copies when Ctrl-C is pressed."""

    def __init__(self, mongod: Program) -> None:
        self._mongod = mongod
        self._etcd_program = SimpleNamespace(start=lambda: None)
        self._fleet = SimpleNamespace(addresses=SimpleNamespace(followed="the main"))

    def _begin_mongo(self) -> None:
        wait_for(lambda: False, [self._mongod], seconds=30)

    def _begin_etcd(self) -> NoReturn:
        raise KeyboardInterrupt


def test_a_start_that_is_interrupted_does_not_wait_for_mongodb(tmp_path: Path):
    """In a standby site, which copies all files first, that would take hours."""
    words, log = ("sleep", "600"), tmp_path / "mongod.log"
    mongod = Program("mongod", words, dict(os.environ), tmp_path, log)
    try:
        with pytest.raises(KeyboardInterrupt):
            InterruptedServers(mongod).begin(lambda _stage, _seconds: None)

        assert not mongod.is_running
    finally:
        mongod.kill()


class StartedServers(Servers):
    """Servers of which one leads already, at this URL of the superuser's."""

    def __init__(self, cluster: Cluster, url: str) -> None:
        addresses = SimpleNamespace(
            administrator_url=url, secrets=cluster.addresses.secrets
        )
        self._fleet = SimpleNamespace(addresses=addresses, primary=lambda: None)


@contextmanager
def being_stopped() -> Iterator[int]:
    """Listen as a server that is stopped while the first client signs in."""
    words = b"SFATAL\0VFATAL\0C57014\0Mcanceling authentication due to timeout\0\0"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            client, _ = listener.accept()
            listener.close()
            with client:
                client.recv(1_000)
                client.sendall(b"E" + (len(words) + 4).to_bytes(4, "big") + words)

        stopping = Thread(target=refuse, daemon=True)
        stopping.start()
        yield listener.getsockname()[1]
        stopping.join(60)
        assert not stopping.is_alive()


@pytest.mark.cluster
def test_a_server_that_is_stopped_to_be_rewound_does_not_end_the_start(
    own_cluster: Cluster,
):
    """As after a crash, of the former primary, as soon as another one leads."""
    real = parse_dsn(own_cluster.addresses.administrator_url)
    with being_stopped() as port:
        both = {
            "host": f"127.0.0.1,{real['host']}",
            "port": f"{port},{real['port']}",
            "sslmode": "disable",
        }

        StartedServers(own_cluster, make_dsn(**(real | both))).bring_up_to_date()
