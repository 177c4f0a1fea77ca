"""Programs of Chartroom in processes that begin with its code loaded.

A run of the tests starts commands and servers hundreds of times, and most of a start is
importing. Here a process that has imported everything is copied for each. How they
begin with nothing loaded, tests/launch sees.
"""

import ctypes
import io
import multiprocessing
import os
import resource
import runpy
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.kit.loaded"])

# As many as a program has open that is begun by a login, unless it asks for more.
OPEN_FILES = 1_024

_starting = threading.Lock()


@contextmanager
def _nothing_to_run() -> Iterator[None]:
    """Show a main module that is empty to whoever begins here.

    Whatever this process runs, also a page's script, is not for the other to run. Only
    that one entry is changed: while all of them are taken out and put back, another
    thread's import makes modules such as `io` anew, and their errors are others then.
    """
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class WarmProcess:
    """A running program, to be asked and ended as a `subprocess.Popen`."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
        given: str = "",
        python: str = sys.executable,
    ) -> None:
        """Run a module as `python -m` does; append what it prints to the files.

        `words` are the module's name and its arguments. Without a file of their own,
        errors are among the output. What it starts in its turn with the Python that it
        runs in, it starts with another `python`.
        """
        program = Program(tuple(words), cwd, dict(env), python)
        self._process = _PROCESSES.Process(
            target=_run, args=(program, output, errors or output, given), daemon=True
        )
        with _nothing_to_run():
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, the negative number of a signal that ended it, or None."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return how it ended, or None for as long as it has not."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it without asking."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended, once it has; raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self.returncode


def run(
    words: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    given: str = "",
    timeout: float = 120,
) -> "subprocess.CompletedProcess[str]":
    """Run a module to its end, as `python -m` does, and return what it printed.

    It may read what it is `given` from its standard input.
    """
    with TemporaryDirectory() as folder:
        output, errors = Path(folder) / "output", Path(folder) / "errors"
        process = WarmProcess(
            words, cwd=cwd, env=env, output=output, errors=errors, given=given
        )
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(
            words, code, output.read_text(), errors.read_text()
        )


@dataclass(frozen=True)
class Program:
    """What a process is to run, and where."""

    words: tuple[str, ...]
    cwd: Path
    env: dict[str, str]
    python: str = sys.executable

    def become(self) -> None:
        """Be, in a process made for this, what `python -m` would be."""
        os.environ.clear()
        os.environ.update(self.env)
        _name_oneself((sys.executable, "-m", *self.words), self.env)
        time.tzset()
        # Where files go for a while may have been looked up for another environment.
        tempfile.tempdir = None
        os.chdir(self.cwd)
        if self.env.get("PYTHONWARNINGS") == "error":
            warnings.simplefilter("error")
        places = filter(None, self.env.get("PYTHONPATH", "").split(os.pathsep))
        sys.path[:0] = [str(self.cwd), *places]
        module, *arguments = self.words
        sys.argv = [module, *arguments]
        sys.executable = self.python
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def _run(program: Program, output: Path, errors: Path, given: str) -> None:
    sys.stdin = io.StringIO(given)
    sys.stdout = _append(output, 1)
    sys.stderr = _append(errors, 2)
    resource.setrlimit(
        resource.RLIMIT_NOFILE,
        (OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
    )
    program.become()


def _name_oneself(words: Sequence[str], env: Mapping[str, str]) -> None:
    """Let others see this process as one with these words and this data folder.

    Linux keeps both where the process began, which may write there. There is no room
    for all variables.
    """
    data = env.get("CHARTROOM_DATA", "")
    # proc(5) counts from one, and the name in brackets is the second.
    fields = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
    first, after_words, first_variable, after_all = map(int, fields[45:49])
    _write(first, after_words, words)
    _write(first_variable, after_all, [f"CHARTROOM_DATA={data}"])


def _write(first: int, after: int, texts: Sequence[str]) -> None:
    data = b"".join(os.fsencode(text) + b"\0" for text in texts)[: after - first - 1]
    ctypes.memmove(first, data.ljust(after - first, b"\0"), after - first)


def _append(file: Path, number: int) -> io.TextIOWrapper:
    """Let what is written to the file descriptor go to the end of the file."""
    with file.open("ab") as opened:
        os.dup2(opened.fileno(), number)
    return written_to(number)


def written_to(number: int) -> io.TextIOWrapper:
    """Return what is printed on to write to a file descriptor."""
    stream = os.fdopen(number, "wb", closefd=False)
    return io.TextIOWrapper(stream, "utf-8", line_buffering=number == 2)
