"""Forbids the system calls that reading a PDF never needs (seccomp, Linux only)."""

import ctypes
import platform
import struct
from collections.abc import Iterable
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_FILTER: Final = 2

_POINTER: Final = 8
# Each processor's identifier in the kernel, and the index of its system call numbers.
_PROCESSORS: Final = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# System calls of a second numbering that x86_64 has as well.
_OTHER_NUMBERING: Final = 0x40000000

# Calls to connect, to start a program, to look into other processes, and those through
# which kernels have been broken into.
_FORBIDDEN: Final = {
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
}
_LEFT_TO_PROGRAMS: Final = ("execve", "execveat", "socket", "bind", "listen")
_AF_UNIX: Final = 1

# The calls that create processes: those of x86_64 alone, the old one, and the new one.
_FORKS: Final = ((57, 58), ())
_CLONE: Final = (56, 220)
_CLONE3: Final = 435
_OF_THREADS: Final = 0x00010000

# The kernel's small language for such filters: load a word, compare it, return a
# verdict.
_LOAD: Final = 0x20
_IF_EQUAL: Final = 0x15
_IF_AT_LEAST: Final = 0x35
_IF_ANY_BIT: Final = 0x45
_SAY: Final = 0x06
_NUMBER_AT: Final = 0
_PROCESSOR_AT: Final = 4
_FIRST_ARGUMENT_AT: Final = 16
_ALLOWED: Final = 0x7FFF0000
_NOT_PERMITTED: Final = 0x00050001
_NOT_THERE: Final = 0x00050026


def forbid(system: ctypes.CDLL, *, of_a_program: bool = False) -> None:
    """Make those calls fail from now on, here and in every process forked from here.

    `of_a_program` leaves what an installed program needs to start: being executed, and
    waiting at a local socket. It cannot connect. Does nothing on processors whose
    numbers are unknown, or where seccomp is forbidden.
    """
    if _is_known():
        processor, column = _PROCESSORS[platform.machine()]
        left = _LEFT_TO_PROGRAMS if of_a_program else ()
        numbers = [n[column] for call, n in _FORBIDDEN.items() if call not in left]
        first = _local_sockets_only(column) if of_a_program else []
        _install(system, _steps(processor, numbers, first))


def forbid_processes(system: ctypes.CDLL) -> bool:
    """Let this process start only threads and no processes from now on, if possible.

    Returns whether that is so: a limit on processes would also count threads, and those
    of other programs of the same user.
    """
    if not _is_known():
        return False
    return _install(system, _threads_only(*_PROCESSORS[platform.machine()]))


def _is_known() -> bool:
    return platform.machine() in _PROCESSORS and struct.calcsize("P") == _POINTER


def _install(system: ctypes.CDLL, steps: list[bytes]) -> bool:
    held = ctypes.create_string_buffer(b"".join(steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(held))
    system.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    refused: int = system.prctl(_PR_SET_SECCOMP, _FILTER, program, 0, 0)
    return not refused


def _threads_only(processor: int, column: int) -> list[bytes]:
    refused = _step(_SAY, _NOT_PERMITTED)
    return [
        _step(_LOAD, _PROCESSOR_AT),
        _step(_IF_EQUAL, processor, then=1),
        refused,
        _step(_LOAD, _NUMBER_AT),
        *(
            step
            for number in _FORKS[column]
            for step in (_step(_IF_EQUAL, number, otherwise=1), refused)
        ),
        # A filter cannot see the arguments of clone3, so callers are made to use clone.
        _step(_IF_EQUAL, _CLONE3, otherwise=1),
        _step(_SAY, _NOT_THERE),
        _step(_IF_EQUAL, _CLONE[column], otherwise=3),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_IF_ANY_BIT, _OF_THREADS, then=1),
        refused,
        _step(_SAY, _ALLOWED),
    ]


def _local_sockets_only(column: int) -> list[bytes]:
    return [
        _step(_IF_EQUAL, _FORBIDDEN["socket"][column], otherwise=4),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_IF_EQUAL, _AF_UNIX, otherwise=1),
        _step(_SAY, _ALLOWED),
        _step(_SAY, _NOT_PERMITTED),
    ]


def _steps(
    processor: int, forbidden: Iterable[int], first: Iterable[bytes]
) -> list[bytes]:
    refused = _step(_SAY, _NOT_PERMITTED)
    return [
        _step(_LOAD, _PROCESSOR_AT),
        # One step further if it is this one.
        _step(_IF_EQUAL, processor, then=1),
        refused,
        _step(_LOAD, _NUMBER_AT),
        _step(_IF_AT_LEAST, _OTHER_NUMBERING, otherwise=1),
        refused,
        *first,
        *(
            step
            for number in forbidden
            for step in (_step(_IF_EQUAL, number, otherwise=1), refused)
        ),
        _step(_SAY, _ALLOWED),
    ]


def _step(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)
