"""The web processes and the worker of a warm launcher, with Chartroom's code loaded.

A launcher starts them with the Python that it runs in itself. A warm one is told of
another, which has them copied from a process that has imported everything, and stands
in the place of each for its parent: it ends with it, and passes signals on. All other
programs that are started with it are what they would be.
"""

import atexit
import functools
import json
import os
import select
import shutil
import signal
import socket
import sys
from pathlib import Path
from tempfile import mkdtemp

from tests.kit.waiting import eventually
from tests.kit.warm_start import Program, WarmProcess, written_to

_NAME = "warm-python"
_STREAMS = 3
_LONGEST_REQUEST = 100_000
# Neither loads anything that is not needed: it is a process more for each child.
_PYTHON = """\
#!{python} -ISB
import os, sys
words = sys.argv[1:]
if words[:2] != ["-m", "dashboard"] or words[2] not in ("web", "worker"):
    os.execv({python!r}, [{python!r}, *words])
import json, select, signal, socket
passed_on = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
request = json.dumps([words[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
    line.connect({path!r})
    socket.send_fds(line, [request], [0, 1, 2])
    process = os.pidfd_open(int(line.recv(20)))
# Whoever closes the other end is heard by the child alone.
os.close(0)
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


@functools.cache
def python() -> str:
    """Return the path of a Python in which `python -m dashboard web` begins warm."""
    folder = Path(mkdtemp(prefix="chartroom-warm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path, program = folder / "socket", folder / _NAME
    program.write_text(_PYTHON.format(python=sys.executable, path=str(path)))
    program.chmod(0o700)
    WarmProcess(
        [__name__, str(path), str(os.getpid())],
        cwd=Path.cwd(),
        env=os.environ,
        output=folder / "output",
    )
    eventually(path.exists)
    return str(program)


def is_stand_in(words: list[str]) -> bool:
    """Tell whether a process with these words only waits for a warm child."""
    return any(Path(word).name == _NAME for word in words)


def _copy_as_asked(path: Path, parent: int) -> None:
    """Become a copy of this process that has to be a child, or end with the parent."""
    # Of those that end, nobody wants to know how.
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
                return
            with server.accept()[0] as line:
                request, streams, _, _ = socket.recv_fds(
                    line, _LONGEST_REQUEST, _STREAMS
                )
                if not (pid := os.fork()):
                    break
                line.send(str(pid).encode())
            for stream in streams:
                os.close(stream)
    os.close(ends)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # As one that a launcher starts: Ctrl-C in a terminal is not for it.
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), written_to(1), written_to(2)
    words, cwd, env = json.loads(request)
    Program(tuple(words), Path(cwd), env).become()


if __name__ == "__main__":
    _copy_as_asked(Path(sys.argv[1]), int(sys.argv[2]))
