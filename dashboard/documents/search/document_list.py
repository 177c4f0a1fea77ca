"""A list of documents with all that can be done from it."""

from collections.abc import Collection, Sequence
from uuid import UUID

from dashboard.context import current_actor
from dashboard.documents.records import document_addresses
from dashboard.documents.records.document_actions import confirm_deletion
from dashboard.documents.records.preview import preview
from dashboard.documents.search.document_table import DELETE, document_table
from dashboard.navigation import go
from dashboard.ui.record_table import TableEvent, chosen_of
from services.documents.records import visibility
from services.documents.records.model import DocumentRecord
from services.documents.search import FoundDocument
from services.lists.criteria import Order


def documents_table(
    documents: Sequence[FoundDocument],
    *,
    key: str,
    orders: Sequence[Order] = (),
    sortable: Collection[str] = (),
) -> TableEvent:
    """Show the documents, and do what is asked for with one of them."""
    actor = current_actor()
    event = document_table(
        documents,
        page_of=lambda record: document_addresses.document_page(record.id),
        download_of=lambda record: document_addresses.download(
            record.id, record.version.number
        ),
        may_delete=lambda record: (
            visibility.may_delete(actor, record) and not record.is_held
        ),
        key=key,
        orders=orders,
        sortable=sortable,
    )
    if event.opened:
        open_document(event.opened)
    record = chosen_of(event, documents, lambda document: document.id)
    if event.action and record:
        _do(event.action[1], record)
    return event


def open_document(document_id: UUID | str) -> None:
    """Go to a document's page."""
    go("documents/document.py", document=str(document_id))


def _do(action: str, record: DocumentRecord) -> None:
    if action == DELETE:
        confirm_deletion(record)
    else:
        preview(record)
