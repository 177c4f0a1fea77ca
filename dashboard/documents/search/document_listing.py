"""The list of documents that a page's address names, and how to get to another list.

As with patients, the address carries an opaque key and never a value.
"""

from dataclasses import dataclass
from uuid import UUID

from dashboard.context import current_actor, read_document_list
from dashboard.documents.fields.field_words import fields_of_lists
from dashboard.ui.lists import list_addresses
from dashboard.ui.lists.list_addresses import AddressedList
from dashboard.ui.lists.list_words import documents_in_words
from services.core.actors import Role
from services.documents.search import ListedDocument
from services.documents.search.cache import CachedPage
from services.documents.search.fields import DOCUMENTS, FIELDS, fields_for
from services.lists.criteria import Criteria, Fields, Filter, Group, Operator
from services.lists.pages import PagePosition


@dataclass(frozen=True, slots=True)
class DocumentListing(AddressedList):
    """A list of documents."""

    subject = DOCUMENTS

    @property
    def fields(self) -> Fields:
        """The fields this person can filter by; deleted documents have another page."""
        known = {**fields_for(self.actor), **self._own_fields}
        return {name: field for name, field in known.items() if name != "deleted_at"}

    @property
    def _own_fields(self) -> Fields:
        return fields_of_lists(self.criteria.fields())

    @property
    def is_own(self) -> bool:
        """Whether these are a patient's own documents."""
        return self.actor.role is Role.PATIENT

    def look(self, position: PagePosition, *, is_counted: bool = True) -> CachedPage:
        """Read the page at a position, and count the list in the same read."""
        return read_document_list(self.criteria, position, is_counted=is_counted)

    def sentence(self, cached: CachedPage) -> str:
        """Return what the list shows and how many there are; raises if not counted."""
        if cached.count is None:
            raise ValueError("nobody has counted this list")
        fields = {**FIELDS, **self._own_fields}
        return documents_in_words(self.criteria, fields, cached.count)


def deleted() -> DocumentListing:
    """Return the documents that this person could restore, the last deleted first."""
    return DocumentListing(current_actor(), "", Criteria(archived=True))


def newest_of(patient_id: UUID, most: int) -> tuple[ListedDocument, ...]:
    """Return the newest documents of a patient, at most `most`."""
    actor = current_actor()
    filters = Criteria()
    if actor.role is not Role.PATIENT:
        filters = _of(patient_id)
    cached = read_document_list(filters, PagePosition(size=most), is_counted=False)
    return cached.page.rows


def list_key_of(patient_id: UUID) -> str:
    """Return the key of the list of all documents of a patient."""
    return list_addresses.key_of_list(current_actor(), _of(patient_id), DOCUMENTS)


def _of(patient_id: UUID) -> Criteria:
    filed = Filter("patient_id", Operator.EQUAL, str(patient_id))
    return Criteria(Group(members=(filed,)))
