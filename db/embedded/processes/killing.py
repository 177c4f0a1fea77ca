"""Makes certain that a PostgreSQL is dead, down to its last process."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from db.embedded.processes import child_processes

_SEGMENTS: Final = Path("/proc/sysvipc/shm")
_GONE_SECONDS: Final = 10.0
# The line of postmaster.pid with the shared memory segment, counted from zero.
_SEGMENT_LINE: Final = 6


def recorded_pid(data: Path) -> int:
    """Return the server's process id as PostgreSQL recorded it when it started.

    It records a negative one in single-user mode. Raises OSError, ValueError or
    IndexError if nothing is recorded.
    """
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def family(data: Path, postmaster: psutil.Process | None) -> list[psutil.Process]:
    """Return the processes of this data directory, as far as they can be found."""
    processes = child_processes.find(data)
    with suppress(psutil.Error):
        if postmaster is not None:
            processes += postmaster.children(recursive=True)
    known = {process.pid for process in processes}
    return processes + [orphan for orphan in _orphans(data) if orphan.pid not in known]


def end(data: Path, postmaster: psutil.Process | None) -> bool:
    """Kill a PostgreSQL, and return whether it is certain that nothing is left of it.

    Backends outlive a killed server for a moment, and one of them could still
    acknowledge a commit. They stay attached to the server's shared memory: the kernel
    counts them there, however they were started, and PostgreSQL relies on that as well.
    """
    segment = _segment(data)
    deadline = time.monotonic() + _GONE_SECONDS
    while child_processes.kill(family(data, postmaster)):
        if not _is_held(segment):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return False


def _orphans(data: Path) -> list[psutil.Process]:
    """Return PostgreSQL processes that work in this directory, if we may see that."""
    orphans = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd() == str(data):
                # Not the one that psutil may have cached under this id.
                orphans.append(psutil.Process(process.pid))
    return orphans


def _segment(data: Path) -> tuple[str, str] | None:
    """Return the key and id of the shared memory that the server recorded."""
    with suppress(OSError, ValueError, IndexError):
        line = (data / "postmaster.pid").read_text().splitlines()[_SEGMENT_LINE]
        key, number = line.split()
        return key, number
    return None


def _is_held(segment: tuple[str, str] | None) -> bool:
    """Return whether a process is attached to it; only Linux shows that to anybody."""
    with suppress(OSError):
        for line in _SEGMENTS.read_text().splitlines()[1:]:
            words = line.split()
            if segment == (words[0], words[1]):
                return int(words[6]) > 0
    return False
