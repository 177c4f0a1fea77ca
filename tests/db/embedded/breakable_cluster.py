"""A cluster for the worst tests, whose launcher is a process that may be killed."""

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
    """A process of `tests.db.embedded.launching`; `words` are what it prints."""

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
        """Wait for the next word that it prints, and expect this one."""
        printed = self._words.get(timeout=seconds)
        assert printed == word, printed

    def set_trap(self, strike: str) -> None:
        """Make it `die` or `freeze` between fence and key."""
        self._process.stdin.write(f"{strike}\n")
        self._process.stdin.flush()
        self.expect("set")

    def await_frozen(self, seconds: float = 30) -> None:
        """Wait until it is stopped."""
        stopped = psutil.STATUS_STOPPED
        eventually(self.seen.status, lambda now: now == stopped, seconds=seconds)

    def await_death(self, seconds: float = 30) -> None:
        """Wait until it has ended."""
        self._process.wait(seconds)

    def kill(self) -> None:
        """Kill it, even while it is stopped."""
        self._process.kill()
        self._process.wait()
        self._leave()

    def end(self) -> None:
        """End it cleanly, or else by force."""
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
    """One cluster at a time; after a failure it is thrown away as a whole."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="chartroom-chaos-")
        self.data = Path(self._folder.name)
        try:
            self.launch()
        except BaseException:
            self._sweep()
            raise

    def launch(self) -> None:
        """Start a launcher; an earlier one must be dead."""
        self.launcher = Helper("launch", self.data)
        self._seen: AttachedCluster = attached(self.data)

    def relaunch(self) -> None:
        """Replace the launcher by a new one, which knows nothing of what has happened.

        A supervisor waits longer and longer before restarting what keeps dying, and
        leaves the Patroni of another supervisor alone for just as long.
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
        """Return every process of the cluster except PostgreSQL's helpers."""
        folder = DataFolder(self.data)
        return child_processes.find(folder.etcd, folder.mongo, folder.postgres)

    def primary(self) -> Node:
        """Return the node that leads; fail if there is none for a while."""
        return eventually(lambda: next((n for n in self.nodes if n.is_primary), None))

    def await_leader_after(self, former: Node) -> None:
        """Wait until another node holds the leader key."""
        eventually(self._seen.etcd.leader, lambda name: name not in {None, former.name})

    def switch_over(self, candidate: Node) -> None:
        """Switch over to another node, and wait until it leads."""
        primary = self.primary()
        answer = primary.command(
            "/switchover", {"leader": primary.name, "candidate": candidate.name}
        )
        assert answer is not None
        assert answer.status == 200, answer.body
        eventually(lambda: candidate.is_primary)

    @contextmanager
    def second_supervisor(self) -> Iterator[Helper]:
        """Let another process supervise the same nodes as well."""
        other = Helper("supervise", self.data)
        try:
            yield other
        finally:
            other.end()

    def wait_until_streaming(self, seconds: float = 240) -> None:
        """Wait until all nodes play their part, whichever process started them."""
        eventually(lambda: is_whole(self.nodes), seconds=seconds)

    def wait_until_whole(self, seconds: float = 240) -> None:
        """Wait until all nodes play their part, and are children of the launcher."""
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
    """Lends the same cluster again and again, as long as nothing has gone wrong."""

    def __init__(self) -> None:
        self._cluster: BreakableCluster | None = None

    def whole(self) -> BreakableCluster:
        """Return a cluster that is whole."""
        if self._cluster is None:
            self._cluster = BreakableCluster()
        self._cluster.wait_until_whole()
        return self._cluster

    def close(self) -> None:
        """Throw the current cluster away."""
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()
