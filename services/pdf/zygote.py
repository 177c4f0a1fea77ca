"""The process that waits with its libraries loaded, and forks a reader for each file.

Started as `python -m services.pdf.zygote <descriptor of its socket>`, or by
services.pdf.recognising with more libraries. It has a single thread, so forking it is
safe, and ends when the app at the other end is gone.
"""

import gc
import math
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from typing import BinaryIO, Final

import pikepdf
from PIL import Image

from services.pdf import confinement, reading, wire
from services.pdf.wire import Refused, Request

# Forked ahead, so that no file has to wait for a fork.
SPARES: Final = 2
# A reader's own alarm comes first, unless the file has taken the reader over.
_GRACE_SECONDS: Final = 2.0
_TRY_AGAIN_SECONDS: Final = 0.1
# A fork takes the processor longer than reading a letter does. It waits until the
# sender of the last file has probably stored it, unless there is no reader for the next
# one.
_CALM_SECONDS: Final = 0.02
_DESCRIPTORS: Final = 2
# A reader's process id and its time limit.
_BEGUN: Final = struct.Struct("=if")
# The exit status of a reader that waited until the app was gone.
_NOBODY_THERE: Final = 3
Answer = Callable[[Request, int], bytes]


class Zygote:
    """Keeps readers ready, which take requests from its socket, one each.

    Each answers with what `answer` returns for a request and its open file. The zygote
    and its readers end when nobody is at the other end any more.
    """

    def __init__(
        self, control: socket.socket, sample: BinaryIO, answer: Answer
    ) -> None:
        self._control = control
        self._sample = sample
        self._answer = answer
        self._waiting: set[int] = set()
        self._working: dict[int, float] = {}
        self._calm_from = 0.0
        # Where a reader reports that it has begun.
        self._begun, self._beginning = os.pipe()
        # Receives a byte whenever a reader has ended.
        self._ended, self._ending = os.pipe()
        for end in (self._begun, self._ended, self._ending):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._ending, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Keep readers ready until the app is gone."""
        is_needed = True
        while is_needed:
            self._fork_ahead()
            self._wait()
            self._note_begun()
            is_needed = self._bury()
        for reader in (*self._waiting, *self._working):
            os.kill(reader, signal.SIGKILL)

    def _fork_ahead(self) -> None:
        while self._should_fork():
            try:
                reader = os.fork()
            except OSError:
                # The system has no room for another process now.
                return
            if reader:
                self._waiting.add(reader)
                continue
            status = 0
            try:
                self._leave()
                status = self._read_one()
            finally:
                os._exit(status)

    def _should_fork(self) -> bool:
        if not self._waiting:
            return True
        is_calm = time.monotonic() >= self._calm_from
        return is_calm and len(self._waiting) < SPARES

    def _wait(self) -> None:
        seconds = 1.0 if self._working else None
        if not self._waiting:
            seconds = _TRY_AGAIN_SECONDS
        elif len(self._waiting) < SPARES:
            seconds = _CALM_SECONDS
        select.select([self._begun, self._ended], [], [], seconds)

    def _note_begun(self) -> None:
        for reader, seconds in _BEGUN.iter_unpack(_arrived(self._begun)):
            if reader in self._waiting:
                self._waiting.remove(reader)
                now = time.monotonic()
                self._working[reader] = now + seconds + _GRACE_SECONDS
                self._calm_from = now + _CALM_SECONDS

    def _bury(self) -> bool:
        """Reap readers that ended, and kill those that have exceeded their time.

        Returns whether the app is still there.
        """
        _arrived(self._ended)
        is_needed = True
        for reader in (*self._waiting, *self._working):
            ended, status = os.waitpid(reader, os.WNOHANG)
            if ended and reader in self._waiting:
                self._waiting.remove(reader)
                if os.waitstatus_to_exitcode(status) == _NOBODY_THERE:
                    is_needed = False
                else:
                    # There may be no memory for it: forking again and again helps
                    # nobody.
                    time.sleep(_TRY_AGAIN_SECONDS)
            elif ended:
                del self._working[reader]
            elif time.monotonic() > self._working.get(reader, math.inf):
                os.kill(reader, signal.SIGKILL)
        return is_needed

    def _leave(self) -> None:
        """Become a reader."""
        confinement.die_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _read_one(self) -> int:
        """Wait for a request, process it, and return the exit status."""
        # Memory is shared until it is written to, and then copied. That takes longer
        # than reading a letter, so it is done before there is one.
        _warm_up(self._sample, "examine")
        message, files, _, _ = socket.recv_fds(
            self._control, wire.REQUEST_BYTES, _DESCRIPTORS
        )
        if len(message) < wire.REQUEST_BYTES:
            return _NOBODY_THERE
        request = Request.unpacked(message)
        os.write(self._beginning, _BEGUN.pack(os.getpid(), request.seconds))
        # A process that reads somebody's file has no use for anything of the zygote.
        self._control.close()
        self._sample.close()
        for end in (self._begun, self._beginning, self._ended, self._ending):
            os.close(end)
        file, answer = files
        _work(request, file, answer, self._answer)
        return 0


def _arrived(pipe: int) -> bytes:
    try:
        return os.read(pipe, 512 * _BEGUN.size)
    except BlockingIOError:
        return b""


def _work(request: Request, file: int, answer: int, answer_of: Answer) -> None:
    # The HEIC reader uses threads and fails without them.
    confinement.limit(
        seconds=request.seconds,
        megabytes=request.megabytes,
        may_thread=request.do == "convert",
    )
    try:
        parts = (wire.DONE, answer_of(request, file), wire.END)
    except Refused as refused:
        parts = (wire.REFUSED, refused.refusal.encode(), wire.END)
    # Closed now, because ending a process takes longer than most answers do.
    with open(answer, "wb", buffering=0) as written:
        for part in parts:
            _write(written.write, memoryview(part))


def _write(write: Callable[[memoryview], int | None], part: memoryview) -> None:
    while part:
        part = part[write(part) or 0 :]


def _write_sample(file: BinaryIO, encryption: pikepdf.Encryption | None = None) -> None:
    """Write a small PDF that uses everything that is loaded on first use."""
    with pikepdf.new() as pdf:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name("/Unheard-Of"),
        )
        page = pdf.add_blank_page()
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        page.Contents = pdf.make_stream(b"BT /F 12 Tf 72 72 Td (A) Tj ET")
        pdf.save(file, encryption=encryption or False)
    file.flush()


def _write_picture(file: BinaryIO) -> None:
    """Write a small scan of two pages, for what decoders load on first use."""
    page = Image.new("RGB", (8, 8))
    page.save(file, "TIFF", save_all=True, append_images=[page.convert("1")])
    file.flush()


def _warm_up(sample: BinaryIO, *tasks: wire.Task) -> None:
    for do in tasks:
        request = Request(do, seconds=5, megabytes=0, page=1, width=200)
        reading.answer(request, sample.fileno())


def serve(descriptor: int, answer: Answer = reading.answer) -> None:
    """Serve at the socket with this descriptor until nobody is at its other end."""
    with (
        socket.socket(fileno=descriptor) as control,
        tempfile.TemporaryFile() as sample,
    ):
        # Now, because no reader may open files later. Encrypted, because qpdf opens the
        # device for random numbers only once; the sample of each reader is not, because
        # deriving a key from a password takes fifty times as long as the rest.
        with tempfile.TemporaryFile() as locked:
            _write_sample(locked, pikepdf.Encryption(owner="", user=""))
            _warm_up(locked, "examine", "render")
        _write_sample(sample)
        _warm_up(sample, "examine", "render")
        with tempfile.TemporaryFile() as picture:
            _write_picture(picture)
            _warm_up(picture, "convert")
        confinement.confine()
        gc.freeze()
        Zygote(control, sample, answer).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
