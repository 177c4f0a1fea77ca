"""A cluster to do the worst to, whose launcher is a process that may be killed."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from threading import Thread

import psutil

from db.cluster.control_client import Control
from db.embedded import Addresses, DataFolder, Node, running
from db.embedded.processes import child_processes
from db.embedded.servers.fleet import is_whole
from tests.db.embedded.attaching import AttachedCluster, attached
from tests.kit.waiting import eventually

_ROOT = Path(__file__).parents[3]
_UP_SECONDS = 120
_END_SECONDS = 60


class Helper:
    """A process of `tests.db.embedded.launching`; `words` are what it says."""

    def __init__(self, role: str, data: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.db.embedded.launching", role, str(data)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.seen = psutil.Process(self._process.pid)
        self._words: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.expect("up", _UP_SECONDS)
        except BaseException:
            self.kill()
            raise

    def expect(self, word: str, seconds: float = 30) -> None:
        """Wait for what it says next, and require that it is this word."""
        printed = self._words.get(timeout=seconds)
        assert printed == word, printed

    def set_trap(self, strike: str) -> None:
        """Have it `die` or `freeze` between fence and key."""
        self._process.stdin.write(f"{strike}\n")
        self._process.stdin.flush()
        self.expect("set")

    def await_frozen(self, seconds: float = 30) -> None:
        """Wait until it is stopped in its tracks."""
        stopped = psutil.STATUS_STOPPED
        eventually(self.seen.status, lambda now: now == stopped, seconds=seconds)

    def await_death(self, seconds: float = 30) -> None:
        """Wait until it has ended."""
        self._process.wait(seconds)

    def kill(self) -> None:
        """Kill it, stopped as it may be."""
        self._process.kill()
        self._process.wait()
        self._leave()

    def end(self) -> None:
        """End it in good order, or else by force."""
        with suppress(psutil.NoSuchProcess):
            self.seen.resume()
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._leave()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._words.put(line.strip())
        self._words.put("ended")

    def _leave(self) -> None:
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._reader.join(5)
        self._process.stdout.close()


class BreakableCluster:
    """One cluster at a time; what a failure leaves is thrown away as a whole."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="chartroom-chaos-")
        self.data = Path(self._folder.name)
        try:
            self.launch()
        except BaseException:
            self._sweep()
            raise

    def launch(self) -> None:
        """Start a launcher; a former one has to be dead."""
        self.launcher = Helper("launch", self.data)
        self._seen: AttachedCluster = attached(self.data)

    def relaunch(self) -> None:
        """Have a new launcher, which knows nothing of what has happened.

        A supervisor starts what keeps dying ever more seldom, and lets the Patroni of
        another one alone for as long.
        """
        self.launcher.kill()
        self.launch()

    @property
    def addresses(self) -> Addresses:
        """Every address of the cluster."""
        return self._seen.addresses

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Its nodes, as this process sees them."""
        return self._seen.nodes

    @property
    def etcd(self) -> psutil.Process:
        """The process of etcd."""
        (process,) = child_processes.find(DataFolder(self.data).etcd)
        return process

    @property
    def control(self) -> Control:
        """The client of the launcher's control server."""
        control = Control.of(running(self.data))
        assert control is not None
        return control

    def processes(self) -> list[psutil.Process]:
        """Return every process of the cluster, helpers of PostgreSQL left out."""
        folder = DataFolder(self.data)
        return child_processes.find(folder.etcd, folder.mongo, folder.postgres)

    def primary(self) -> Node:
        """Return the node that leads; fails if none does in a while."""
        return eventually(lambda: next((n for n in self.nodes if n.is_primary), None))

    def await_leader_after(self, former: Node) -> None:
        """Wait until somebody else holds the leader key."""
        eventually(self._seen.etcd.leader, lambda name: name not in {None, former.name})

    def switch_over(self, candidate: Node) -> None:
        """Let another node lead, and wait until it does."""
        primary = self.primary()
        answer = primary.command(
            "/switchover", {"leader": primary.name, "candidate": candidate.name}
        )
        assert answer is not None
        assert answer.status == 200, answer.body
        eventually(lambda: candidate.is_primary)

    @contextmanager
    def second_supervisor(self) -> Iterator[Helper]:
        """Have another process look after the same nodes as well."""
        other = Helper("supervise", self.data)
        try:
            yield other
        finally:
            other.end()

    def wait_until_streaming(self, seconds: float = 60) -> None:
        """Wait until all nodes play their part, whoever has started them."""
        eventually(lambda: is_whole(self.nodes), seconds=seconds)

    def wait_until_whole(self, seconds: float = 90) -> None:
        """Wait until all nodes play their part, and the launcher calls them its own."""
        eventually(self._is_whole, seconds=seconds)

    def close(self) -> None:
        """Leave nothing behind, whatever has happened."""
        self.launcher.end()
        self._sweep()

    def _sweep(self) -> None:
        child_processes.kill(self.processes())
        self._folder.cleanup()

    def _is_whole(self) -> bool:
        if not is_whole(self.nodes):
            return False
        patronis = [node.patroni.find_process() for node in self.nodes]
        with suppress(psutil.NoSuchProcess):
            launcher = self.launcher.seen.pid
            return all(process and process.ppid() == launcher for process in patronis)
        return False


class BreakableClusters:
    """Gives out the same cluster again and again, as long as nothing went wrong."""

    def __init__(self) -> None:
        self._cluster: BreakableCluster | None = None

    def whole(self) -> BreakableCluster:
        """Return a cluster that is whole."""
        if self._cluster is None:
            self._cluster = BreakableCluster()
        self._cluster.wait_until_whole()
        return self._cluster

    def close(self) -> None:
        """Throw away the cluster that there is."""
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()
