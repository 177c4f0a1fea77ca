"""How much memory the web server takes for a 50 MB document, compared with idling.

Run as `python -m benchmarks.file_memory`; CHARTROOM_TEST_CLUSTER names a cluster. An
upload and a download over the API may take 24 MB each. It runs on Linux only, whose
kernel records the peak.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

import httpx
import psutil

from benchmarks.files import pdf
from benchmarks.fresh import endpoints
from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.core.actors import CONSOLE, Role
from services.people import tokens
from tests.browser.running import free_port, process, variables

MB: Final = 1_000_000
_SIZE: Final = 50 * MB
_PIECE: Final = 256 * 1024
_PEAK_SINCE_NOW: Final = "5"


def main() -> tuple[float, float]:
    """Print a line for the upload and one for the download; return the megabytes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoints() as fresh,
        _served(fresh, Path(folder)) as (client, server),
        pdf(100_000) as small,
        pdf(_SIZE) as large,
    ):
        # What the first document needs stays: code, connections, the PDF reader.
        document_id = _upload(client, small)
        _download(client, document_id)
        uploaded: list[str] = []
        up = _peak(server, lambda: uploaded.append(_upload(client, large)))
        down = _peak(server, lambda: _download(client, uploaded[0]))
    for name, taken in (("upload", up), ("download", down)):
        print(f"memory of a 50 MB {name}: {taken:.1f} MB over idle, 24 MB at most")
    return up, down


@contextmanager
def _served(
    fresh: Endpoints, folder: Path
) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """Run the web server, and sign in as a program of the front desk."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = variables(fresh, folder) | {"CHARTROOM_PORT": str(port)}
    command = [sys.executable, "-m", "dashboard", "web"]
    with (
        process(command, folder / "web.log", settings, f"{address}/health"),
        httpx.Client(
            base_url=address,
            headers={"Authorization": f"Bearer {_token(fresh)}"},
            timeout=60,
        ) as client,
    ):
        yield client, _listening(port)


def _token(fresh: Endpoints) -> str:
    with closing(Database(fresh)) as database:
        return database.write(
            lambda session: tokens.issue(
                session,
                Role.STAFF,
                name="benchmark",
                lifetime=timedelta(hours=1),
                console=CONSOLE,
            ),
            identity=SYSTEM,
        ).value


def _listening(port: int) -> psutil.Process:
    """Return the process that answers on a port."""
    for connection in psutil.net_connections("tcp4"):
        if connection.laddr and connection.laddr.port == port and not connection.raddr:
            return psutil.Process(connection.pid)
    raise LookupError(f"Nobody listens on port {port}.")


def _upload(client: httpx.Client, source: BinaryIO) -> str:
    source.seek(0)
    file = {"file": ("scan.pdf", source, "application/pdf")}
    answer = client.post("/api/documents/upload", files=file)
    answer.raise_for_status()
    document_id: str = answer.json()["document"]["id"]
    return document_id


def _download(client: httpx.Client, document_id: str) -> None:
    with client.stream("GET", f"/api/documents/{document_id}") as answer:
        answer.raise_for_status()
        for _ in answer.iter_bytes(_PIECE):
            pass


def _peak(server: psutil.Process, action: Callable[[], object]) -> float:
    """Return by how many megabytes the process grows at most in the block."""
    before = server.memory_info().rss
    Path(f"/proc/{server.pid}/clear_refs").write_text(_PEAK_SINCE_NOW)
    action()
    status = Path(f"/proc/{server.pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return (int(peak.split()[1]) * 1024 - before) / MB


if __name__ == "__main__":
    main()
