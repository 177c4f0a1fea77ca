"""The cluster's processes: started apart from the terminal, stopped for certain."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import psutil

from db.embedded.data_folder import CannotStart, translate_os_errors
from db.embedded.polling import look_until
from db.embedded.processes import shortages
from db.embedded.processes.programs import OWN_SERVERS
from db.open_files import allow_open_files

_MAX_LOG_BYTES: Final = 10_000_000
# A start writes less, even one that ends in the stacks of all threads.
_MAX_START_BYTES: Final = 1_000_000
# What a program wrote before it ended; earlier words are about something else.
_LAST_BYTES: Final = 10_000
_FORMER: Final = ".1.log"
# It does not append to them: after a week, it begins each anew by itself.
_OF_POSTGRES: Final = re.compile(r"-(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\.log$")
# What the system's loader says of a library that a program needs, or of its version.
_LACKING: Final = re.compile(
    "error while loading shared libraries: ([^ :]+)|version `([^']+)' not found"
)
_DEATH_SECONDS: Final = 10.0
_HEARD_SECONDS: Final = 1.0
# Somebody waits for the start: polling should not add to that.
_LONGEST_PAUSE_SECONDS: Final = 0.1
# As a module, or as our own program around it.
_PATRONIS: Final = frozenset({"patroni", "swift_patroni"})
_OURS: Final = frozenset(
    {
        "etcd",
        "mongod",
        "postgres",
        "initdb",
        "pg_basebackup",
        "pg_controldata",
        "pg_ctl",
        "pg_receivewal",
        "pg_rewind",
        "pg_verifybackup",
    }
)


@dataclass(slots=True)
class Program:
    """A program that should run: its command, and its process if it has one."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    directory: Path
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _log_start: int = field(default=0, repr=False)
    _killed_here: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the program; its output goes to the log."""
        allow_open_files()
        with translate_os_errors(self.directory), open_log(self.log) as output:
            self._log_start = output.tell()
            # A session of its own: Ctrl-C in the terminal is for the launcher, which
            # then stops the programs in the right order.
            self.process = subprocess.Popen(  # noqa: S603
                self.command,
                env=self.environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def config_path(self) -> Path:
        """The configuration file of a program whose last argument it is."""
        return Path(self.command[-1])

    @property
    def is_running(self) -> bool:
        """Whether the program was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Kill the program and wait until it is gone."""
        # The supervisor may have started another process before this one is waited for.
        if (process := self.process) is not None:
            if process.poll() is None:
                self._killed_here = process
            process.kill()
            process.wait()

    @property
    def ending(self) -> str | None:
        """How it ended, and what to do; None if it runs, or was killed by `kill`."""
        process = self.process
        if process is None or process is self._killed_here or self.is_running:
            return None
        code = process.returncode
        if reason := shortages.explain_exit(code):
            return reason
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}: {self._last_shortage or f'see {self.log}'}"

    @property
    def _last_shortage(self) -> str | None:
        """What the system lacked, by the program's last words, if it did."""
        with suppress(OSError), self.log.open("rb") as log:
            # It may have been emptied since the start.
            end = log.seek(0, os.SEEK_END)
            start = self._log_start if self._log_start <= end else 0
            log.seek(max(start, end - _LAST_BYTES))
            return shortages.explain(log.read().decode(errors="replace"))
        return None

    @property
    def shortage(self) -> str | None:
        """What the system lacked, by the program's words since its start, if it did."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(self._log_start)
            return shortages.explain(
                log.read(_MAX_START_BYTES).decode(errors="replace")
            )
        return None

    def require_running(self) -> None:
        """Raise CannotStart with what the program wrote last if it has ended."""
        if self.is_running:
            return
        code = self.process.returncode if self.process is not None else None
        if shortage := self.shortage or shortages.explain_exit(code):
            raise CannotStart(f"{self.name} could not start: {shortage}.")
        words = last_words(self.log)
        if lacking := _LACKING.search(words):
            raise CannotStart(
                f"{self.name} needs {lacking[1] or lacking[2]}, which this system does "
                "not have: install it (libcurl.so.4 is in the package libcurl4 of "
                f"Debian and Ubuntu), use a newer system, or {OWN_SERVERS}."
            )
        raise CannotStart(
            f"{self.name} stopped while starting: {words} See {self.log}."
        )


def wait_for(
    condition: Callable[[], bool], programs: Iterable[Program], *, seconds: float
) -> None:
    """Wait until the condition holds; raises CannotStart if a program ends first."""
    watched = tuple(programs)

    def holds() -> bool:
        if condition():
            return True
        for program in watched:
            program.require_running()
        return False

    if not look_until(
        holds, seconds=seconds, longest_pause_seconds=_LONGEST_PAUSE_SECONDS
    ):
        names = " and ".join(program.name for program in watched)
        for program in watched:
            if shortage := program.shortage:
                raise CannotStart(f"{program.name} did not become ready: {shortage}.")
        raise CannotStart(
            f"{names} did not become ready within {seconds:.0f} seconds: see "
            f"{watched[0].log}."
        )


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; one that has grown too long is renamed first."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > _MAX_LOG_BYTES:
            path.replace(path.with_suffix(_FORMER))
    return path.open("ab")


def limit_logs(folder: Path) -> None:
    """Copy logs that have grown too long, while they are written, and empty them.

    Programs append to their logs, and go on at the beginning of an emptied one. What is
    written in between is lost, and on a full disk, what cannot be copied. The logs that
    PostgreSQL writes itself are left to it.
    """
    for log in folder.glob("*.log"):
        if log.name.endswith(_FORMER) or _OF_POSTGRES.search(log.name):
            continue
        with suppress(OSError):
            if log.stat().st_size > _MAX_LOG_BYTES:
                with suppress(OSError):
                    shutil.copy(log, log.with_suffix(_FORMER))
                os.truncate(log, 0)


def last_words(log: Path) -> str:
    """Return the last line of a log that is not empty."""
    with suppress(OSError):
        lines = log.read_text(errors="replace").splitlines()
        for line in reversed(lines[-50:]):
            if line.strip():
                return line.strip()[:300]
    return "it printed nothing."


def find(*places: Path) -> list[psutil.Process]:
    """Return the cluster's processes that name files in these places, or work there.

    That is how the remains of a killed launcher are recognised: there is no list on
    disk to be out of date, and no process id to be mistaken for a later one. If the
    data folder was renamed since, they name its former place, and work in this one.
    """
    parts = tuple(f"{place}/" for place in places)
    processes = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and _is_ours(process, parts):
                # psutil caches processes: a new one with the id of one that is gone
                # would be taken for the old one, and be spared.
                processes.append(psutil.Process(process.pid))
    return processes


def end(processes: Sequence[psutil.Process], *, grace_seconds: float) -> None:
    """Stop processes: first cleanly, then by force; return when they are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(_polite(process))
    if not await_end(processes, grace_seconds):
        kill(processes)


def kill(processes: Sequence[psutil.Process]) -> bool:
    """Kill processes; return whether they are certain to be gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return await_end(processes, _DEATH_SECONDS)


def await_end(processes: Iterable[psutil.Process], seconds: float) -> bool:
    """Wait until processes have ended; return whether all of them did in time."""
    deadline = time.monotonic() + seconds
    while any(_lives(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _lives(process: psutil.Process) -> bool:
    # A zombie has ended; reaping it is its parent's business. The parent of an orphan
    # may be a container's first program, which never does.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop(programs: Iterable[Program], *, seconds: float) -> None:
    """Stop programs together: first cleanly, by force after this many seconds."""
    end_children(
        (p.process for p in programs if p.process is not None), seconds=seconds
    )


def end_children(
    started: Iterable[subprocess.Popen[bytes]],
    *,
    seconds: float,
) -> None:
    """Stop processes of our own together, and return when they are gone."""
    started = tuple(started)
    for process in started:
        process.terminate()
    deadline = time.monotonic() + seconds
    for process in started:
        if not _is_gone(process, max(0.0, deadline - time.monotonic())):
            process.kill()
            _is_gone(process, None)


def _is_gone(process: "subprocess.Popen[bytes]", seconds: float | None) -> bool:
    """Wait until a process of our own has ended, with a limit; return whether it has.

    It does not use the process's `wait`, which takes a lock: a signal handler's
    exception, which tells a thread to stop, may have interrupted that thread while it
    asked whether the process runs, and the lock then stays taken.
    """
    if process.returncode is not None:
        return True
    with suppress(psutil.NoSuchProcess):
        try:
            code = psutil.Process(process.pid).wait(seconds)
        except psutil.TimeoutExpired:
            return False
        # Its supervisor may have noticed first, and has the code: psutil gets none
        # then.
        if process.returncode is None:
            process.returncode = code
    # A thread that noticed first holds the lock until it has stored the code.
    look_until(
        lambda: process.poll() is not None,
        seconds=_HEARD_SECONDS,
        longest_pause_seconds=_LONGEST_PAUSE_SECONDS,
    )
    return True


def _polite(process: psutil.Process) -> signal.Signals:
    # PostgreSQL takes SIGTERM for "wait until all clients have disconnected".
    is_postgres = Path(process.cmdline()[0]).name == "postgres"
    return signal.SIGINT if is_postgres else signal.SIGTERM


def _is_ours(process: psutil.Process, parts: tuple[str, ...]) -> bool:
    # This checks every process of the machine, and few are such programs: so that is
    # checked first.
    command = process.cmdline()
    if not command or not _is_of_a_cluster(command):
        return False
    files = "/\0".join(command[1:]) + "/"
    if any(part in files for part in parts):
        return True
    return f"{process.cwd()}/".startswith(parts)


def _is_of_a_cluster(command: list[str]) -> bool:
    if command[0].rpartition("/")[2] in _OURS:
        return True
    named = (argument for argument in command if "patroni" in argument)
    return any(Path(argument).stem in _PATRONIS for argument in named)
