"""The process that waits with its libraries loaded, and forks one reader per file.

Started as `python -m services.pdf.zygote <descriptor of its socket>`. It has a single
thread, so forking it is safe, and ends when the app at the other end is gone.
"""

import gc
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pikepdf

from services.pdf import confinement, reading, wire
from services.pdf.wire import Refused, Request

# A reader's own alarm comes first, unless the file has taken the reader over.
_GRACE_SECONDS: Final = 2.0
_DESCRIPTORS: Final = 2


class Zygote:
    """Takes requests from its socket until nobody is at the other end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, float] = {}
        # A byte arrives here whenever a child has ended.
        self._ended, self._ending = socket.socketpair()
        for end in (self._ended, self._ending):
            end.setblocking(False)
        signal.set_wakeup_fd(self._ending.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Fork a reader for every request; return when the app is gone."""
        while True:
            waited = [self._control, self._ended]
            ready, _, _ = select.select(waited, [], [], 1 if self._children else None)
            self._bury()
            if self._control in ready and not self._take():
                break
        for child in self._children:
            os.kill(child, signal.SIGKILL)

    def _take(self) -> bool:
        message, files, _, _ = socket.recv_fds(
            self._control, wire.REQUEST_BYTES, _DESCRIPTORS
        )
        while message and len(message) < wire.REQUEST_BYTES:
            rest = self._control.recv(wire.REQUEST_BYTES - len(message))
            if not rest:
                return False
            message += rest
        try:
            if message:
                self._fork(Request.unpacked(message), *files)
        finally:
            for file in files:
                os.close(file)
        return bool(message)

    def _fork(self, request: Request, file: int, answer: int) -> None:
        try:
            child = os.fork()
        except OSError:
            # Its end of the answer closes, and the app says that it cannot be read.
            return
        if child:
            self._children[child] = time.monotonic() + request.seconds + _GRACE_SECONDS
            return
        try:
            self._leave()
            _work(request, file, answer)
        finally:
            os._exit(0)

    def _leave(self) -> None:
        """Become a reader: nothing of the zygote's is its business."""
        confinement.die_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._control, self._ended, self._ending):
            end.close()

    def _bury(self) -> None:
        """Take note of children that ended, and end those that do not by themselves."""
        with suppress(BlockingIOError):
            self._ended.recv(4096)
        for child, until in tuple(self._children.items()):
            if os.waitpid(child, os.WNOHANG) != (0, 0):
                del self._children[child]
            elif time.monotonic() > until:
                os.kill(child, signal.SIGKILL)


def _work(request: Request, file: int, answer: int) -> None:
    confinement.limit(seconds=request.seconds, megabytes=request.megabytes)
    try:
        parts = (wire.DONE, reading.answer(request, file), wire.END)
    except Refused as refused:
        parts = (wire.REFUSED, refused.refusal.encode(), wire.END)
    with open(answer, "wb", buffering=0, closefd=False) as written:
        for part in parts:
            _write(written.write, memoryview(part))


def _write(write: Callable[[memoryview], int | None], part: memoryview) -> None:
    while part:
        part = part[write(part) or 0 :]


def _warm_up() -> None:
    """Load what loads itself at its first use: no reader may open files later."""
    with tempfile.TemporaryFile() as file, pikepdf.new() as pdf:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name("/Unheard-Of"),
        )
        page = pdf.add_blank_page()
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        page.Contents = pdf.make_stream(b"BT /F 12 Tf 72 72 Td (A) Tj ET")
        # Encrypted, because qpdf opens the device for random numbers but once.
        pdf.save(file, encryption=pikepdf.Encryption(owner="", user=""))
        file.flush()
        for do in ("examine", "render"):
            request = Request(do, seconds=5, megabytes=0, page=1, width=200)
            reading.answer(request, file.fileno())


def main() -> None:
    """Serve at the socket whose descriptor is the first argument."""
    with socket.socket(fileno=int(sys.argv[1])) as control:
        _warm_up()
        confinement.confine()
        gc.freeze()
        Zygote(control).serve()


if __name__ == "__main__":
    main()
