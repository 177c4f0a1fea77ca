"""The server as `python -m dashboard web` runs it, for a test or a benchmark."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from db.endpoints import Endpoints
from tests.kit.waiting import eventually
from tests.kit.warm_start import WarmProcess

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 60


class DidNotStart(Exception):
    """The server has ended or does not answer; the message is its log."""


@contextmanager
def chartroom(
    endpoints: Endpoints,
    data: Path,
    *,
    port: int | None = None,
    is_cold: bool = False,
    program: str = "dashboard",
    **settings: str,
) -> Iterator[str]:
    """Serve Chartroom on the databases, optionally with settings; yield its address.

    A cold server starts with nothing loaded, like those that are measured.
    """
    port = port or free_port()
    words = [program, "web", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    changed = {f"CHARTROOM_{name.upper()}": value for name, value in settings.items()}
    log = data / f"web-{port}.log"
    where = (log, variables(endpoints, data) | changed, f"{address}/sign-in")
    running = (
        process([sys.executable, "-m", *words], *where)
        if is_cold
        else warm_process(words, *where)
    )
    with running:
        yield address


def variables(endpoints: Endpoints, data: Path) -> dict[str, str]:
    """Return the settings with which commands use these databases."""
    replicas = endpoints.replica_urls.items()
    # Without Patroni's password: shared servers are observed and not operated.
    patronis = endpoints.patroni_urls.items()
    return {
        "CHARTROOM_DATABASE_URL": endpoints.database_url,
        "CHARTROOM_OWNER_URL": endpoints.owner_url or "",
        "CHARTROOM_REPLICA_URLS": ", ".join(f"{n}={url}" for n, url in replicas),
        "CHARTROOM_PATRONI_URLS": ", ".join(f"{n}={url}" for n, url in patronis),
        "CHARTROOM_MONGO_URL": endpoints.mongo_url,
        "CHARTROOM_AUDIT_MONGO_URL": endpoints.audit_url,
        "CHARTROOM_DEMO": "true",
        "CHARTROOM_DATA": str(data),
    }


@contextmanager
def process(
    command: Sequence[str],
    log: Path,
    variables: dict[str, str],
    ready: str,
    *,
    cwd: Path = _ROOT,
) -> Iterator[int]:
    """Run a server until the block ends; the block begins once `ready` answers.

    Yields the server's process id.
    """
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            cwd=cwd,
            env=os.environ | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    with _until_left(server, log, ready):
        yield server.pid


@contextmanager
def warm_process(
    words: Sequence[str], log: Path, variables: dict[str, str], ready: str
) -> Iterator[int]:
    """Run a server of ours as `process` does, with its code loaded already."""
    log.write_text("")
    server = WarmProcess(words, cwd=_ROOT, env=os.environ | variables, output=log)
    with _until_left(server, log, ready):
        yield server.pid


@contextmanager
def _until_left(
    server: "subprocess.Popen[bytes] | WarmProcess", log: Path, ready: str
) -> Iterator[None]:
    try:
        _await(ready, server, log)
        yield
    finally:
        server.terminate()
        server.wait(20)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _await(
    address: str, server: "subprocess.Popen[bytes] | WarmProcess", log: Path
) -> None:
    def unanswered() -> str:
        """Return the server's log as long as it does not answer."""
        if server.poll() is not None:
            raise DidNotStart(log.read_text())
        try:
            with urlopen(address):  # noqa: S310 - an address of our own
                return ""
        except URLError:
            return log.read_text() or "It has said nothing."

    eventually(unanswered, lambda log: not log, seconds=_SECONDS)
