"""Chartroom's programs in processes that begin with its code loaded.

A test run starts commands and servers hundreds of times, and most of a start is
importing. Here a process that has imported everything is copied for each of them.
Starting with nothing loaded is tested in tests/launch.
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

# The limit of open files of a program started from a login, unless it asks for more.
OPEN_FILES = 1_024

_starting = threading.Lock()


@contextmanager
def _nothing_to_run() -> Iterator[None]:
    """Give a process that begins here an empty main module.

    Whatever this process runs, such as a page's script, is not for the new one to run.
    Only that one entry is changed: if all of `sys.modules` were taken out and put back,
    an import in another thread meanwhile would create modules such as `io` again, whose
    exceptions are then different classes.
    """
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class WarmProcess:
    """A running program, controlled and ended like a `subprocess.Popen`."""

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
        """Run a module as `python -m` does; append its output to the files.

        `words` are the module's name and its arguments. Without a file of their own,
        errors go to the output. `python` is what the program sees as `sys.executable`,
        so what it starts with that runs in another Python.
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
        """The exit code, negative for a signal, or None while the program runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code, or None while the program runs."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send the program a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the program to end."""
        self._process.terminate()

    def kill(self) -> None:
        """Kill the program."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code and return it. Raises `subprocess.TimeoutExpired`."""
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
    """Run a module to its end, as `python -m` does, and return its output.

    `given` is its standard input.
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
        """Run the program in a process made for it, as `python -m` would."""
        os.environ.clear()
        os.environ.update(self.env)
        _name_oneself((sys.executable, "-m", *self.words), self.env)
        time.tzset()
        # The cached folder for temporary files may belong to another environment.
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
    """Show this process to others with these arguments and this data folder.

    Linux keeps both where the process began, and the process may write there. There is
    not enough space for all variables.
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
    """Append what is written to the file descriptor to the file."""
    with file.open("ab") as opened:
        os.dup2(opened.fileno(), number)
    return written_to(number)


def written_to(number: int) -> io.TextIOWrapper:
    """Return a text stream that writes to a file descriptor."""
    stream = os.fdopen(number, "wb", closefd=False)
    return io.TextIOWrapper(stream, "utf-8", line_buffering=number == 2)
