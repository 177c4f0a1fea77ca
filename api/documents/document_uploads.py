"""Uploaded documents: measured while they arrive, and spooled to a nameless file."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from enum import StrEnum
from typing import Annotated, Any, BinaryIO, Final, TypeVar
from uuid import UUID, uuid4

import orjson
from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from api.core.bodies import parse_json
from api.core.dependencies import Caller, ProgramOrPerson
from db.postgres import WriteResult
from services.core.errors import InvalidInput
from services.core.typed_text import unescape_form_name
from services.documents import uploads
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.errors import MAX_BYTES, NoFile, TooLarge
from services.documents.records.kinds import Classification, DocumentType
from services.documents.records.model import DocumentRecord
from services.documents.records.rules import LONGEST_DESCRIPTION, LONGEST_TITLE
from services.documents.records.visibility import permission_to_file

T = TypeVar("T")

_FILE: Final = "file"
_UPLOAD: Final = "upload"
_PART_BYTES: Final = 64 * 1024
# The beginning of an encoded word (RFC 2047).
_ENCODED: Final = "=?"
# The rest of the form: the other fields, and the lines between.
_MOST_BYTES: Final = MAX_BYTES + 4 * _PART_BYTES
_MULTIPART: Final = "multipart/form-data"
_CHOICES: Final[Mapping[str, type[StrEnum]]] = {
    "document_type": DocumentType,
    "retention_class": Classification,
}
# What `classification` means apart from the retention class, whose name it was until
# 0.5: a value adds to flags given otherwise, and only routine clears any.
_HANDLINGS: Final[Mapping[str, Mapping[str, bool]]] = {
    "urgent": {"urgent": True},
    "routine": {"urgent": False, "confidential": False},
    "confidential": {"confidential": True},
}
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "false": False}
_FACTS: Final[Mapping[str, str]] = {
    "patient_id": "The patient; without one the document is unfiled.",
    "document_type": f"One of {', '.join(DocumentType)}.",
    "retention_class": f"One of {', '.join(Classification)}: how long the document "
    "is kept.",
    "classification": f"One of {', '.join(_HANDLINGS)}. The retention class, which "
    "had this name until 0.5, is still accepted here.",
    "urgent": "true or false.",
    "confidential": "true or false: only the person who files it, those who treat "
    "the patient, and the patient may open it.",
    "withheld": "true or false: confidential, and not shown to the patient.",
    "description": f"At most {LONGEST_DESCRIPTION:,} characters.",
    "prescription_id": "For the scan of a signed paper: its prescription, whose "
    "patient the document is filed for.",
    "title": f"At most {LONGEST_TITLE} characters; the file name by default.",
    "dated_on": "The date on the paper itself, such as 2026-11-23.",
    "metadata": "A JSON object of at most 16 kB.",
    "custom_fields": "A JSON object with values of the clinic's own fields, by key.",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent, and the facts sent with it.

    With an `upload_id` it was sent in parts before, and filing it ends that upload.
    """

    file: BinaryIO
    filename: str
    facts: Mapping[str, str]
    upload_id: UUID | None = None

    def draft(self) -> DraftDocument:
        """Return the draft of the document, or raise InvalidInput."""
        facts = with_choices(self.facts)
        return DraftDocument(
            title=facts.get("title", ""),
            document_type=facts.get("document_type", DocumentType.OTHER),
            classification=facts.get("classification"),
            urgent=facts.get("urgent", False),
            confidential=facts.get("confidential", False),
            withheld=facts.get("withheld", False),
            description=facts.get("description", ""),
            metadata=_object_of(facts, "metadata", "metadata must be a JSON object."),
            fields=_object_of(
                facts, "custom_fields", "custom_fields must be a JSON object."
            ),
            patient_id=_id_of(facts["patient_id"]) if "patient_id" in facts else None,
            dated_on=_date_of(facts["dated_on"]) if "dated_on" in facts else None,
        )

    def require_no_facts(self) -> None:
        """Raise InvalidInput if the file came with facts, which would be lost."""
        for name in self.facts:
            raise InvalidInput(
                name, f"A new version has no {name}: change the document's details."
            )

    @property
    def prescription_id(self) -> UUID | None:
        """Return the prescription whose paper it is, or raise InvalidInput."""
        said = self.facts.get("prescription_id")
        if said is None:
            return None
        sentence = "prescription_id must be the UUID of a prescription."
        return _id_of(said, "prescription_id", sentence)


def sender(caller: ProgramOrPerson) -> Iterator[Caller]:
    """Return the caller if they may send one more file."""
    caller.require(permission_to_file(caller.actor))
    with caller.counting_upload():
        yield caller


Sender = Annotated[Caller, Depends(sender)]


async def upload(request: Request, caller: Sender) -> AsyncIterator[Upload]:
    """Return the upload in the request; refused as soon as it is too large.

    It is read only after the caller is known and within their limits.
    """
    form = await _read(request)
    try:
        facts = _facts_of(form)
        if _UPLOAD in facts:
            came = await run_in_threadpool(_upload_in_parts, caller, form, facts)
            with came.file:
                yield came
        else:
            yield _upload_of(form, facts)
    finally:
        await form.close()


Uploaded = Annotated[Upload, Depends(upload)]


def receive(caller: Caller, came: Upload) -> StoredContent:
    """Inspect and store the file; the caller discards it if writing its row fails."""
    ingest = caller.stores.papers.ingest
    return ingest.receive(came.file, came.filename, person=caller.actor.id)


def keep(
    caller: Caller,
    came: Upload,
    content: StoredContent,
    operation: Callable[[Session], T],
) -> WriteResult[T]:
    """Write the row of stored content, and end the upload it was sent in."""

    def write(session: Session) -> tuple[T, tuple[str, ...]]:
        ended: tuple[str, ...] = ()
        if came.upload_id is not None:
            ended = uploads.take(session, caller.actor, came.upload_id)
        return operation(session), ended

    with caller.stores.papers.ingest.discarding_on_refusal(content):
        written = caller.write(write, key=uuid4())
    value, ended = written.value
    uploads.discard(caller.stores.files, ended)
    return WriteResult(value, written.lsn)


def discard_unused(
    caller: Caller, content: StoredContent, filed: DocumentRecord
) -> None:
    """Discard the bytes of a request that was sent again, if the first one's are kept.

    The document is returned with the version that the first request made.
    """
    if filed.version.file_id != content.file_id:
        caller.stores.papers.ingest.discard(content)


def describe_upload(*, with_facts: bool) -> dict[str, Any]:
    """Return OpenAPI's description of a form with a file."""
    properties: dict[str, Any] = {
        _FILE: {"type": "string", "format": "binary"},
        _UPLOAD: {
            "type": "string",
            "description": "Instead of the file: the id of an upload in parts.",
        },
    }
    if with_facts:
        for name, description in _FACTS.items():
            properties[name] = {"type": "string", "description": description}
    either = [{"required": [_FILE]}, {"required": [_UPLOAD]}]
    schema = {"type": "object", "anyOf": either, "properties": properties}
    content = {_MULTIPART: {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def with_choices(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts in the services' types, or raise InvalidInput."""
    known = {
        name: _choice_of(name, value) for name, value in _with_handling(facts).items()
    }
    if "retention_class" in known:
        known["classification"] = known.pop("retention_class")
    return known


def _with_handling(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts, with `classification` replaced by the facts that it means."""
    said = dict(facts)
    if "classification" in said:
        classification = said.pop("classification")
        if classification in _HANDLINGS:
            said = {**_HANDLINGS[classification], **said}
        elif classification in set(Classification):
            said = {"retention_class": classification, **said}
        else:
            known = ", ".join((*_HANDLINGS, *Classification))
            raise InvalidInput(
                "classification", f"classification must be one of {known}."
            )
    if said.get("confidential") in (False, "false"):
        # A document that is not confidential cannot be withheld.
        said.setdefault("withheld", False)
    return said


async def _read(request: Request) -> FormData:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type.lower() != _MULTIPART:
        raise NoFile
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > _MOST_BYTES:
        raise TooLarge
    parser = MultiPartParser(
        request.headers,
        _bounded(request),
        max_files=1,
        max_fields=len(_FACTS) + 1,
        max_part_size=_PART_BYTES,
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400, error.message) from error
    except ClientDisconnect as error:
        # Nobody hears the answer; the client left, which is no error of ours to log.
        raise HTTPException(400, "The upload was interrupted.") from error


async def _bounded(request: Request) -> AsyncGenerator[bytes]:
    """Yield the body, without trusting the length that it claims."""
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > _MOST_BYTES:
            raise TooLarge
        yield chunk


def _facts_of(form: FormData) -> dict[str, str]:
    facts = {name: value for name, value in form.items() if isinstance(value, str)}
    return {name: value for name, value in facts.items() if value}


def _upload_of(form: FormData, facts: Mapping[str, str]) -> Upload:
    file = form.get(_FILE)
    # A file field that was left empty is sent without a name.
    if not isinstance(file, UploadFile) or not file.filename:
        raise NoFile
    _require_known(form)
    return Upload(file.file, _decoded(file.filename), facts)


def _decoded(filename: str) -> str:
    """Return a file's name, whether a browser escaped it or .NET encoded it.

    .NET encodes names that are not ASCII as in e-mails.
    """
    if filename.startswith(_ENCODED):
        with suppress(HeaderParseError, LookupError, ValueError):
            return str(make_header(decode_header(filename)))
    return unescape_form_name(filename)


def _upload_in_parts(caller: Caller, form: FormData, facts: dict[str, str]) -> Upload:
    if _FILE in form:
        raise InvalidInput(
            _UPLOAD, "Send either a file or the id of an upload, not both."
        )
    upload_id = _id_of(
        facts.pop(_UPLOAD), _UPLOAD, "upload must be the id of an upload."
    )
    _require_known(form)
    # On the primary, which has parts that were sent a moment ago.
    there, parts = caller.write(
        lambda session: uploads.list_parts(session, caller.actor, upload_id)
    ).value
    whole = uploads.join(caller.stores.files, parts)
    return Upload(whole, there.filename, facts, upload_id)


def _require_known(form: FormData) -> None:
    for name, value in form.items():
        if isinstance(value, str) and name not in (*_FACTS, _UPLOAD):
            raise InvalidInput(name[:40], f"There is no field {name[:40]}.")


def _choice_of(name: str, value: Any) -> Any:
    if name in ("urgent", "confidential", "withheld"):
        return _flag_of(name, value)
    choices = _CHOICES.get(name)
    if choices is None:
        return value
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(choices)
        raise InvalidInput(name, f"{name} must be one of {known}.") from None


def _flag_of(name: str, value: Any) -> bool:
    flag = value if isinstance(value, bool) else _FLAGS.get(value)
    if flag is None:
        raise InvalidInput(name, f"{name} must be true or false.")
    return flag


def _object_of(facts: Mapping[str, str], name: str, sentence: str) -> dict[str, Any]:
    try:
        value = parse_json(facts.get(name, "{}"))
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise InvalidInput(name, sentence)
    return value


def _date_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "dated_on", "dated_on must be a date such as 2026-11-23."
        ) from None


def _id_of(
    text: str,
    name: str = "patient_id",
    sentence: str = "patient_id must be the UUID of a patient.",
) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(name, sentence) from None
