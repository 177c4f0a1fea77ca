"""Documents' files: as downloads, whole or in parts, or page by page as pictures."""

from collections.abc import Generator
from contextlib import AbstractContextManager
from functools import partial
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse, read_headers
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import Responses, sends, shows
from api.core.files.downloads import (
    NOT_MODIFIED,
    PARTIAL,
    UNSATISFIABLE,
    damage_recorder,
    file_headers,
    send_version,
)
from api.core.files.ranges import is_known
from api.core.files.sending import (
    PDF,
    ReleasingResponse,
    attachment,
    recording_damage,
    with_first_piece,
)
from api.documents.schemas import TextShown, WordsShown
from db.files.gridfs import PlainStream
from services.core.audit import Action
from services.documents import records
from services.documents.records.ingest import ORIGINAL_ENDINGS
from services.documents.records.model import OriginalRecord, VersionRecord
from services.pdf import waiting
from services.pdf.report import PageWords

router = APIRouter(tags=["Documents"])

_PATH: Final = "/api/documents/{uuid}"
_VERSION_PATH: Final = "/files/documents/{uuid}/versions/{number}"
_PAGE_PATH: Final = f"{_VERSION_PATH}/pages/{{page}}.png"
_WORDS_PATH: Final = f"{_VERSION_PATH}/pages/{{page}}.json"
_NARROWEST, _WIDEST, _USUAL = 100, 2400, 1000
_MOST: Final = 1_000_000
_PIECE_BYTES: Final = 256 * 1024
# 120 pixels for the width of a sheet show what paper it is, and nothing can be read.
_THUMBNAIL_WIDTH: Final = 120
# Long enough for going through lists, and not for the next person who signs in.
_KEPT_BY_BROWSERS: Final = {"Cache-Control": "private, max-age=600", "Vary": "Cookie"}
_UNCHANGED: Final[Responses] = {NOT_MODIFIED: {"description": "Not Modified"}}

Number = Annotated[int, Path(ge=1, le=_MOST)]
NumberOrLatest = Annotated[
    int | None,
    Query(
        alias="version",
        ge=1,
        le=_MOST,
        description="Version number; the latest by default.",
    ),
]


@router.head(_PATH, responses=sends(PDF, 404, 409) | _UNCHANGED)
def look_at_file(
    caller: ProgramOrPerson, request: Request, uuid: UUID, number: NumberOrLatest = None
) -> Response:
    """Return the headers of a document's file, without the file."""

    def look(session: Session) -> VersionRecord:
        document = records.get(session, caller.actor, uuid, number=number)
        return records.require_served(document.version)

    read = caller.read(look)
    headers = file_headers(caller, read)
    if is_known(request.headers, headers["ETag"]):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    length = {"Content-Length": str(read.value.filesize)}
    return Response(headers=headers | length, media_type=PDF)


@router.get(
    _PATH,
    responses=sends(PDF, 404, 409, UNSATISFIABLE)
    | _UNCHANGED
    | {PARTIAL: sends(PDF)[200] | {"description": "The requested range"}},
)
def send_file(
    caller: ProgramOrPerson, request: Request, uuid: UUID, number: NumberOrLatest = None
) -> Response:
    """Download a document's file; `Range` asks for a part of it.

    The ETag is the SHA-256 of the file. If the file turns out damaged while it is sent,
    the answer breaks off before its `Content-Length`.
    """
    return send_version(caller, request, uuid, number)


@router.get(f"{_PATH}/original", responses=sends("*/*", 404, 409))
def send_original(
    caller: ProgramOrPerson, uuid: UUID, number: NumberOrLatest = None
) -> Response:
    """Download the picture or office file that a version was made from, as received.

    Unlike the PDF it may contain where and with which device it was taken.
    """
    read = caller.read(
        lambda session: records.open_original(session, caller.actor, uuid, number)
    )
    original = read.value
    pieces = with_first_piece(_pieces_of_original(caller, original))
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
        int, Query(ge=_NARROWEST, le=_WIDEST, description="Width in pixels.")
    ] = _USUAL,
    purpose: Annotated[
        Literal["view", "print"],
        Query(description="Purpose recorded in the audit log."),
    ] = "view",
) -> Response:
    """Return a page of a version as a picture, so that nothing in the file can act."""
    read = caller.read(
        lambda session: records.open_version(
            session, caller.actor, uuid, number, purpose=purpose, page=page
        )
    )
    version, papers = read.value, caller.stores.papers
    with (
        recording_damage(damage_recorder(caller, version)),
        # Readers look at several pages, and the file is not decrypted again for each.
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
    """Return a page's words and their positions, to be read out, selected and copied.

    If the caller was just shown the page, the audit log has that already; otherwise
    this call is recorded.
    """
    papers = caller.stores.papers

    def read_version(session: Session) -> tuple[VersionRecord, PageWords | None]:
        document = records.look_up(session, caller.actor, uuid, number=number)
        version = records.require_served(document.version)
        if not papers.seen.has(caller.actor.id, version.file_id, page):
            records.record_event(
                session, caller.actor, Action.DOCUMENT_VIEW, document, page=page
            )
        return version, waiting.find_places(session, version.id, page)

    read = caller.read(read_version)
    headers = read_headers(read, caller.after)
    version, recognised = read.value
    if recognised is not None:
        return JsonResponse(WordsShown.of(recognised), headers=headers)
    with (
        recording_damage(damage_recorder(caller, version)),
        papers.kept.lent(
            str(version.file_id), partial(_open_file, caller, version)
        ) as file,
    ):
        words = papers.inspector.words(file, page, person=caller.actor.id)
    return JsonResponse(WordsShown.of(words), headers=headers)


@router.get(f"{_VERSION_PATH}/text.json", responses=shows(TextShown, 404, 409))
def send_text(caller: ProgramOrPerson, uuid: UUID, number: Number) -> Response:
    """Return the text of all pages, for a browser to search in.

    So search terms never get into an address or a log.
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
    """Return a page as a small picture for lists, too small to be read.

    It belongs to the list, which the audit log has with everything that it showed.
    """
    read = caller.read(
        lambda session: records.require_served(
            records.look_up(session, caller.actor, uuid, number=number).version
        )
    )
    version, papers = read.value, caller.stores.papers

    def draw() -> bytes:
        with (
            recording_damage(damage_recorder(caller, version)),
            # A list of pages asks for many pages of one file.
            papers.kept.lent(
                str(version.file_id), partial(_open_file, caller, version)
            ) as file,
        ):
            return papers.inspector.render(
                file, page, width=_THUMBNAIL_WIDTH, person=caller.actor.id
            )

    picture = papers.thumbnails.get_or_draw(f"{version.file_id} {page}", draw)
    headers = read_headers(read, caller.after) | _KEPT_BY_BROWSERS
    return Response(picture, media_type="image/png", headers=headers)


def _open_file(
    caller: Caller, version: VersionRecord
) -> AbstractContextManager[PlainStream]:
    return records.open_file(caller.stores.files, version)
