"""The two apps under load, and what their processes use of the machine."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Self

import httpx
import psutil

from benchmarks.crowd.counted_server import ROUND_TRIPS
from benchmarks.crowd.person import Person
from benchmarks.crowd.work import Work
from db.endpoints import Endpoints
from tests.browser.running import free_port, process, variables

WATCH: Final = "/session/watch"
_STOCK: Final = Path(__file__).with_name("stock_app.py")
_METRIC: Final = re.compile(r"^(\w+)(?:{([^}]*)})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes have used until a time, or between two."""

    seconds: float
    processor_seconds: float
    memory_bytes: int
    # Files and sockets, without connections to databases that it has opened itself.
    descriptors: int
    pooled: int
    threads: int
    round_trips: float
    # The number of operations on the database, and their duration, with retries and
    # waits.
    database_operations: float
    database_seconds: float

    def since(self, earlier: Self) -> "Usage":
        """Return what was used since an earlier time."""
        return Usage(
            self.seconds - earlier.seconds,
            self.processor_seconds - earlier.processor_seconds,
            self.memory_bytes - earlier.memory_bytes,
            self.descriptors - earlier.descriptors,
            self.pooled - earlier.pooled,
            self.threads - earlier.threads,
            self.round_trips - earlier.round_trips,
            self.database_operations - earlier.database_operations,
            self.database_seconds - earlier.database_seconds,
        )


@dataclass(frozen=True, slots=True)
class Server:
    """One process that serves an app; `counts` if it counts its round trips."""

    address: str
    pid: int
    counts: bool

    def usage(self) -> Usage:
        """Return what the process and its children have used so far."""
        main = psutil.Process(self.pid)
        family = [main, *main.children(recursive=True)]
        pooled = self._opened_itself(main)
        return Usage(
            perf_counter(),
            sum(_processor_seconds(member) for member in family),
            # Children were forked: most of what they show is the parent's own.
            int(main.memory_info().rss),
            main.num_fds() - pooled,
            pooled,
            main.num_threads(),
            *self._of_database(),
        )

    def _opened_itself(self, main: psutil.Process) -> int:
        port = int(self.address.rpartition(":")[2])
        connections = main.net_connections("tcp")
        return sum(bool(c.raddr) and c.laddr.port != port for c in connections)

    def _of_database(self) -> tuple[float, float, float]:
        """Return the pages' round trips, and the number and seconds of operations."""
        if not self.counts:
            return 0.0, 0.0, 0.0
        trips = operations = seconds = 0.0
        metrics = httpx.get(f"{self.address}/metrics").text
        for name, labels, value in _METRIC.findall(metrics):
            if name == f"{ROUND_TRIPS}_total" and "page" in labels:
                trips += float(value)
            elif name == "chartroom_database_seconds_count":
                operations += float(value)
            elif name == "chartroom_database_seconds_sum":
                seconds += float(value)
        return trips, operations, seconds


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """An app: the servers that share its people, and its steps."""

    name: str
    servers: Sequence[Server]
    work_of: Callable[[Person], Work]
    watch_path: str = ""

    def usage(self) -> Usage:
        """Return what all its processes have used so far."""
        every = [server.usage() for server in self.servers]
        return Usage(
            every[0].seconds,
            sum(usage.processor_seconds for usage in every),
            sum(usage.memory_bytes for usage in every),
            sum(usage.descriptors for usage in every),
            sum(usage.pooled for usage in every),
            sum(usage.threads for usage in every),
            sum(usage.round_trips for usage in every),
            sum(usage.database_operations for usage in every),
            sum(usage.database_seconds for usage in every),
        )


@contextmanager
def chartroom_servers(
    fresh: Endpoints, folder: Path, number: int
) -> Iterator[Sequence[Server]]:
    """Serve Chartroom with several processes on the same databases and data folder."""
    command = [sys.executable, "-m", "benchmarks.crowd.counted_server"]
    with ExitStack() as stack:
        servers = []
        for _ in range(number):
            port = free_port()
            address = f"http://127.0.0.1:{port}"
            settings = variables(fresh, folder) | {"CHARTROOM_PORT": str(port)}
            log = folder / f"web-{port}.log"
            running = process(command, log, settings, f"{address}/sign-in")
            servers.append(Server(address, stack.enter_context(running), counts=True))
        yield servers


@contextmanager
def stock_servers(folder: Path, number: int) -> Iterator[Sequence[Server]]:
    """Serve the stock app with as many processes, with Streamlit's own command."""
    with ExitStack() as stack:
        servers = []
        for _ in range(number):
            port = free_port()
            address = f"http://127.0.0.1:{port}"
            command = [sys.executable, "-m", "streamlit", "run", str(_STOCK)]
            command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
            command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
            log = folder / f"stock-{port}.log"
            running = process(command, log, {}, f"{address}/_stcore/health")
            servers.append(Server(address, stack.enter_context(running), counts=False))
        yield servers


def _processor_seconds(member: psutil.Process) -> float:
    try:
        # Children that have ended are counted in the parent that waited for them.
        times = member.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(
        times.user + times.system + times.children_user + times.children_system
    )
