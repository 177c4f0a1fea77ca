"""Has a ClamAV daemon scan files for viruses, without writing them anywhere."""

import logging
import socket
import struct
from collections.abc import Iterable
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from db.settings import Settings
from services.core.errors import Unavailable
from services.pdf.sources import Readable, pieces_of

_PORT: Final = 3310
# A scanner that is down is noticed soon; one that works on 50 MB may take its time.
_CONNECT_SECONDS: Final = 3.0
_SCAN_SECONDS: Final = 60.0
_MAX_REPLY: Final = 4096
_LENGTH: Final = struct.Struct("!L")
_log = logging.getLogger(__name__)


Verdict = Literal["clean", "infected"]


class ScannerUnavailable(Unavailable):
    """The scanner gives no verdict now."""

    def __init__(self) -> None:
        super().__init__(
            "The virus scanner is not responding. The file waits until it has been "
            "scanned; nobody can open it before then."
        )


class NoVerdict(ScannerUnavailable):
    """The scanner answers, but cannot judge this file: too large, or too complex."""


class ClamdScanner:
    """A clamd, at `unix:///path/to/its.socket` or `tcp://host:3310`.

    Every scan has a connection of its own, so any number of threads may scan.
    """

    def __init__(self, url: str, *, seconds: float = _SCAN_SECONDS) -> None:
        self._url = urlsplit(url)
        self._seconds = seconds

    def scan(self, source: Readable | int) -> Verdict:
        """Return the verdict on a whole file; the position of an open one stays.

        Raises ScannerUnavailable, and NoVerdict if that is because of the file.
        """
        try:
            clamd = self._connected()
        except OSError as error:
            _log.warning(
                "The virus scanner cannot be reached: %s.", type(error).__name__
            )
            raise ScannerUnavailable from None
        with clamd:
            try:
                return _verdict(_reply_to(clamd, pieces_of(source)))
            except OSError as error:
                _log.warning(
                    "The virus scanner did not finish: %s.", type(error).__name__
                )
                raise NoVerdict from None

    def _connected(self) -> socket.socket:
        if self._url.scheme == "unix":
            clamd = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                clamd.settimeout(_CONNECT_SECONDS)
                clamd.connect(unquote(self._url.path))
            except BaseException:
                clamd.close()
                raise
        else:
            address = (self._url.hostname or "", self._url.port or _PORT)
            clamd = socket.create_connection(address, _CONNECT_SECONDS)
        clamd.settimeout(self._seconds)
        return clamd


def scanner_of(settings: Settings) -> ClamdScanner | None:
    """Return the scanner that these settings name, or None."""
    return ClamdScanner(settings.clamd_url) if settings.clamd_url else None


def _verdict(reply: bytes) -> Verdict:
    if reply == b"stream: OK":
        return "clean"
    if reply.endswith(b" FOUND"):
        return "infected"
    if b"size limit" in reply:
        _log.warning(
            "The virus scanner accepts no file this large: see StreamMaxLength."
        )
    else:
        _log.warning("The virus scanner gave no verdict.")
    raise NoVerdict


def _reply_to(clamd: socket.socket, pieces: Iterable[bytes | memoryview]) -> bytes:
    """Send the file in pieces, each preceded by its length; return clamd's reply."""
    try:
        clamd.sendall(b"zINSTREAM\0")
        for piece in pieces:
            clamd.sendall(_LENGTH.pack(len(piece)))
            clamd.sendall(piece)
        clamd.sendall(_LENGTH.pack(0))
    except (BrokenPipeError, ConnectionResetError):
        # clamd stops listening when the file gets too large, and may have replied.
        pass
    reply = b""
    while len(reply) < _MAX_REPLY and not reply.endswith(b"\0"):
        received = clamd.recv(_MAX_REPLY)
        if not received:
            break
        reply += received
    return reply.rstrip(b"\0\n")
