"""/api/v1/uploads: files in parts, by the protocol tus 1.0.0.

https://tus.io/protocols/resumable-upload describes it: the core, and its extensions
creation, expiration, termination and checksum. A complete upload is filed as a document
by the same calls that take a file, with the upload named in place of the file.
"""

from datetime import UTC
from email.utils import format_datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.core.answers import written_headers
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import Responses, refuses
from api.core.idempotency import IdempotencyKey, id_for
from api.core.problems import CHECKSUM_MISMATCH, TUS_HEADERS, TUS_VERSION, UPLOADS_PATH
from api.documents.upload_parts import ALGORITHMS, AppendedBytes, Checksum
from db.postgres import WriteResult
from services.documents import uploads
from services.documents.records.errors import MAX_BYTES
from services.documents.records.visibility import permission_to_file
from services.documents.uploads import InvalidUpload, OffsetMismatch, UploadRecord

router = APIRouter(
    prefix=UPLOADS_PATH, tags=["Documents"], default_response_class=Response
)

_OK, _CREATED, _NO_CONTENT = 200, 201, 204
_OFFSET_TYPE: Final = "application/offset+octet-stream"
_PATH: Final = "/{uuid}"
_DESCRIBED: Final = {
    "Tus-Version": TUS_VERSION,
    "Tus-Extension": "creation,expiration,termination,checksum",
    "Tus-Max-Size": str(MAX_BYTES),
    "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
}
# The body is plain bytes, whatever the file is.
_BYTES: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {_OFFSET_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _refuses(*statuses: int) -> Responses:
    """Describe the refusals of a route, including the one of another version of tus."""
    return refuses(412, *statuses)


def speaks_tus(
    caller: ProgramOrPerson,
    tus_resumable: Annotated[
        str | None, Header(description=f"Always {TUS_VERSION}.")
    ] = None,
) -> Caller:
    """Return the caller if they may file, and use the supported version of tus."""
    caller.require(permission_to_file(caller.actor))
    if tus_resumable != TUS_VERSION:
        raise HTTPException(
            412,
            f"Send Tus-Resumable: {TUS_VERSION}; no other version is supported.",
            headers={"Tus-Version": TUS_VERSION},
        )
    return caller


TusCaller = Annotated[Caller, Depends(speaks_tus)]
Metadata = Annotated[
    str, Header(description="Keys with values in Base64; `filename` is the file name.")
]


@router.options("", status_code=_NO_CONTENT)
def describe_uploads(caller: ProgramOrPerson) -> Response:
    """Return the supported version of tus and its extensions, in headers."""
    caller.require(permission_to_file(caller.actor))
    return Response(status_code=_NO_CONTENT, headers=_DESCRIBED)


@router.post("", status_code=_CREATED, responses=_refuses(409, 410, 413))
def begin_upload(
    caller: TusCaller,
    upload_length: Annotated[
        str, Header(description=f"Size in bytes, at most {MAX_BYTES}.")
    ] = "",
    upload_metadata: Metadata = "",
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Begin a file that is sent in parts; it has to be filed within 24 hours.

    A person can have ten uploads with 200 MB together in progress.
    """
    length = _number_of("Upload-Length", upload_length)
    upload_id = id_for(caller.actor, idempotency_key)
    caller.count_begun_upload()
    written = caller.write(
        lambda session: uploads.begin(
            session,
            caller.actor,
            length=length,
            metadata=upload_metadata,
            upload_id=upload_id,
        )
    )
    location = {"Location": f"{UPLOADS_PATH}/{written.value.id}"}
    return _response(written, _CREATED, location)


@router.head(_PATH, responses=_refuses(404, 410))
def find_offset(caller: TusCaller, uuid: UUID) -> Response:
    """Return the byte at which an upload continues, in `Upload-Offset`."""
    upload = _look(caller, uuid)
    about = {
        "Upload-Length": str(upload.value.length),
        "Cache-Control": "no-store",
    }
    if upload.value.metadata:
        about["Upload-Metadata"] = upload.value.metadata
    return _response(upload, _OK, about)


@router.patch(
    _PATH,
    status_code=_NO_CONTENT,
    responses=_refuses(404, 409, 410, 415, CHECKSUM_MISMATCH),
    openapi_extra=_BYTES,
)
async def append_bytes(
    caller: TusCaller,
    request: Request,
    uuid: UUID,
    upload_offset: Annotated[
        str, Header(description="Current offset of the upload, as HEAD returns it.")
    ] = "",
    upload_checksum: Annotated[
        str,
        Header(
            description=f"One of {', '.join(ALGORITHMS)}, followed by the checksum "
            "in Base64."
        ),
    ] = "",
) -> Response:
    """Continue an upload. If the connection breaks, the bytes received so far are kept.

    With a checksum the bytes of the call are kept together, or not at all.
    """
    if request.headers.get("content-type", "").strip().lower() != _OFFSET_TYPE:
        raise HTTPException(415, f"Send the bytes as {_OFFSET_TYPE}.")
    _require_plain(request)
    offset = _number_of("Upload-Offset", upload_offset)
    checksum = Checksum.read(upload_checksum) if upload_checksum else None
    there = await run_in_threadpool(_look, caller, uuid)
    if offset != there.value.received:
        raise OffsetMismatch(there.value.received)
    coming = AppendedBytes(caller, there, checksum)
    is_broken = False
    with coming.discarding():
        try:
            async for piece in request.stream():
                if coming.take(piece):
                    await run_in_threadpool(coming.store)
        except ClientDisconnect:
            is_broken = True
        written = await run_in_threadpool(coming.finish, is_broken=is_broken)
    if is_broken:
        # Nobody hears the answer; the connection broke, which is no error of ours to
        # log.
        raise HTTPException(400, "The upload was interrupted.")
    return _response(written, _NO_CONTENT)


@router.delete(_PATH, status_code=_NO_CONTENT, responses=_refuses(404, 410))
def cancel_upload(caller: TusCaller, uuid: UUID) -> Response:
    """Cancel an upload, and delete the bytes sent so far."""
    written = caller.write(lambda session: uploads.cancel(session, caller.actor, uuid))
    uploads.discard(caller.stores.files, written.value)
    headers = {**TUS_HEADERS, **written_headers(written)}
    return Response(status_code=_NO_CONTENT, headers=headers)


@router.post(
    _PATH,
    status_code=_NO_CONTENT,
    responses=_refuses(404, 405, 409, 410, 415, CHECKSUM_MISMATCH),
    openapi_extra=_BYTES | {"requestBody": _BYTES["requestBody"] | {"required": False}},
)
async def go_on_by_post(
    caller: TusCaller,
    request: Request,
    uuid: UUID,
    *,
    x_http_method_override: Annotated[
        str, Header(description="PATCH or DELETE, for clients that cannot send them.")
    ] = "",
    upload_offset: Annotated[str, Header()] = "",
    upload_checksum: Annotated[str, Header()] = "",
) -> Response:
    """Act as `X-HTTP-Method-Override` says, where a network lets only POST pass."""
    if x_http_method_override == "PATCH":
        return await append_bytes(caller, request, uuid, upload_offset, upload_checksum)
    if x_http_method_override == "DELETE":
        return await run_in_threadpool(cancel_upload, caller, uuid)
    raise HTTPException(405)


def _require_plain(request: Request) -> None:
    """Raise an error answered as 415 if the bytes are compressed on their way.

    They would be kept as they are, and the file be another one than was meant.
    """
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in {"", "identity"}:
        raise HTTPException(
            415,
            "Send the bytes of the file as they are, without Content-Encoding.",
            headers={"Accept-Encoding": "identity"},
        )


def _look(caller: Caller, uuid: UUID) -> WriteResult[UploadRecord]:
    """Return the upload from the primary, since tus clients send no LSN."""
    return caller.write(lambda session: uploads.get(session, caller.actor, uuid))


def _response(
    written: WriteResult[UploadRecord],
    status: int,
    more: dict[str, str] | None = None,
) -> Response:
    upload = written.value
    expires_at = upload.expires_at.astimezone(UTC)
    headers = {
        "Upload-Offset": str(upload.received),
        "Upload-Expires": format_datetime(expires_at, usegmt=True),
        **TUS_HEADERS,
        **written_headers(written),
        **(more or {}),
    }
    return Response(status_code=status, headers=headers)


def _number_of(header: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(1 << 63))):
        raise InvalidUpload(header, f"{header} must be a number of bytes.")
    return int(text)
