"""Sending files in pieces, and never bytes that differ from what was stored."""

import re
import unicodedata
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Send

from api.core.files.ranges import Span
from db.files.gridfs import FileStore
from db.postgres import DatabaseUnavailable
from services.core.errors import Unavailable
from services.documents import records
from services.documents.records.errors import Damaged
from services.documents.records.model import VersionRecord

PDF: Final = "application/pdf"
_PIECE_BYTES: Final = 256 * 1024
_ENDINGS: Final = (".pdf",)
# Safe between quotes for every client; a percent sign would be read as an escape.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9 ._()+,=@~#!&-]")
_NAMELESS: Final = "document"


class ReleasingResponse(StreamingResponse):
    """Sends pieces, and releases their source however that ends."""

    def __init__(
        self, pieces: Iterator[bytes], release: Callable[[], object], **options: Any
    ) -> None:
        super().__init__(pieces, **options)
        self._release = release

    async def stream_response(self, send: Send) -> None:
        """Send the pieces."""
        try:
            await super().stream_response(send)
        finally:
            # A client that leaves midway must not leave a cursor or a file open.
            with CancelScope(shield=True):
                await run_in_threadpool(self._release)


class FileResponse(ReleasingResponse):
    """Sends a file's pieces, and closes the file at the end."""

    def __init__(
        self,
        pieces: Generator[bytes],
        length: int,
        *,
        status: int = 200,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(
            pieces,
            pieces.close,
            status_code=status,
            headers={**headers, "Content-Length": str(length)},
            media_type=PDF,
        )


def pieces_of(
    files: FileStore,
    version: VersionRecord,
    span: Span,
    note_damage: Callable[[], object],
) -> Generator[bytes]:
    """Return the pieces of a part of a file, with the first one already read.

    So a file that cannot be opened is refused before anything is sent. One that turns
    out damaged later breaks the answer off: nobody gets a whole file with wrong bytes.
    Raises FileGone, Damaged, FilesUnavailable.
    """
    return with_first_piece(_read(files, version, span, note_damage))


def with_first_piece(pieces: Generator[bytes]) -> Generator[bytes]:
    """Return the pieces, having read the first one before the answer begins."""
    first = next(pieces)

    def go_on() -> Generator[bytes]:
        try:
            yield first
            yield from pieces
        finally:
            pieces.close()

    return go_on()


def _read(
    files: FileStore,
    version: VersionRecord,
    span: Span,
    note_damage: Callable[[], object],
) -> Generator[bytes]:
    with recording_damage(note_damage), records.open_file(files, version) as stream:
        if stream.size != version.filesize:
            raise Damaged
        stream.skip(span.start)
        left = span.length
        while left:
            piece = stream.read(min(left, _PIECE_BYTES))
            left -= len(piece)
            yield piece


@contextmanager
def recording_damage(note_damage: Callable[[], object]) -> Iterator[None]:
    """Record that a file turned out damaged, before the error is passed on."""
    try:
        yield
    except Damaged:
        # The next reader will find out again.
        with suppress(DatabaseUnavailable, Unavailable):
            note_damage()
        raise


def attachment(filename: str, endings: Sequence[str] = _ENDINGS) -> str:
    """Return the Content-Disposition (RFC 6266, RFC 8187) of a file of this name.

    It ends in one of the endings, in the first if it had none of them. Old programs
    read the first name, which is reduced to ASCII.
    """
    plain = _plain(filename, endings)
    said = f'attachment; filename="{plain}"'
    if plain == filename:
        return said
    # A lone surrogate, which no name has any more, would break the answer.
    known = filename.encode(errors="replace")
    return f"{said}; filename*=UTF-8''{quote(known, safe='')}"


def attachment_named(filename: str) -> str:
    """Return the Content-Disposition of a file whose full name the app has chosen."""
    return attachment(filename, (PurePath(filename).suffix,))


def _plain(filename: str, endings: Sequence[str]) -> str:
    letters = unicodedata.normalize("NFKD", filename)
    ascii_only = letters.encode("ascii", "ignore").decode()
    stem, ending = _UNSAFE.sub("_", ascii_only), endings[0]
    for known in endings:
        if stem.lower().endswith(known):
            stem, ending = stem[: -len(known)], stem[-len(known) :]
            break
    return f"{stem.strip(' .') or _NAMELESS}{ending}"
