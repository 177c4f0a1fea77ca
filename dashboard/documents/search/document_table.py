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
    found: Sequence[FoundDocument],
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
        _row(one, page_of(one), tuple(_actions(one, download_of, may_delete)))
        for one in found
    ]
    payload = payload_of(columns, rows, name="Documents", order=marks_of(orders))
    return record_table(payload, key=key)


def _row(found: FoundDocument, url: str, actions: tuple[RowAction, ...]) -> Row:
    # In the title the words stand in the row already.
    passages = [one for one in found.passages if one.place != "title"]
    return Row(
        str(found.id),
        (
            Cell(found.title, lines=tuple(map(_line, passages))),
            Cell(size(found.version.filesize)),
            Cell(at(found.created_at)),
            Cell(kind(found)),
            Cell(found.patient_name) if found.patient_name else _UNFILED,
            state(found),
            Cell("", actions=actions),
        ),
        url,
    )


def _line(passage: Passage) -> tuple[Piece, ...]:
    page = f"Page {passage.page}: " if passage.page else ""
    where = Piece(page or _PLACES.get(passage.place, ""))
    found = (Piece(one.text, one.is_hit) for one in passage.segments)
    return (where, *found)


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
