"""Several documents' files in one archive, made while it is sent, or in one PDF."""

import csv
import re
import unicodedata
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from itertools import count
from typing import Annotated, BinaryIO, Final, cast
from uuid import UUID
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import BYTE_ORDER_MARK, read_headers
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import sends
from api.core.files.downloads import damage_recorder
from api.core.files.sending import (
    PDF,
    ReleasingResponse,
    attachment_named,
    recording_damage,
    with_first_piece,
)
from services.core.actors import Actor
from services.core.errors import Conflict, InvalidInput, NotFound
from services.documents import fields, records
from services.documents.fields import DocumentField
from services.documents.records.errors import NoSuchDocument
from services.documents.records.model import DocumentRecord, VersionRecord
from services.documents.records.visibility import permission_to_view
from services.lists.csv_cells import escape_formula

router = APIRouter(tags=["Documents"])

_ZIP: Final = "application/zip"
_MOST: Final = 100
_MOST_MEGABYTES: Final = 500
_MOST_MEGABYTES_PRINTED: Final = 50
_PIECE_BYTES: Final = 256 * 1024
_NOT_INCLUDED: Final = "Not included"
_TABLE: Final = "Documents.csv"
_FOR_ONE_PERSON: Final = 0o600 << 16
# What Windows takes in no name; and its names of devices, whatever ending they have.
_NOT_IN_NAMES: Final = re.compile(r'[<>:"|?*]')
_DEVICE: Final = re.compile(
    r"^(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?=\s*(?:\.|$))", re.I
)
# Of the 255 that file systems allow, with room for the number and the ending.
_LONGEST_STEM_BYTES: Final = 240


@dataclass(slots=True)
class _Bundle:
    """The versions whose files are sent, and the name and refusal of each that is not.

    `documents` and `fields` are for the table of values in the clinic's own fields.
    """

    versions: list[VersionRecord] = field(default_factory=list)
    documents: list[DocumentRecord] = field(default_factory=list)
    fields: tuple[DocumentField, ...] = ()
    refused: list[tuple[str, str]] = field(default_factory=list)


class _Buffer(bytearray):
    """What the archive has written and has not been sent yet."""

    def write(self, data: bytes) -> int:
        """Append what the archive writes; it cannot seek back."""
        self += data
        return len(data)

    def flush(self) -> None:
        """Do nothing; part of the file protocol."""

    def taken(self) -> bytes:
        """Return and remove what has been written since the last call."""
        piece = bytes(self)
        self.clear()
        return piece


@router.get("/files/documents.zip", responses=sends(_ZIP, 404))
def send_several(
    caller: ProgramOrPerson,
    documents: Annotated[
        tuple[UUID, ...], Query(alias="document", max_length=_MOST)
    ] = (),
) -> Response:
    """Download the latest files of up to 100 documents, 500 MB at most, as one ZIP.

    Each is recorded as a download of its own. Files that are not available are left
    out, and a text file in the archive says why. If any document has values in the
    clinic's own fields, the archive has a *Documents.csv* with them.
    """
    caller.require(permission_to_view(caller.actor))
    wanted = tuple(dict.fromkeys(documents))
    read = caller.read(lambda session: _open_all(session, caller.actor, wanted))
    if not read.value.versions:
        raise NoSuchDocument
    pieces = with_first_piece(_archived(caller, read.value))
    headers = read_headers(read, caller.after) | {
        "Content-Disposition": attachment_named("documents.zip")
    }
    return ReleasingResponse(pieces, pieces.close, headers=headers, media_type=_ZIP)


@router.get("/files/documents.pdf", responses=sends(PDF, 404, 409))
def send_as_one(
    caller: ProgramOrPerson,
    documents: Annotated[
        tuple[UUID, ...], Query(alias="document", max_length=_MOST)
    ] = (),
) -> Response:
    """Get the latest files of up to 100 documents, 50 MB at most, as one PDF to print.

    They come in the order of the call, and each is recorded as printed. If one is not
    available, none is returned: nobody would notice a missing page in a pile of paper.
    """
    caller.require(permission_to_view(caller.actor))
    wanted = tuple(dict.fromkeys(documents))
    if not wanted:
        raise NoSuchDocument
    read = caller.read(lambda session: _open_to_print(session, caller.actor, wanted))
    files = (_content(caller, version) for version in read.value)
    pdf = caller.stores.papers.inspector.join(files, person=caller.actor.id)
    headers = read_headers(read, caller.after) | {
        "Content-Disposition": 'inline; filename="documents.pdf"'
    }
    return Response(pdf, headers=headers, media_type=PDF)


def _content(caller: Caller, version: VersionRecord) -> bytes:
    with (
        recording_damage(damage_recorder(caller, version)),
        records.open_file(caller.stores.files, version) as stream,
    ):
        return stream.read()


def _open_to_print(
    session: Session, actor: Actor, ids: Iterable[UUID]
) -> list[VersionRecord]:
    versions = [
        records.open_version(session, actor, document_id, purpose="print")
        for document_id in ids
    ]
    # In the same transaction: what is not printed is not recorded as printed.
    megabytes = sum(version.filesize for version in versions) >> 20
    if megabytes > _MOST_MEGABYTES_PRINTED:
        raise _too_large(megabytes, _MOST_MEGABYTES_PRINTED, "file")
    return versions


def _too_large(megabytes: int, most: int, what: str) -> InvalidInput:
    return InvalidInput(
        "document",
        f"These documents have {megabytes} MB in total; one {what} may have at most "
        f"{most} MB. Choose fewer documents.",
    )


def _open_all(session: Session, actor: Actor, ids: Iterable[UUID]) -> _Bundle:
    bundle = _Bundle()
    for document_id in ids:
        try:
            version = records.open_version(
                session, actor, document_id, purpose="download"
            )
        except (NotFound, Conflict) as refusal:
            name = str(document_id)
            with suppress(NotFound):
                name = records.look_up(session, actor, document_id).title
            bundle.refused.append((name, refusal.args[0]))
        else:
            bundle.versions.append(version)
            bundle.documents.append(records.look_up(session, actor, document_id))
    if any(document.fields for document in bundle.documents):
        bundle.fields = fields.list_fields(session, actor)
    megabytes = sum(version.filesize for version in bundle.versions) >> 20
    if megabytes > _MOST_MEGABYTES:
        raise _too_large(megabytes, _MOST_MEGABYTES, "archive")
    return bundle


def _archived(caller: Caller, bundle: _Bundle) -> Generator[bytes]:
    """Yield the archive in pieces; PDFs are compressed already, so they are stored."""
    buffer = _Buffer()
    names = _names(bundle.versions)
    say = caller.stores.papers.wording(caller.actor.language).say
    zone = caller.stores.now().tzinfo
    with ZipFile(cast("BinaryIO", buffer), "w", ZIP_STORED) as archive:
        for version, name in zip(bundle.versions, names, strict=True):
            about = entry_of(name, version.created_at.astimezone(zone))
            with (
                recording_damage(damage_recorder(caller, version)),
                records.open_file(caller.stores.files, version) as stream,
                archive.open(about, "w") as entry,
            ):
                while piece := stream.read(_PIECE_BYTES):
                    entry.write(piece)
                    yield buffer.taken()
        if bundle.fields:
            archive.writestr(_TABLE, _table(bundle, names))
        if bundle.refused:
            lines = (f"{name}: {say(refusal)}" for name, refusal in bundle.refused)
            archive.writestr(f"{say(_NOT_INCLUDED)}.txt", "\r\n".join(lines))
    yield buffer.taken()


def entry_of(name: str, filed_at: datetime) -> ZipInfo:
    """Return the head of a file in an archive, which knows no time zones."""
    entry = ZipInfo(name, filed_at.timetuple()[:6])
    entry.external_attr = _FOR_ONE_PERSON
    return entry


def _table(bundle: _Bundle, names: Sequence[str]) -> str:
    """Return the documents' facts as CSV: a row each, a column for each own field."""
    known = {key for document in bundle.documents for key in document.fields}
    shown = [each for each in bundle.fields if each.key in known]
    text = StringIO()
    lines = csv.writer(text)
    heads = ("file", "title", "document_type", "dated_on", *(f.label for f in shown))
    lines.writerow(map(escape_formula, heads))
    for name, document in zip(names, bundle.documents, strict=True):
        facts = (name, document.title, document.document_type, document.dated_on)
        values = (document.fields.get(each.key) for each in shown)
        lines.writerow(map(_cell, (*facts, *values)))
    return BYTE_ORDER_MARK + text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return "" if value is None else escape_formula(str(value))


def _names(versions: Sequence[VersionRecord]) -> list[str]:
    """Return a name for each file, no two of them equal, that any system can unpack."""
    taken: set[str] = set()
    names = []
    for version in versions:
        stem = _portable_stem(version.filename)
        tries = (f"{stem}{f' ({n})' if n > 1 else ''}.pdf" for n in count(1))
        name = next(each for each in tries if each.casefold() not in taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def _portable_stem(filename: str) -> str:
    """Return a file's name without its ending, as every system can have it."""
    # Systems that compose letters would take two spellings for one name.
    stem = unicodedata.normalize("NFC", re.sub(r"\.pdf$", "", filename, flags=re.I))
    stem = _DEVICE.sub(r"\g<0>_", _NOT_IN_NAMES.sub("_", stem))
    return stem.encode()[:_LONGEST_STEM_BYTES].decode(errors="ignore").rstrip(" .")
