"""A list of documents with all the actions it offers."""

from collections.abc import Collection, Sequence
from uuid import UUID

from dashboard.context import current_actor
from dashboard.documents.records import document_addresses
from dashboard.documents.records.document_actions import confirm_deletion
from dashboard.documents.records.preview import preview
from dashboard.documents.search import bulk_actions
from dashboard.documents.search.document_table import DELETE, PATIENT, document_table
from dashboard.navigation import go, open_patient, patient_url
from dashboard.ui.record_table import TableEvent, chosen_of
from services.core.actors import Permission, Role
from services.documents.records import visibility
from services.documents.records.model import DocumentRecord
from services.documents.search import ListedDocument
from services.lists.criteria import Order


def documents_table(
    documents: Sequence[ListedDocument],
    *,
    key: str,
    orders: Sequence[Order] = (),
    sortable: Collection[str] = (),
    is_selectable: bool = False,
    columns: Sequence[str] | None = None,
    of_one_patient: bool = False,
) -> TableEvent:
    """Show the documents, and carry out the action chosen for one or several."""
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
        patient_url=patient_url if actor.may(Permission.VIEW_PATIENT) else None,
        selection=bulk_actions.selection_for(actor) if is_selectable else None,
        columns=columns,
        of_one_patient=of_one_patient or actor.role is Role.PATIENT,
    )
    if event.selected:
        ids, action = event.selected
        bulk_actions.ask([d for d in documents if str(d.id) in ids], action)
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
    if action == PATIENT and record.patient_id:
        open_patient(record.patient_id)
    elif action == DELETE:
        confirm_deletion(record)
    else:
        preview(record)
