"""Documents as rows of a table: each opens, is previewed, downloaded, deleted."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

from dashboard.documents.fields.field_words import columns_of_fields, spoken
from dashboard.documents.records import document_addresses
from dashboard.documents.records.document_words import (
    day,
    has_pages,
    kind,
    size,
    state,
    states,
)
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.lists.column_choice import OfferedColumns
from dashboard.ui.lists.sorting import marks_of, sorted_by_name
from dashboard.ui.record_table import (
    Cell,
    Column,
    Piece,
    Row,
    RowAction,
    Selection,
    TableEvent,
    record_table,
)
from dashboard.ui.words import at, name_in_list
from services.documents.fields import DocumentField
from services.documents.records.model import DocumentRecord
from services.documents.search import ListedDocument, Passage
from services.lists.criteria import Order

PREVIEW: Final = "preview"
DELETE: Final = "delete"
PATIENT: Final = "patient"
_UNFILED: Final = marked("Unfiled")
_LAST_NAME: Final = "last_name"
_STATE: Final = "state"
_TAGS: Final = "tags"
_HEADS: Final[Mapping[str, Column]] = {
    "title": Column(marked("Name"), "title"),
    "document_type": Column(marked("Type"), "document_type", is_whole=True),
    "dated_on": Column(marked("Dated"), "dated_on"),
    _TAGS: Column(marked("Tags")),
    "created_at": Column(marked("Uploaded"), "created_at"),
    _LAST_NAME: Column(marked("Patient"), "last_name"),
    "filesize": Column(marked("Size"), "filesize", is_whole=True),
    _STATE: Column(marked("State"), is_whole=True),
}
_ACTIONS: Final = Column(marked("Actions"))
CellOf = Callable[[ListedDocument], Cell]
_PLACES: Final = {
    "description": marked("Description: "),
    "patient": marked("Patient: "),
}


def document_table(
    documents: Sequence[ListedDocument],
    *,
    page_of: Callable[[DocumentRecord], str],
    download_of: Callable[[DocumentRecord], str],
    may_delete: Callable[[DocumentRecord], bool],
    key: str,
    orders: Sequence[Order],
    sortable: Collection[str],
    patient_url: Callable[[UUID], str] | None,
    selection: Selection | None,
    columns: Sequence[str] | None,
    of_one_patient: bool,
) -> TableEvent:
    """Show the documents; return which was opened, or which action on which.

    Patients' names link to the address from `patient_url`, if it is given; in a list
    `of_one_patient` they are left out. `columns` are the ones that somebody has chosen,
    in that order.
    """
    own = columns_of_fields() if columns else {}
    shown = [name for name in columns or () if name in _HEADS or name in own]
    if not shown:
        hidden = _empty_columns(documents) | ({_LAST_NAME} if of_one_patient else set())
        shown = [name for name in _HEADS if name not in hidden]
    cells: dict[str, CellOf] = {
        **_CELLS,
        _LAST_NAME: lambda document: _patient(document, patient_url),
        **{name: partial(_own, field) for name, field in own.items()},
    }
    heads = {
        **{name: Column(field.label) for name, field in own.items()},
        **_HEADS,
        _LAST_NAME: sorted_by_name(_HEADS[_LAST_NAME], orders),
    }
    rows = [
        Row(
            str(document.id),
            (
                *(cells[name](document) for name in shown),
                Cell("", actions=tuple(_actions(document, download_of, may_delete))),
            ),
            page_of(document),
            document_addresses.thumbnail(document.version)
            if has_pages(document)
            else "",
        )
        for document in documents
    ]
    return record_table(
        [
            known if known.order in sortable else replace(known, order=None)
            for known in (*(heads[name] for name in shown), _ACTIONS)
        ],
        rows,
        name=_("Documents"),
        order=marks_of(orders),
        selection=selection,
        key=key,
    )


def offered_columns() -> OfferedColumns:
    """Return the columns of a list of documents, to choose from."""
    own = columns_of_fields()
    labels = {name: _(head.label) for name, head in _HEADS.items()}
    labels |= {name: field.label for name, field in own.items()}
    return OfferedColumns(tuple(labels), tuple(_HEADS), labels.__getitem__)


def _empty_columns(documents: Sequence[ListedDocument]) -> set[str]:
    """Return the columns in which none of the documents has a value, to be hidden."""
    hidden = set()
    if not any(document.tags for document in documents):
        hidden.add(_TAGS)
    if not any(any(states(document)) for document in documents):
        hidden.add(_STATE)
    return hidden


def _title(document: ListedDocument) -> Cell:
    # Words found in the title are in the row already.
    passages = [passage for passage in document.passages if passage.place != "title"]
    return Cell(document.title, lines=tuple(map(_line, passages)))


def _own(field: DocumentField, document: ListedDocument) -> Cell:
    return Cell(spoken(field, document.fields))


def _patient(document: DocumentRecord, url_of: Callable[[UUID], str] | None) -> Cell:
    if document.patient_id is None:
        return Cell(_(_UNFILED), "warn", "move_to_inbox")
    name = name_in_list(document)
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


_CELLS: Final[Mapping[str, CellOf]] = {
    "title": _title,
    "document_type": lambda document: Cell(kind(document)),
    "dated_on": lambda document: Cell(day(document.dated_on)),
    _TAGS: lambda document: Cell(", ".join(document.tags)),
    "created_at": lambda document: Cell(at(document.created_at)),
    "filesize": lambda document: Cell(size(document.version.filesize)),
    _STATE: state,
}
