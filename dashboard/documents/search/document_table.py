"""Documents as rows of a table: each opens, is looked at, downloaded, deleted."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from dashboard.documents.records import document_addresses
from dashboard.documents.records.document_words import day, has_pages, kind, size, state
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.lists.sorting import marks_of
from dashboard.ui.record_table import (
    Cell,
    Column,
    Piece,
    Row,
    RowAction,
    Selection,
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
PATIENT: Final = "patient"
_UNFILED: Final = marked("Unfiled")
_TAGS: Final = marked("Tags")
_COLUMNS: Final = (
    Column(marked("Name"), "title"),
    Column(marked("Type"), "document_type"),
    Column(marked("Dated"), "dated_on"),
    Column(_TAGS),
    Column(marked("Uploaded"), "created_at"),
    Column(marked("Patient"), "last_name"),
    Column(marked("Size"), "filesize", is_whole=True),
    Column(marked("State"), is_whole=True),
    Column(marked("Actions")),
)
_PLACES: Final = {
    "description": marked("Description: "),
    "patient": marked("Patient: "),
}


def document_table(
    documents: Sequence[FoundDocument],
    *,
    page_of: Callable[[DocumentRecord], str],
    download_of: Callable[[DocumentRecord], str],
    may_delete: Callable[[DocumentRecord], bool],
    key: str,
    orders: Sequence[Order] = (),
    sortable: Collection[str] = (),
    patient_url: Callable[[UUID], str] | None = None,
    selection: Selection | None = None,
) -> TableEvent:
    """Show the documents; tell which was opened, or what is to be done with which.

    Names of patients lead to where `patient_url` says, if anywhere.
    """
    # Of a list without any, the column would only take room.
    has_tags = any(document.tags for document in documents)
    columns = [
        known if known.order in sortable else replace(known, order=None)
        for known in _COLUMNS
        if has_tags or known.label != _TAGS
    ]
    rows = [
        _row(
            document,
            page_of(document),
            patient_url,
            tuple(_actions(document, download_of, may_delete)),
            has_tags=has_tags,
        )
        for document in documents
    ]
    payload = payload_of(
        columns,
        rows,
        name=_("Documents"),
        order=marks_of(orders),
        selection=selection,
    )
    return record_table(payload, key=key)


def _row(
    document: FoundDocument,
    url: str,
    patient_url: Callable[[UUID], str] | None,
    actions: tuple[RowAction, ...],
    *,
    has_tags: bool,
) -> Row:
    # In the title the words stand in the row already.
    passages = [passage for passage in document.passages if passage.place != "title"]
    return Row(
        str(document.id),
        (
            Cell(document.title, lines=tuple(map(_line, passages))),
            Cell(kind(document)),
            Cell(day(document.dated_on)),
            *((Cell(", ".join(document.tags)),) if has_tags else ()),
            Cell(at(document.created_at)),
            _patient(document, patient_url),
            Cell(size(document.version.filesize)),
            state(document),
            Cell("", actions=actions),
        ),
        url,
        document_addresses.thumbnail(document.version) if has_pages(document) else "",
    )


def _patient(document: DocumentRecord, url_of: Callable[[UUID], str] | None) -> Cell:
    if document.patient_id is None:
        return Cell(_(_UNFILED), "warn", "move_to_inbox")
    name = document.patient_name or ""
    if url_of is None:
        return Cell(name)
    return Cell(name, url=url_of(document.patient_id), name=PATIENT)


def _line(passage: Passage) -> tuple[Piece, ...]:
    page = _("Page {page}: ").format(page=passage.page) if passage.page else ""
    where = Piece(page or _(_PLACES.get(passage.place, "")))
    pieces = (Piece(segment.text, segment.is_hit) for segment in passage.segments)
    return (where, *pieces)


def _actions(
    record: DocumentRecord,
    download_of: Callable[[DocumentRecord], str],
    may_delete: Callable[[DocumentRecord], bool],
) -> Iterator[RowAction]:
    if record.version.is_served:
        yield RowAction(PREVIEW, _("Preview"), "visibility")
        yield RowAction("download", _("Download"), "download", download_of(record))
    if may_delete(record):
        yield RowAction(DELETE, _("Delete"), "delete")
