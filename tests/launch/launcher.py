"""Chartroom started as a person starts it, in a process of its own."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import cycle
from pathlib import Path

import httpx
import psutil

from db.embedded.processes import ports
from tests.kit import warm_children
from tests.kit.breaking import command_line
from tests.kit.waiting import eventually
from tests.kit.warm_start import WarmProcess

ROOT = Path(__file__).parents[2]
READY_SECONDS = 300
# Tests that do not need them go without a second web process and the front. And nobody
# works here whom a backup could disturb.
ALONE = {"CHARTROOM_SERVERS": "1", "CHARTROOM_BACKUP_WORK_PERCENT": "100"}


@cache
def _own_ports() -> Iterator[int]:
    """Yield ports that no other worker of this run uses, nor any cluster by itself."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")
    first = 10_000 + int(worker) % 10 * 500
    return cycle(range(first, first + 500))


class Launcher:
    """`python -m dashboard serve` with a data folder and a port."""

    def __init__(
        self,
        data: Path,
        *options: str,
        python: tuple[str, ...] = (sys.executable,),
        is_warm: bool = False,
    ) -> None:
        """Prepare to start it with these options, optionally with another Python.

        A warm launcher has its code loaded, and so have its web processes and its
        worker: for tests of what they do after the start.
        """
        self.data = data
        self.port = next(port for port in _own_ports() if ports.is_free(port))
        self.address = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._python = python
        self.is_warm = is_warm
        # Not beside the data, since that folder may be closed to us.
        descriptor, output_file = tempfile.mkstemp(prefix="chartroom-output-")
        os.close(descriptor)
        self.output_file = Path(output_file)
        self.process: subprocess.Popen[bytes] | WarmProcess | None = None
        self.variables: dict[str, str] = {}

    def start(self, **variables: str) -> None:
        """Start it, with no settings of this machine but these."""
        self.variables = variables
        mine = {k: v for k, v in os.environ.items() if not k.startswith("CHARTROOM_")}
        command = ["dashboard", "serve", "--data", str(self.data)]
        command += ["--port", str(self.port), *self._options]
        env = mine | ALONE | variables
        if self.is_warm:
            self.output_file.write_text("")
            self.process = WarmProcess(
                command,
                cwd=ROOT,
                env=env,
                output=self.output_file,
                python=warm_children.python(),
            )
            return
        with self.output_file.open("wb") as output:
            self.process = subprocess.Popen(
                [*self._python, "-m", *command],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """Its output so far."""
        return self.output_file.read_text()

    def await_saying(self, words: str) -> None:
        """Wait for these words in its output; fail with the output if it ends first."""

        def listen() -> str:
            assert self.process is not None
            exit_code = self.process.poll()
            output = self.output
            assert words in output or exit_code is None, (exit_code, output)
            return output

        eventually(listen, lambda output: words in output, seconds=READY_SECONDS)

    def await_ready(self) -> None:
        """Wait until it reports that it is ready."""
        self.await_saying("Chartroom is ready")

    def get(self, path: str) -> httpx.Response:
        """Send a GET request to its web server."""
        url = f"{self.address}{path}"
        # Without TLS: reading the trusted authorities would take longer than the
        # answer.
        return httpx.get(
            url,
            follow_redirects=True,
            timeout=20,
            verify=False,  # noqa: S501 - see above
        )

    def is_healthy(self) -> bool:
        """Return whether its web server reports that all is well."""
        try:
            return self.get("/health").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def await_end(self) -> int:
        """Wait until it has ended, and return its exit code."""
        assert self.process is not None
        return self.process.wait(timeout=300)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.await_end()

    def kill(self) -> None:
        """Kill it without a chance to clean up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def cut_power(self) -> None:
        """Kill it and all its processes, like a machine that loses power."""
        if self.process is not None:
            self.kill()
        left = self.processes()
        for process in left:
            # It may have ended by itself since it was listed.
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=30)

    def processes(self) -> list[psutil.Process]:
        """Return every process that works for it, whichever process started it."""
        # psutil would mistake a process for an earlier one with the same number.
        psutil.process_iter.cache_clear()
        mentioning = [p for p in psutil.process_iter() if self._mentions(p)]
        # Stand-ins end with the processes that they stand for.
        return [p for p in mentioning if not warm_children.is_stand_in(command_line(p))]

    def words_left(self) -> list[list[str]]:
        """Return the arguments of each process that still works for it."""
        return [command_line(process) for process in self.processes()]

    def child(self, name: str) -> psutil.Process:
        """Return one of its own children: the web server, a web process, the worker.

        A warm child appears an instant after the launcher has started it.
        """
        child = eventually(lambda: self.find_child(name))
        assert child is not None
        return child

    def find_child(self, name: str) -> psutil.Process | None:
        """Return one of its own children, or None while it does not exist."""
        children = [p for p in self.processes() if _is_child(name, command_line(p))]
        pids = {p.pid for p in children}
        # A process that a child starts has the child's arguments until it runs another
        # program.
        return next((p for p in children if _parent_of(p) not in pids), None)

    def _mentions(self, process: psutil.Process) -> bool:
        try:
            belongs_to = process.environ().get("CHARTROOM_DATA", "")
        except psutil.Error:
            return False
        return any(
            str(self.data) in word for word in [*command_line(process), belongs_to]
        )


def _is_child(name: str, words: list[str]) -> bool:
    # The last argument of one of several web processes is the socket of its name.
    return bool(words) and (words[-1] == name or words[-1].endswith(f"/{name}.sock"))


def _parent_of(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None


def sweep(launcher: Launcher) -> None:
    """Leave nothing of a launcher behind, so that one failure does not cause others."""
    launcher.cut_power()
    launcher.output_file.unlink(missing_ok=True)


@contextmanager
def serving(launcher: Launcher, **variables: str) -> Iterator[Launcher]:
    """Run a launcher until the block ends, and expect that it then stops cleanly."""
    try:
        launcher.start(**variables)
        launcher.await_ready()
        yield launcher
        assert launcher.stop() == 0
        assert launcher.words_left() == []
    finally:
        sweep(launcher)
