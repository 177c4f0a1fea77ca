"""Says what to do where programs get no more processes, memory or open files."""

import errno
import re
import signal
from typing import Final

_PROCESSES: Final = (
    "the system lets this user start no more processes or threads: raise that limit to "
    "2,000 or more (ulimit -u, TasksMax of a systemd unit, pids_limit of a container)"
)
_MEMORY: Final = (
    "there is no memory left: end other programs, or raise the limit (ulimit -v, "
    "MemoryMax of a systemd unit, mem_limit of a container)"
)
_FILES: Final = (
    "the system lets this program open no more files: raise that limit to 65,536 or "
    "more (ulimit -n, LimitNOFILE of a systemd unit, ulimits of a container)"
)
# Who is killed has no words left, so that only the way it ended tells.
_KILLED: Final = f"it was killed, probably because {_MEMORY}"
# In the words of Python, Go, MongoDB, PostgreSQL and OpenBLAS. Without the first words,
# the last ones may be about a lock that another process holds.
_NO_PROCESS: Final = re.compile(
    "can't start new thread|failed to create new OS thread|"
    "(thread|fork|BlockingIOError).*Resource temporarily unavailable"
)
_NO_MEMORY: Final = re.compile(
    "[Cc]annot allocate (memory|heap)|MemoryError|out of memory|std::bad_alloc|"
    "failed to (reserve page summary memory|map segment from shared object)"
)
_NO_FILE: Final = re.compile("[Tt]oo many open files|out of file descriptors")


def explain(words: str) -> str | None:
    """Return what is short by a program's words, and what to do; None if nothing is."""
    if _NO_MEMORY.search(words):
        return _MEMORY
    if _NO_FILE.search(words):
        return _FILES
    return _PROCESSES if _NO_PROCESS.search(words) else None


def explain_code(number: int | None) -> str | None:
    """Return the same by the number of the system's error that starting has met."""
    return {
        errno.EAGAIN: _PROCESSES,
        errno.ENOMEM: _MEMORY,
        errno.EMFILE: _FILES,
        errno.ENFILE: _FILES,
    }.get(number or 0)


def explain_exit(code: int | None) -> str | None:
    """Return the same by the exit code of a process that nobody here has killed."""
    return _KILLED if code == -signal.SIGKILL else None
