"""The file of a document's version as a download: whole, or the range asked for."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import read_headers
from api.core.dependencies import Caller
from api.core.files.ranges import Span, Unsatisfiable, is_known, span_of
from api.core.files.sending import FileResponse, attachment, pieces_of
from db.postgres import Read
from services.documents import records
from services.documents.records.model import VersionRecord

PARTIAL: Final = 206
NOT_MODIFIED: Final = 304
UNSATISFIABLE: Final = 416


def file_etag(sha256: str) -> str:
    """Return the ETag of a file: the same bytes have the same one."""
    return f'"{sha256}"'


def send_version(
    caller: Caller, request: Request, document_id: UUID, number: int | None
) -> Response:
    """Send the file of a version, by default the latest, or the part in `Range`.

    If it turns out damaged while it is sent, the answer breaks off before its length.
    """
    read, sending = caller.read_ahead(
        partial(_open, caller, request, document_id, number),
        partial(_begin, caller, request),
    )
    headers, span = file_headers(caller, read), sending.span
    if span is None:
        return Response(status_code=NOT_MODIFIED, headers=headers)
    status = 200
    if sending.is_part:
        status = PARTIAL
        headers["Content-Range"] = span.content_range
    return FileResponse(sending.pieces, span.length, status=status, headers=headers)


def file_headers(caller: Caller, read: Read[VersionRecord]) -> dict[str, str]:
    """Return the headers of a version's file."""
    return read_headers(read, caller.after) | {
        "ETag": file_etag(read.value.sha256),
        "Accept-Ranges": "bytes",
        "Content-Disposition": attachment(read.value.filename),
    }


def damage_recorder(caller: Caller, version: VersionRecord) -> Callable[[], object]:
    """Return a function for `noting` that records that a version turned out damaged."""
    return lambda: caller.write(
        lambda session: records.note_damage(
            session, caller.actor, version.document_id, version.number
        )
    )


@dataclass(frozen=True, slots=True)
class _Sending:
    """A file being sent, and which span of it; without a span, nothing is sent."""

    pieces: Generator[bytes]
    span: Span | None = None
    is_part: bool = False

    def close(self) -> None:
        """Release the file."""
        self.pieces.close()


def _begin(caller: Caller, request: Request, version: VersionRecord) -> _Sending:
    """Read the first piece of the part asked for, if there is anything to send."""
    tag = file_etag(version.sha256)
    if is_known(request.headers, tag):
        return _Sending(_nothing())
    try:
        part = span_of(request.headers, tag, version.filesize)
    except Unsatisfiable as error:
        size = {"Content-Range": f"bytes */{version.filesize}"}
        sentence = "The requested range begins after the end of the file."
        raise HTTPException(UNSATISFIABLE, sentence, headers=size) from error
    span = part or Span(0, version.filesize, version.filesize)
    pieces = pieces_of(
        caller.stores.files, version, span, damage_recorder(caller, version)
    )
    return _Sending(pieces, span, part is not None)


def _nothing() -> Generator[bytes]:
    yield from ()


def _open(
    caller: Caller, request: Request, uuid: UUID, number: int | None, session: Session
) -> VersionRecord:
    """Return the version to send; a client that has it already learns only that."""
    if "if-none-match" in request.headers:
        version = records.get(session, caller.actor, uuid, number=number).version
        known = is_known(request.headers, file_etag(version.sha256))
        if known and records.require_served(version):
            return version
    return records.open_version(session, caller.actor, uuid, number, purpose="download")
