"""Lists of documents: pages, counts, search; whatever criteria can ask for."""

from services.documents.search.counting import count_documents
from services.documents.search.pages import DocumentPage, list_documents, list_numbered
from services.documents.search.records import FoundDocument, Passage, Segment
from services.documents.search.spelling import Spelling

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
