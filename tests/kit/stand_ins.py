"""A Python whose programs are copies of a process that already runs.

Whoever starts a program with it gets a stand-in as the child, which ends with the copy
and passes signals on; it does not return the copy's exit status. The copy has the
child's arguments, folder, variables and streams.
"""

import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

NAME = "warm-python"
_STREAMS = 3
_LONGEST_REQUEST = 100_000
# Loads only what is needed: it is one more process for each child.
_PYTHON = """\
#!{python} -ISB
import os, sys
words = sys.argv[1:]
if not ({warm}):
    os.execv({python!r}, [{python!r}, *words])
import json, select, signal, socket
passed_on = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
request = json.dumps([words, os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
    line.connect({path!r})
    socket.send_fds(line, [request], [0, 1, 2])
    process = os.pidfd_open(int(line.recv(20)))
# Whoever closes the other end is heard by the child alone, and hears from it alone.
os.close(0)
os.close(1)
def pass_on(number, frame):
    try:
        signal.pidfd_send_signal(process, number)
    except ProcessLookupError:
        pass
for number in passed_on:
    signal.signal(number, pass_on)
signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
select.select([process], [], [])
"""


@dataclass(frozen=True)
class Request:
    """What a stand-in was started with: the words after Python's name, and where."""

    words: list[str]
    cwd: Path
    env: dict[str, str]


def python(folder: Path, *, warm: str = "True") -> Path:
    """Make a Python in a folder; the expression `warm` picks the `words` for a copy.

    All other programs are started as usual. The copies are made of the process that
    calls `await_request` with the path that `meeting_place` returns for the folder.
    """
    program = folder / NAME
    path = str(meeting_place(folder))
    program.write_text(_PYTHON.format(python=sys.executable, path=path, warm=warm))
    program.chmod(0o700)
    return program


def meeting_place(folder: Path) -> Path:
    """Return the path of the socket at which stand-ins ask for copies."""
    return folder / "socket"


def await_request(path: Path, parent: int) -> Request | None:
    """Return in each copy of this process what it is to run; here, None at the end.

    The end comes when the process with the number `parent` ends.
    """
    # Nobody waits for the exit status of copies that end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    ends = os.pidfd_open(parent)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        unfinished = path.with_suffix(".new")
        server.bind(str(unfinished))
        server.listen()
        unfinished.rename(path)
        while True:
            ready, _, _ = select.select([server, ends], [], [])
            if ends in ready:
                return None
            with server.accept()[0] as line:
                request, streams, flags, _ = socket.recv_fds(
                    line, _LONGEST_REQUEST, _STREAMS
                )
                # Without an answer, a stand-in whose request was too long ends with an
                # error.
                if not flags & socket.MSG_TRUNC:
                    if not (pid := os.fork()):
                        break
                    line.send(str(pid).encode())
            for stream in streams:
                os.close(stream)
    os.close(ends)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Like a child of a launcher: Ctrl-C in a terminal is not meant for it.
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    words, cwd, env = json.loads(request)
    return Request(words, Path(cwd), env)
