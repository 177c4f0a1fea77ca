"""Documents' files: to be kept whole or in parts, or page by page as pictures."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import read_headers
from api.core.attachments import attachment
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import Responses, sends
from api.core.ranges import Span, Unsatisfiable, is_known, span_of
from api.core.sending import PDF, FileResponse, noting, pieces_of
from api.documents.schemas import file_etag
from db.files.gridfs import PlainStream
from db.postgres import Read
from services.documents import records
from services.documents.records.model import VersionRecord

router = APIRouter(tags=["Documents"])

_PATH: Final = "/api/documents/{uuid}"
_PAGE_PATH: Final = "/files/documents/{uuid}/versions/{number}/pages/{page}.png"
_NARROWEST, _WIDEST, _USUAL = 100, 2400, 1000
_MOST: Final = 1_000_000
_PARTIAL, _NOT_MODIFIED, _UNSATISFIABLE = 206, 304, 416
_UNCHANGED: Final[Responses] = {_NOT_MODIFIED: {"description": "Not Modified"}}

Number = Annotated[int, Path(ge=1, le=_MOST)]
NumberOrLatest = Annotated[
    int | None,
    Query(alias="version", ge=1, le=_MOST, description="The latest without it."),
]


@router.head(_PATH, responses=sends(PDF, 404, 409) | _UNCHANGED)
def look_at_file(
    caller: ProgramOrPerson, request: Request, uuid: UUID, number: NumberOrLatest = None
) -> Response:
    """Tell of a document's file what sending it would tell; nothing is sent."""

    def look(session: Session) -> VersionRecord:
        document = records.get(session, caller.actor, uuid, number=number)
        return records.require_served(document.version)

    read = caller.read(look)
    headers = _headers(caller, read)
    if is_known(request.headers, headers["ETag"]):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    length = {"Content-Length": str(read.value.filesize)}
    return Response(headers=headers | length, media_type=PDF)


@router.get(
    _PATH,
    responses=sends(PDF, 404, 409, _UNSATISFIABLE)
    | _UNCHANGED
    | {_PARTIAL: sends(PDF)[200] | {"description": "The part that was asked for"}},
)
def send_file(
    caller: ProgramOrPerson, request: Request, uuid: UUID, number: NumberOrLatest = None
) -> Response:
    """Send a document's file to be kept; `Range` asks for a part of it.

    The ETag is the SHA-256 of the file. If the file turns out damaged on the way, the
    answer breaks off before its `Content-Length`.
    """
    read, sending = caller.read_ahead(
        partial(_open, caller, request, uuid, number), partial(_begin, caller, request)
    )
    headers, span = _headers(caller, read), sending.span
    if span is None:
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    status = 200
    if sending.is_part:
        status = _PARTIAL
        headers["Content-Range"] = span.content_range
    return FileResponse(sending.pieces, span.length, status=status, headers=headers)


@router.get(_PAGE_PATH, responses=sends("image/png", 404, 409))
def send_page(
    caller: ProgramOrPerson,
    uuid: UUID,
    number: Number,
    page: Annotated[int, Path(ge=1, le=_MOST)],
    width: Annotated[
        int, Query(ge=_NARROWEST, le=_WIDEST, description="In pixels.")
    ] = _USUAL,
) -> Response:
    """Show a page of a version as a picture, so that nothing in the file can act."""
    read = caller.read(
        lambda session: records.open_version(
            session, caller.actor, uuid, number, purpose="view", page=page
        )
    )
    version, papers = read.value, caller.stores.papers
    with (
        noting(_noting(caller, version)),
        # Whoever looks at one page looks at others: not decrypted anew for each.
        papers.kept.lent(
            str(version.file_id), partial(_open_file, caller, version)
        ) as file,
    ):
        picture = papers.inspector.render(
            file, page, width=width, person=caller.actor.id
        )
    headers = read_headers(read, caller.after)
    return Response(picture, media_type="image/png", headers=headers)


@dataclass(frozen=True, slots=True)
class _Sending:
    """What is on its way, and where in the file it is; no span if nothing is."""

    pieces: Generator[bytes]
    span: Span | None = None
    is_part: bool = False

    def close(self) -> None:
        """Let go of the file."""
        self.pieces.close()


def _begin(caller: Caller, request: Request, version: VersionRecord) -> _Sending:
    """Read the first piece of what is asked for, if anything is."""
    tag = file_etag(version.sha256)
    if is_known(request.headers, tag):
        return _Sending(_nothing())
    try:
        part = span_of(request.headers, tag, version.filesize)
    except Unsatisfiable as error:
        size = {"Content-Range": f"bytes */{version.filesize}"}
        sentence = "The file ends before the part that was asked for."
        raise HTTPException(_UNSATISFIABLE, sentence, headers=size) from error
    span = part or Span(0, version.filesize, version.filesize)
    pieces = pieces_of(caller.stores.files, version, span, _noting(caller, version))
    return _Sending(pieces, span, part is not None)


def _nothing() -> Generator[bytes]:
    yield from ()


def _open(
    caller: Caller, request: Request, uuid: UUID, number: int | None, session: Session
) -> VersionRecord:
    """Return what is to be sent; who has it already gets to know only that."""
    if "if-none-match" in request.headers:
        version = records.get(session, caller.actor, uuid, number=number).version
        known = is_known(request.headers, file_etag(version.sha256))
        if known and records.require_served(version):
            return version
    return records.open_version(session, caller.actor, uuid, number, purpose="download")


def _open_file(
    caller: Caller, version: VersionRecord
) -> AbstractContextManager[PlainStream]:
    return records.open_file(caller.stores.files, version)


def _headers(caller: Caller, read: Read[VersionRecord]) -> dict[str, str]:
    return read_headers(read, caller.after) | {
        "ETag": file_etag(read.value.sha256),
        "Accept-Ranges": "bytes",
        "Content-Disposition": attachment(read.value.filename),
    }


def _noting(caller: Caller, version: VersionRecord) -> Callable[[], object]:
    return lambda: caller.write(
        lambda session: records.note_damage(
            session, caller.actor, version.document_id, version.number
        )
    )
