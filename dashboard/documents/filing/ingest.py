"""Files from a page's uploader become documents, one after the other.

Streamlit keeps uploads in memory until it is told that they are no longer needed: a
filed one is released, a refused one stays for another try. The last reference is in
what Streamlit remembers of the previous run, until the page runs again.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final
from uuid import UUID

from streamlit.runtime.uploaded_file_manager import UploadedFile

from dashboard.context import (
    counting_upload,
    current_actor,
    ingest,
    inspector,
    read,
    today,
    write,
)
from dashboard.ui.language import gettext as _, marked
from dashboard.web.uploaded_files import release
from services.core.errors import InvalidInput, ServiceError
from services.core.sentences import Sentence
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.errors import MAX_BYTES
from services.documents.records.guessing import PaperGuess, guess_paper
from services.documents.records.model import DocumentRecord
from services.pdf.report import EmptyFile, NotAPdf, OfficeFile

MAX_MEGABYTES: Final = MAX_BYTES >> 20
_PIECE_BYTES: Final = 1 << 20
_ACCEPTED: Final = marked(
    "Only PDF files and {kinds} are accepted. This file is neither, whatever its name "
    "says: save or print it as a PDF and choose that file."
)


@dataclass(frozen=True, slots=True)
class AlreadyFiled:
    """The same content is among the patient's documents."""

    known: DocumentRecord


def file(
    upload: UploadedFile, draft: DraftDocument, *, even_if_known: bool
) -> DocumentRecord | AlreadyFiled:
    """Store the bytes, then file them as a document; raises what the services raise.

    If the same content is filed for the patient already, return AlreadyFiled instead,
    unless it is to be filed `even_if_known`.
    """
    actor = current_actor()
    if not even_if_known and (known := _find_known(upload, draft.patient_id)):
        return AlreadyFiled(known)
    with counting_upload():
        content = _receive(upload)
        with ingest().discarding_on_refusal(content):
            record = write(lambda session: records.file(session, actor, draft, content))
    release(upload)
    return record


def add_version(upload: UploadedFile, record: DocumentRecord) -> DocumentRecord:
    """Store the bytes, then make them the document's next version."""
    actor = current_actor()
    with counting_upload():
        content = _receive(upload)
        with ingest().discarding_on_refusal(content):
            changed = write(
                lambda session: records.add_version(
                    session, actor, record.id, content, revision=record.revision
                )
            )
    release(upload)
    return changed


def other_kinds() -> str:
    """Return the kinds of files that are accepted besides PDFs, as text."""
    if not ingest().takes_office_files:
        return _("pictures (JPEG, PNG, TIFF, HEIC)")
    return _(
        "pictures (JPEG, PNG, TIFF, HEIC) and office files (Word, Excel, PowerPoint, "
        "OpenDocument)"
    )


def guess(upload: UploadedFile) -> PaperGuess:
    """Guess the paper's title and date, for somebody to correct.

    A file that cannot be read is refused when it is filed, not here.
    """
    text: tuple[str, ...] = ()
    with suppress(ServiceError):
        text = inspector().text(upload, person=current_actor().id)
    return guess_paper(upload.name, text, today=today())


def _find_known(upload: UploadedFile, patient_id: UUID | None) -> DocumentRecord | None:
    digest = sha256()
    upload.seek(0)
    # Not hashlib.file_digest: it would make a second copy of what is in memory.
    for piece in iter(partial(upload.read, _PIECE_BYTES), b""):
        digest.update(piece)
    actor, content_digest = current_actor(), digest.digest()
    return read(lambda s: records.find_filed(s, actor, content_digest, patient_id))


def _receive(upload: UploadedFile) -> StoredContent:
    upload.seek(0)
    try:
        return ingest().receive(upload, upload.name, person=current_actor().id)
    except (EmptyFile, OfficeFile):
        raise
    except NotAPdf as refusal:
        # Its own sentence is for programs: their interface promises it, word for word.
        kinds = other_kinds()
        raise InvalidInput("file", Sentence(_ACCEPTED, kinds=kinds)) from refusal
