"""Makes certain that a PostgreSQL is dead, down to its last process."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from db.embedded.processes import child_processes

_SEGMENTS: Final = Path("/proc/sysvipc/shm")
_GONE_SECONDS: Final = 10.0
# Where postmaster.pid notes the shared memory segment, counted from nought.
_SEGMENT_LINE: Final = 6


def recorded_pid(data: Path) -> int:
    """Return the server's number as PostgreSQL noted it when it started.

    It notes a negative one for a repair without a server. Raises OSError, ValueError
    or IndexError where nothing is noted.
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
    """Kill a PostgreSQL, and tell whether it is certain that nothing of it is left.

    Backends outlive a server that was killed for a moment, and one of them could still
    acknowledge a commit. They hold on to the server's shared memory: the kernel counts
    them there, however they were started, which is what PostgreSQL relies on as well.
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
    """Return PostgreSQL's processes that work in this directory, if we may see that."""
    orphans = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd() == str(data):
                # Not the one that psutil may have seen under this number before.
                orphans.append(psutil.Process(process.pid))
    return orphans


def _segment(data: Path) -> tuple[str, str] | None:
    """Return the key and number of the shared memory that the server noted."""
    with suppress(OSError, ValueError, IndexError):
        line = (data / "postmaster.pid").read_text().splitlines()[_SEGMENT_LINE]
        key, number = line.split()
        return key, number
    return None


def _is_held(segment: tuple[str, str] | None) -> bool:
    """Tell whether a process is attached to it; only Linux lets everybody know."""
    with suppress(OSError):
        for line in _SEGMENTS.read_text().splitlines()[1:]:
            words = line.split()
            if segment == (words[0], words[1]):
                return int(words[6]) > 0
    return False
