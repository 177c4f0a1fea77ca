"""Documents as rows of a table: each opens, is looked at, downloaded, deleted."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from dashboard.documents.records.document_words import kind, size, state
from dashboard.ui.lists.sorting import marks_of
from dashboard.ui.record_table import (
    Cell,
    Column,
    Piece,
    Row,
    RowAction,
    TableEvent,
    payload_of,
    record_table,
)
from dashboard.ui.words import at
from services.documents.records.model import DocumentRecord
from services.documents.search import FoundDocument, Passage
from services.lists.criteria import Order

PREVIEW: Final = "preview"
DELETE: Final = "delete"
_UNFILED: Final = Cell("Unfiled", "warn", "move_to_inbox")
_COLUMNS: Final = (
    Column("Name", "title"),
    Column("Size", "filesize", is_whole=True),
    Column("Uploaded", "created_at"),
    Column("Type", "document_type"),
    Column("Patient", "last_name"),
    Column("State", is_whole=True),
    Column("Actions"),
)
_PLACES: Final = {"description": "Description: ", "patient": "Patient: "}


def document_table(
    documents: Sequence[FoundDocument],
    *,
    page_of: Callable[[DocumentRecord], str],
    download_of: Callable[[DocumentRecord], str],
    may_delete: Callable[[DocumentRecord], bool],
    key: str,
    orders: Sequence[Order] = (),
    sortable: Collection[str] = (),
) -> TableEvent:
    """Show the documents; tell which was opened, or what is to be done with one."""
    columns = [
        known if known.order in sortable else replace(known, order=None)
        for known in _COLUMNS
    ]
    rows = [
        _row(
            document,
            page_of(document),
            tuple(_actions(document, download_of, may_delete)),
        )
        for document in documents
    ]
    payload = payload_of(columns, rows, name="Documents", order=marks_of(orders))
    return record_table(payload, key=key)


def _row(document: FoundDocument, url: str, actions: tuple[RowAction, ...]) -> Row:
    # In the title the words stand in the row already.
    passages = [passage for passage in document.passages if passage.place != "title"]
    return Row(
        str(document.id),
        (
            Cell(document.title, lines=tuple(map(_line, passages))),
            Cell(size(document.version.filesize)),
            Cell(at(document.created_at)),
            Cell(kind(document)),
            Cell(document.patient_name) if document.patient_name else _UNFILED,
            state(document),
            Cell("", actions=actions),
        ),
        url,
    )


def _line(passage: Passage) -> tuple[Piece, ...]:
    page = f"Page {passage.page}: " if passage.page else ""
    where = Piece(page or _PLACES.get(passage.place, ""))
    pieces = (Piece(segment.text, segment.is_hit) for segment in passage.segments)
    return (where, *pieces)


def _actions(
    record: DocumentRecord,
    download_of: Callable[[DocumentRecord], str],
    may_delete: Callable[[DocumentRecord], bool],
) -> Iterator[RowAction]:
    if record.version.is_served:
        yield RowAction(PREVIEW, "Preview", "visibility")
        yield RowAction("download", "Download", "download", download_of(record))
    if may_delete(record):
        yield RowAction(DELETE, "Delete", "delete")
