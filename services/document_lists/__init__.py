"""Lists of documents: pages, counts, search; whatever criteria can ask for."""

from services.document_lists.counting import count_documents
from services.document_lists.pages import DocumentPage, list_documents, list_numbered
from services.document_lists.records import FoundDocument, Passage, Segment
from services.document_lists.spelling import Spelling

__all__ = [
    "DocumentPage",
    "FoundDocument",
    "Passage",
    "Segment",
    "Spelling",
    "count_documents",
    "list_documents",
    "list_numbered",
]
