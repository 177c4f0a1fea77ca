"""Lists of documents by any criteria: pages, counts, search."""

from services.documents.search.counting import count_documents as count_documents
from services.documents.search.pages import (
    DocumentPage as DocumentPage,
    find_quickly as find_quickly,
    list_documents as list_documents,
    list_numbered as list_numbered,
)
from services.documents.search.records import (
    ListedDocument as ListedDocument,
    Passage as Passage,
)
from services.documents.search.spelling import Spelling as Spelling
