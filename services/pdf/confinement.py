"""Takes from the process that reads PDFs what it does not need for reading."""

import ctypes
import math
import os
import resource
import signal
import stat
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from services.pdf import system_calls

NOBODY: Final = 65534
_MEGABYTE: Final = 1024 * 1024
# The file, the answer, and the fonts for pages that embed none of their own.
_OPEN_FILES: Final = 32
_FONTS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts")
# Programs, their libraries and their settings, none of which are secret.
_INSTALLED: Final = ("/usr", "/lib", "/lib64", "/bin", "/opt")
_READ_BY_PROGRAMS: Final = (
    "/etc/fonts",
    "/etc/libreoffice",
    "/etc/ld.so.cache",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/var/cache/fontconfig",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
    "/proc",
)
# These and not their folder, which also contains the shared memory of programs.
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_LARGEST_FILE: Final = 256 * _MEGABYTE

_IS_LINUX: Final = sys.platform == "linux"
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
# The same on every processor: system calls this recent have common numbers.
_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_ONLY_THE_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_READ_FILE_AND_FOLDER: Final = 1 << 2 | 1 << 3
_READ_AND_RUN: Final = _READ_FILE_AND_FOLDER | 1 << 0
_READ_AND_WRITE: Final = _READ_FILE_AND_FOLDER | 1 << 1
_MAKE_SOCKET: Final = 1 << 9
_ALL: Final = ~0
# The others apply to folders only.
_OF_FILES: Final = 1 << 0 | 1 << 1 | 1 << 2
# How many kinds of file access each version of Landlock knows.
_KINDS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_SINCE_TCP: Final = 4
_BIND_AND_CONNECT: Final = 1 << 0 | 1 << 1
_SINCE_SCOPES: Final = 6
_SOCKETS_AND_SIGNALS: Final = 1 << 0 | 1 << 1


def confine() -> None:
    """Give up root, the network, and all files except fonts and open ones.

    For good, and for every process forked from here on. What the system does not offer
    is left out: the limits and the separate process remain.
    """
    _become_nobody()
    if _IS_LINUX:
        system = _system()
        # One reader must not look into another, which reads somebody else's file.
        system.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        with suppress(OSError):
            _landlock(system, dict.fromkeys(_FONTS, _READ_FILE_AND_FOLDER))
        system_calls.forbid(system)


def confine_program(
    program: str, folder: str, *, seconds: float, megabytes: int
) -> None:
    """Give up all that an installed program does not need to work in a folder.

    It may read and run what is installed, write only to the folder, and connect to
    nobody. Limits its time, its memory, and the size of the files it writes.
    """
    _become_nobody()
    die_with_parent()
    if _IS_LINUX:
        system = _system()
        runs = dict.fromkeys((*_INSTALLED, os.path.dirname(program)), _READ_AND_RUN)  # noqa: PTH120
        reads = dict.fromkeys(_READ_BY_PROGRAMS, _READ_FILE_AND_FOLDER)
        with suppress(OSError):
            writes = dict.fromkeys(_DEVICES, _READ_AND_WRITE)
            own = {"/tmp": _MAKE_SOCKET, folder: _ALL}  # noqa: S108
            _landlock(system, runs | reads | writes | own)
        system_calls.forbid(system, of_a_program=True)
    for kind, most in (
        (resource.RLIMIT_AS, megabytes * _MEGABYTE),
        (resource.RLIMIT_CPU, math.ceil(seconds) + 1),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
    ):
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def _become_nobody() -> None:
    # A crash must not write what is being read into a core file.
    with suppress(OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.geteuid() == 0:
        with suppress(OSError):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)


def limit(*, seconds: float, megabytes: int, may_thread: bool) -> None:
    """Limit the time and memory of this process, which may start no other.

    With `may_thread` it may start threads, if they can be told apart from processes.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    threads_only = may_thread and _IS_LINUX and system_calls.forbid_processes(_system())
    processor_seconds = math.ceil(seconds) + 1
    for kind, most in (
        (resource.RLIMIT_AS, megabytes * _MEGABYTE),
        (resource.RLIMIT_CPU, processor_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        *(() if threads_only else ((resource.RLIMIT_NPROC, 0),)),
    ):
        # macOS refuses some of them.
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def die_with_parent() -> None:
    """Have the system kill this process when the one that forked it is gone."""
    if _IS_LINUX:
        with suppress(OSError):
            _system().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _landlock(system: ctypes.CDLL, allowed: Mapping[str, int]) -> None:
    """Forbid files outside the allowed folders, connecting, and signalling."""
    version = system.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _ONLY_THE_VERSION)
    if version < 1:
        return
    handled = [(1 << _KINDS[min(version, max(_KINDS))]) - 1]
    if version >= _SINCE_TCP:
        handled.append(_BIND_AND_CONNECT)
    if version >= _SINCE_SCOPES:
        handled.append(_SOCKETS_AND_SIGNALS)
    attributes = struct.pack(f"={len(handled)}Q", *handled)
    rules = system.syscall(_LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return
    try:
        for folder, access in allowed.items():
            _allow(system, rules, folder, access & handled[0])
        system.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        system.syscall(_LANDLOCK_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(system: ctypes.CDLL, rules: int, folder: str, access: int) -> None:
    try:
        opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            access &= _OF_FILES
        beneath = struct.pack("=Qi", access, opened)
        system.syscall(_LANDLOCK_ADD_RULE, rules, _PATH_BENEATH, beneath, 0)
    finally:
        os.close(opened)


def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
