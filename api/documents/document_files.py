"""Documents' files: to be kept whole or in parts, or page by page as pictures."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse, read_headers
from api.core.attachments import attachment
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import Responses, sends, shows
from api.core.ranges import Span, Unsatisfiable, is_known, span_of
from api.core.sending import (
    PDF,
    FileResponse,
    ReleasingResponse,
    first_come,
    noting,
    pieces_of,
)
from api.documents.schemas import TextShown, WordsShown, file_etag
from db.files.gridfs import PlainStream
from db.postgres import Read
from services.core.audit import Action
from services.documents import records
from services.documents.records.model import OriginalRecord, VersionRecord
from services.documents.records.rules import ORIGINAL_ENDINGS

router = APIRouter(tags=["Documents"])

_PATH: Final = "/api/documents/{uuid}"
_VERSION_PATH: Final = "/files/documents/{uuid}/versions/{number}"
_PAGE_PATH: Final = f"{_VERSION_PATH}/pages/{{page}}.png"
_WORDS_PATH: Final = f"{_VERSION_PATH}/pages/{{page}}.json"
_NARROWEST, _WIDEST, _USUAL = 100, 2400, 1000
_MOST: Final = 1_000_000
_PIECE_BYTES: Final = 256 * 1024
# A sheet of paper has 120 points across: one sees what it is, and reads nothing.
_THUMBNAIL_WIDTH: Final = 120
# For as long as one goes through lists, and not for who signs in next.
_KEPT_BY_BROWSERS: Final = {"Cache-Control": "private, max-age=600", "Vary": "Cookie"}
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


@router.get(f"{_PATH}/original", responses=sends("*/*", 404, 409))
def send_original(
    caller: ProgramOrPerson, uuid: UUID, number: NumberOrLatest = None
) -> Response:
    """Send the picture or office file that a version was made from, as it came.

    Unlike the PDF it may say where and with what it was taken.
    """
    read = caller.read(
        lambda session: records.open_original(session, caller.actor, uuid, number)
    )
    original = read.value
    pieces = first_come(_pieces_of_original(caller, original))
    headers = read_headers(read, caller.after) | {
        "Content-Disposition": attachment(
            original.filename, ORIGINAL_ENDINGS[original.media_type]
        ),
        "Content-Length": str(original.filesize),
    }
    return ReleasingResponse(
        pieces,
        pieces.close,
        headers=headers,
        media_type=original.media_type,
    )


def _pieces_of_original(caller: Caller, original: OriginalRecord) -> Generator[bytes]:
    with records.open_original_file(caller.stores.files, original) as stream:
        while piece := stream.read(_PIECE_BYTES):
            yield piece


@router.get(_PAGE_PATH, responses=sends("image/png", 404, 409))
def send_page(
    caller: ProgramOrPerson,
    uuid: UUID,
    number: Number,
    page: Annotated[int, Path(ge=1, le=_MOST)],
    *,
    width: Annotated[
        int, Query(ge=_NARROWEST, le=_WIDEST, description="In pixels.")
    ] = _USUAL,
    purpose: Annotated[
        Literal["view", "print"], Query(description="What the audit log says of it.")
    ] = "view",
) -> Response:
    """Show a page of a version as a picture, so that nothing in the file can act."""
    read = caller.read(
        lambda session: records.open_version(
            session, caller.actor, uuid, number, purpose=purpose, page=page
        )
    )
    version, papers = read.value, caller.stores.papers
    with (
        noting(damage_noted(caller, version)),
        # Whoever looks at one page looks at others: not decrypted anew for each.
        papers.kept.lent(
            str(version.file_id), partial(_open_file, caller, version)
        ) as file,
    ):
        picture = papers.inspector.render(
            file, page, width=width, person=caller.actor.id
        )
    papers.seen.add(caller.actor.id, version.file_id, page)
    headers = read_headers(read, caller.after)
    return Response(picture, media_type="image/png", headers=headers)


@router.get(_WORDS_PATH, responses=shows(WordsShown, 404, 409))
def send_words(
    caller: ProgramOrPerson,
    uuid: UUID,
    number: Number,
    page: Annotated[int, Path(ge=1, le=_MOST)],
) -> Response:
    """Tell a page's words and where they are, to be read out, selected and copied.

    Whoever was just shown the page is in the audit log with it; nobody else gets its
    words unrecorded.
    """
    papers = caller.stores.papers

    def read_version(session: Session) -> VersionRecord:
        document = records.look_up(session, caller.actor, uuid, number=number)
        version = records.require_served(document.version)
        if not papers.seen.has(caller.actor.id, version.file_id, page):
            records.record_event(
                session, caller.actor, Action.DOCUMENT_VIEW, document, page=page
            )
        return version

    read = caller.read(read_version)
    version = read.value
    with (
        noting(damage_noted(caller, version)),
        papers.kept.lent(
            str(version.file_id), partial(_open_file, caller, version)
        ) as file,
    ):
        words = papers.inspector.words(file, page, person=caller.actor.id)
    return JsonResponse(WordsShown.of(words), headers=read_headers(read, caller.after))


@router.get(f"{_VERSION_PATH}/text.json", responses=shows(TextShown, 404, 409))
def send_text(caller: ProgramOrPerson, uuid: UUID, number: Number) -> Response:
    """Tell the text of all pages, in which a browser then finds what is looked for.

    So nobody's words to look for get into an address or a log.
    """
    read = caller.read(
        lambda session: records.text_of(
            session, caller.actor, uuid, number, purpose="view"
        )
    )
    headers = read_headers(read, caller.after)
    return JsonResponse({"pages": read.value}, headers=headers)


@router.get(f"{_VERSION_PATH}/thumbnail.png", responses=sends("image/png", 404, 409))
def send_thumbnail(
    caller: ProgramOrPerson,
    uuid: UUID,
    number: Number,
    page: Annotated[int, Query(ge=1, le=_MOST)] = 1,
) -> Response:
    """Show which paper or which page of it it is in a list, too small to be read.

    It belongs to the list, which is in the audit log with all that it showed.
    """
    read = caller.read(
        lambda session: records.require_served(
            records.look_up(session, caller.actor, uuid, number=number).version
        )
    )
    version, papers = read.value, caller.stores.papers

    def draw() -> bytes:
        with (
            noting(damage_noted(caller, version)),
            # A list of pages asks for many of one file.
            papers.kept.lent(
                str(version.file_id), partial(_open_file, caller, version)
            ) as file,
        ):
            return papers.inspector.render(
                file, page, width=_THUMBNAIL_WIDTH, person=caller.actor.id
            )

    picture = papers.thumbnails.found(f"{version.file_id} {page}", draw)
    headers = read_headers(read, caller.after) | _KEPT_BY_BROWSERS
    return Response(picture, media_type="image/png", headers=headers)


def damage_noted(caller: Caller, version: VersionRecord) -> Callable[[], object]:
    """Return what writes down that a version turned out damaged, for `noting`."""
    return lambda: caller.write(
        lambda session: records.note_damage(
            session, caller.actor, version.document_id, version.number
        )
    )


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
    pieces = pieces_of(
        caller.stores.files, version, span, damage_noted(caller, version)
    )
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
