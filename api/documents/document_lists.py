"""GET /api/documents: lists of documents, filtered, sorted and searched."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core import field_selection
from api.core.answers import JsonResponse, read_headers
from api.core.bodies import describe_criteria
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from api.core.field_selection import ChosenFields
from api.documents.schemas import DocumentsPage, ListedDocumentShown
from services.core.errors import InvalidInput
from services.documents import search
from services.documents.fields import PREFIX
from services.documents.records.visibility import permission_to_view
from services.documents.search import DocumentPage, fields as document_fields
from services.lists import criteria
from services.lists.criteria import Fields, QueryCriteria
from services.lists.pages import PagePosition

router = APIRouter(tags=["Documents"])

_CURSORS: Final = frozenset({"after", "before"})
_PAGED: Final = {
    "search": 'Words, "phrases" and -excluded words, in text, title, description '
    "and file name.",
    "per_page": "Documents per page; 10 by default, at most 1,000.",
    field_selection.PARAMETER: field_selection.DESCRIPTION,
    "page": "Page number, from 1; the answer then has a total and no next.",
}


@router.get(
    "/api/documents",
    responses=shows(DocumentsPage),
    openapi_extra=describe_criteria(_PAGED),
)
def list_documents(
    caller: ProgramOrPerson,
    request: Request,
    after: UUID | None = None,
    before: UUID | None = None,
) -> Response:
    """List the documents that meet the criteria, the newest first.

    Pass `next` as `after`, or `previous` as `before`, for other pages. A search ranks
    the documents and shows the passages that it found.
    """
    chosen, remaining = field_selection.read_fields(
        request.query_params.multi_items(), ListedDocumentShown
    )
    pairs = [pair for pair in remaining if pair[0] not in _CURSORS]
    fields = _fields(caller, pairs)
    query = criteria.from_query(pairs, fields)

    if "page" in request.query_params:
        if after or before:
            sentence = "page cannot be combined with after or before."
            raise InvalidInput("page", sentence)
        read = caller.read(lambda session: _numbered(session, caller, query, chosen))
        return JsonResponse(read.value, headers=read_headers(read, caller.after))
    looked = caller.look(query.criteria, PagePosition(query.per_page, after, before))
    page = _page(looked.value.page, query, chosen)
    return JsonResponse(page, headers=read_headers(looked, caller.after))


def _fields(caller: Caller, pairs: Iterable[tuple[str, str]]) -> Fields:
    """Return the fields of lists, including the clinic's own if the query names any."""
    known = document_fields.fields_for(caller.actor)
    if not any(value.startswith(PREFIX) for _, value in pairs):
        return known
    caller.require(permission_to_view(caller.actor))
    return {**known, **caller.read(document_fields.listed_fields).value}


def _page(
    page: DocumentPage, query: QueryCriteria, chosen: ChosenFields
) -> dict[str, Any]:
    return {
        "documents": [chosen.of(ListedDocumentShown.of(row)) for row in page.rows],
        "per_page": query.per_page,
        "next": page.next,
        "previous": page.previous,
    }


def _numbered(
    session: Session, caller: Caller, query: QueryCriteria, chosen: ChosenFields
) -> dict[str, Any]:
    now = caller.stores.now()
    rows = search.list_numbered(
        session,
        caller.actor,
        query.criteria,
        page=query.page,
        per_page=query.per_page,
        now=now,
    )
    count = search.count_documents(session, caller.actor, query.criteria, now=now)
    return {
        "documents": [chosen.of(ListedDocumentShown.of(row)) for row in rows],
        "page": query.page,
        "per_page": query.per_page,
        "total": count.value,
        "total_is_exact": count.is_exact,
    }
