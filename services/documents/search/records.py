"""Documents in a list, with the passages that a search found."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from services.documents.records.model import DocumentRecord
from services.documents.records.rows.documents import record_of

Place = Literal["title", "description", "patient", "text"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a passage, as it is in the document: plain text, never HTML."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A place that matches a search, with its context; `page` counts from 1."""

    place: Place
    segments: tuple[Segment, ...]
    page: int | None = None

    @property
    def text(self) -> str:
        """The whole passage."""
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class ListedDocument(DocumentRecord):
    """A document in a list; without a search it has no passages."""

    passages: tuple[Passage, ...] = ()


_NAMES: Final = tuple(field.name for field in fields(DocumentRecord))


def document_of(row: Sequence[Any]) -> ListedDocument:
    """Return the document from a row of the columns of a DocumentRecord."""
    record = record_of(row)
    return ListedDocument(*(getattr(record, name) for name in _NAMES))
