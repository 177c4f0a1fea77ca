"""Rules for a document's facts: tidied up where that is safe, else refused."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from db.postgres.violations import violated
from services.core.sentences import Sentence
from services.core.typed_text import is_unstorable, tidy_line
from services.documents.records.errors import InvalidDocument, VersionIdTaken

LONGEST_TITLE: Final = 200
EARLIEST_PAPER: Final = date(1900, 1, 1)
LONGEST_DESCRIPTION: Final = 2000
LONGEST_FILENAME: Final = 255
# The database counts the bytes of its own JSON text, with all digits of a number.
LARGEST_METADATA: Final = 16_000
# Far below the depth at which a JSON parser, Python's among them, overflows its stack.
DEEPEST_METADATA: Final = 100
_ENDING: Final = ".pdf"


def tidy_text(text: str) -> str:
    """Return the text with its lines, without what PostgreSQL cannot store."""
    lines = text.replace("\r\n", "\n")
    return "".join(c for c in lines if c in "\n\t" or not is_unstorable(c)).strip()


def storable(page: str) -> str:
    """Return a page's text in storable form, without NUL or half a character."""
    if "\0" in page:
        page = page.replace("\0", " ")
    return page.encode(errors="replace").decode()


def tidy_filename(name: str) -> str:
    """Return the file's name without folders, with the ending of a PDF."""
    last = re.split(r"[/\\]", name)[-1]
    tidied = tidy_line(last).rstrip(". ")
    if not tidied.lower().endswith(_ENDING):
        tidied += _ENDING
    stem = tidied[: -len(_ENDING)].lstrip(". ") or "document"
    return stem[: LONGEST_FILENAME - len(_ENDING)] + tidied[-len(_ENDING) :]


def stem_of(name: str) -> str:
    """Return a file's name without folders and ending: of `.pdf`, nothing is left."""
    last = re.split(r"[/\\]", name)[-1]
    stem, dot, _ = last.rpartition(".")
    return stem if dot else last


def title_or_filename(title: str, filename: str) -> str:
    """Return the title, or one made from the file name. Raises InvalidDocument."""
    given = tidy_line(title)
    if len(given) > LONGEST_TITLE:
        raise InvalidDocument(
            "title",
            Sentence(
                "A title can have at most {most} characters; shorten it.",
                most=LONGEST_TITLE,
            ),
        )
    return given or filename[: -len(_ENDING)][:LONGEST_TITLE].strip() or "Document"


def description_of(text: str) -> str:
    """Return the description tidied up. Raises InvalidDocument."""
    tidied = tidy_text(text)
    if len(tidied) > LONGEST_DESCRIPTION:
        raise InvalidDocument(
            "description",
            Sentence(
                "A description can have at most {most} characters; shorten it.",
                most=LONGEST_DESCRIPTION,
            ),
        )
    return tidied


def paper_date_of(dated_on: date | None) -> date | None:
    """Return the date if a paper can have it. Raises InvalidDocument."""
    # In some time zone it is tomorrow already.
    latest = datetime.now(UTC).date() + timedelta(days=1)
    if dated_on is not None and not EARLIEST_PAPER <= dated_on <= latest:
        raise InvalidDocument(
            "dated_on",
            "The date of the document must be between 1 January 1900 and today; check "
            "the paper, or leave the date empty.",
        )
    return dated_on


def require_handling(
    patient_id: UUID | None, *, confidential: bool, withheld: bool
) -> None:
    """Raise InvalidDocument unless a document can be handled like this."""
    if confidential and patient_id is None:
        raise InvalidDocument(
            "confidential",
            "A confidential document must belong to a patient, whose clinicians can "
            "open it: choose the patient, or file it as routine.",
        )
    if withheld and not confidential:
        raise InvalidDocument(
            "withheld",
            "Only a confidential document can be hidden from the patient; mark it "
            "confidential as well.",
        )


def metadata_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata in a form that JSON can store. Raises InvalidDocument."""
    if _depth(metadata) > DEEPEST_METADATA:
        raise InvalidDocument(
            "metadata",
            Sentence(
                "This metadata is nested too deeply: {most} levels at most.",
                most=DEEPEST_METADATA,
            ),
        )
    try:
        written = json.dumps(dict(metadata), ensure_ascii=False, allow_nan=False)
        size = len(written.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise _unreadable() from error
    if size > LARGEST_METADATA:
        raise _too_large()
    if "\\u0000" in written:
        raise _unreadable()
    known: dict[str, Any] = json.loads(written)
    return known


@contextmanager
def translate_violations() -> Iterator[None]:
    """Translate what only the database measures; the transaction has failed by then."""
    try:
        yield
    except IntegrityError as error:
        match violated(error):
            case "documents_metadata_size":
                raise _too_large() from error
            case "document_versions_pkey":
                raise VersionIdTaken from error
            case _:
                raise


def _depth(metadata: Mapping[str, Any]) -> int:
    """Return how deeply objects and lists are nested, the outermost included."""
    depth = 0
    level: list[Any] = [metadata]
    while level:
        depth += 1
        level = [
            member
            for parent in level
            for member in _members(parent)
            if _members(member)
        ]
    return depth


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_large() -> InvalidDocument:
    return InvalidDocument(
        "metadata", "These metadata are too long: a document carries 16 kB at most."
    )


def _unreadable() -> InvalidDocument:
    return InvalidDocument(
        "metadata", "Metadata must be a JSON object of texts, numbers and lists."
    )
