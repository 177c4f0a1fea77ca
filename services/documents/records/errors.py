"""The refusals about documents."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Final

from db.files.file_errors import FileDamaged, FileMissing, FileStoreUnavailable
from services.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from services.core.sentences import Sentence
from services.documents.records.model import DocumentRecord, VersionRecord

__all__ = [
    "MAX_BYTES",
    "ActiveContent",
    "AlreadyHeld",
    "Damaged",
    "DocumentIdTaken",
    "FileGone",
    "FilesUnavailable",
    "Held",
    "InvalidDocument",
    "NoFile",
    "NoHoldToRelease",
    "NoOriginal",
    "NoSuchDocument",
    "NoSuchVersion",
    "NotDeleted",
    "Quarantined",
    "StaleRevision",
    "TooLarge",
    "translate_file_errors",
]

MAX_BYTES: Final = 50 * 1024 * 1024
_ACTIVE: Final = {
    "scripts": "scripts",
    "launch": "commands that start programs",
    "attachments": "embedded files",
    "other_files": "commands that open other files",
    "uri_actions": "commands that open addresses unasked, or unusual ones",
    "form_submission": "commands that send away what is typed in",
    "data_import": "commands that fetch data into a form",
    "external_streams": "parts that are fetched from elsewhere",
    "xfa": "an XFA form",
    "polyglot": "a file of another kind",
    "eicar": "the EICAR test virus",
}


class NoSuchDocument(NotFound):
    """There is no such document, or the actor may not know that there is."""

    def __init__(self) -> None:
        super().__init__("Document not found")


class NoSuchVersion(NotFound):
    """The document has no version with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(
            Sentence("This document has no version {number}.", number=number)
        )


class NoOriginal(NotFound):
    """The version was filed as the PDF that it is."""

    def __init__(self) -> None:
        super().__init__(
            "This version was not made from a picture: its file is the original."
        )


class FileGone(NotFound):
    """The row exists, the bytes do not."""

    def __init__(self) -> None:
        super().__init__("File not found on server")


class NoFile(InvalidInput):
    """The upload contained no file."""

    def __init__(self) -> None:
        super().__init__("file", "No file uploaded")


class TooLarge(InvalidInput):
    """The file has more bytes than a document may have."""

    def __init__(self) -> None:
        super().__init__("file", "File size exceeds 50MB limit")


class ActiveContent(InvalidInput):
    """The file has active content, and this clinic accepts none."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        self.findings = tuple(finding for finding in findings if finding in _ACTIVE)
        *most, last = (Sentence(_ACTIVE[finding]) for finding in self.findings)
        contents = last
        if most:
            listed = reduce(_followed_by, most)
            contents = Sentence("{listed} and {last}", listed=listed, last=last)
        super().__init__(
            "file",
            Sentence(
                "This file contains {contents}, which this clinic does not accept. "
                "Print it to a new PDF and upload that one.",
                contents=contents,
            ),
        )


def _followed_by(listed: Sentence, following: Sentence) -> Sentence:
    return Sentence("{listed}, {following}", listed=listed, following=following)


class InvalidDocument(InvalidInput):
    """A title, description or other fact breaks a rule."""


class DocumentIdTaken(Conflict):
    """The id sent with a document belongs to another one."""

    def __init__(self) -> None:
        super().__init__(
            "Another document already has this id; create this one again to get a new "
            "id."
        )


class VersionIdTaken(Conflict):
    """The id sent with a version belongs to another one."""

    def __init__(self) -> None:
        super().__init__(
            "Another version already has this id; send this one again with a new id."
        )


class StaleRevision(Conflict):
    """The document was changed since it was read; `current` is what it is now."""

    def __init__(self, current: DocumentRecord) -> None:
        super().__init__(
            "Somebody else changed this document in the meantime. Check what is there "
            "now, then try again."
        )
        self.current = current


class Quarantined(Conflict):
    """The version waits for its virus scan, or the scan found something."""

    def __init__(self, version: VersionRecord) -> None:
        super().__init__(
            "The virus scan found something in this file, so it cannot be opened."
            if version.scan == "infected"
            else "This file is waiting for its virus scan; you can open it after that."
        )


class Damaged(Conflict):
    """The bytes are no longer those that were stored."""

    def __init__(self) -> None:
        super().__init__(
            "This file is damaged in the store, so it is not shown. Restore another "
            "version or upload it again, and tell an administrator."
        )


class Held(Conflict):
    """The document is on legal hold."""

    def __init__(self) -> None:
        super().__init__(
            "This document is on legal hold and must be kept; "
            "it can be deleted once the hold is released."
        )


class AlreadyHeld(Conflict):
    """Somebody else has already put the document on hold."""

    def __init__(self) -> None:
        super().__init__("This document is already on legal hold.")


class NoHoldToRelease(Conflict):
    """There is no hold to release."""

    def __init__(self) -> None:
        super().__init__("This document is not on legal hold.")


class NotDeleted(Conflict):
    """The document is not deleted, so there is nothing to restore."""

    def __init__(self) -> None:
        super().__init__("This document is not deleted; you can use it as it is.")


class FilesUnavailable(Unavailable):
    """The file store does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "Documents' files cannot be reached at the moment; everything else works. "
            "Try again in a minute."
        )


@contextmanager
def translate_file_errors() -> Iterator[None]:
    """Translate errors of the file store into refusals that people understand."""
    try:
        yield
    except FileMissing as error:
        raise FileGone from error
    except FileDamaged as error:
        raise Damaged from error
    except FileStoreUnavailable as error:
        raise FilesUnavailable from error
