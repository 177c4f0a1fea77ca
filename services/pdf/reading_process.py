"""The app's end of the process that reads PDFs: started when needed, and restarted."""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final
from weakref import finalize

import services
from services.pdf import wire
from services.pdf.wire import Request

_ROOT: Final = Path(services.__path__[0]).resolve().parent
_READING: Final = f"{__package__}.zygote"
# What Python needs to start, and nothing that is secret.
_VARIABLES: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG")
_PIECE: Final = 256 * 1024
# The reader's own alarm comes first.
_GRACE_SECONDS: Final = 5.0
_END_SECONDS: Final = 5.0
_DYING_SECONDS: Final = 0.2


class ReadingProcess:
    """Sends requests to one zygote; for use by any number of threads.

    `program` is the module that the zygote runs.
    """

    def __init__(self, program: str = _READING) -> None:
        self._program = program
        self._lock = Lock()
        self._started: _Started | None = None

    def ask(self, request: Request, file: int) -> bytes | None:
        """Return the answer, or None if the reader died over the file or took too long.

        A zygote that is gone is restarted.
        """
        # The second try uses a new zygote, so that nobody suffers from the death of the
        # old one.
        for _ in range(2):
            zygote = self._running()
            answer = zygote.ask(request, file)
            if answer is not None or not zygote.has_died():
                return answer
        return None

    def close(self) -> None:
        """End the process; does nothing if none was started."""
        with self._lock:
            started, self._started = self._started, None
        if started is not None:
            started.end()

    def _running(self) -> "_Started":
        with self._lock:
            if self._started is None or not self._started.is_alive():
                if self._started is not None:
                    self._started.end()
                self._started = _Started(self._program)
            return self._started


class _Started:
    """One zygote, from its start to its end."""

    def __init__(self, program: str) -> None:
        self._lock = Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own words)
                [sys.executable, "-m", program, str(theirs.fileno())],
                cwd=_ROOT,
                env={k: os.environ[k] for k in _VARIABLES if k in os.environ},
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # The complaints of libraries may quote the file.
                stderr=subprocess.DEVNULL,
                # Control+C in a terminal is for the app, which then ends this process.
                start_new_session=True,
            )
        self.end = finalize(self, _end, self._control, self._process)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def has_died(self) -> bool:
        # Its sockets are closed a moment before the system reports it dead.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_SECONDS)
        return not self.is_alive()

    def ask(self, request: Request, file: int) -> bytes | None:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, suppress(OSError), self._lock:
                files = [file, theirs.fileno()]
                socket.send_fds(self._control, [request.packed()], files)
            return _received(ours, time.monotonic() + request.seconds + _GRACE_SECONDS)


def _end(control: socket.socket, process: subprocess.Popen[bytes]) -> None:
    # It ends when nobody is at the other end.
    control.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _received(answer: socket.socket, until: float) -> bytes | None:
    """Return everything up to the end mark; None if it is missing or too late."""
    received = bytearray()
    while len(received) <= wire.MAX_ANSWER_BYTES:
        left = until - time.monotonic()
        if left <= 0:
            return None
        answer.settimeout(left)
        try:
            piece = answer.recv(_PIECE)
        except OSError:
            return None
        if not piece:
            break
        received += piece
    return bytes(received) if received.endswith(wire.END) else None
