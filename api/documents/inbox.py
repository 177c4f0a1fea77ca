"""/api/inbox: documents that came in, their assignment, and their completion."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import (
    FromAttribute,
    JsonResponse,
    Shown,
    read_headers,
    written_headers,
)
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from services.core.actors import Actor
from services.documents import inbox
from services.documents.inbox import MOST_LISTED, InboxItem, InboxView
from services.documents.records.kinds import DocumentType

router = APIRouter(prefix="/api/inbox", tags=["Documents"])


class ColleagueShown(Shown):
    """A person to whom documents can be assigned."""

    id: UUID
    name: str


class ColleaguesShown(Shown):
    """The people to whom documents can be assigned, by name."""

    colleagues: list[ColleagueShown]


def _assignee(item: InboxItem) -> object:
    return ColleagueShown.of(item.assignee) if item.assignee else None


class InboxItemShown(Shown):
    """A document as the inbox shows it; the document's details have more."""

    id: UUID
    title: str
    document_type: DocumentType
    urgent: bool
    patient_id: UUID | None = Field(description="Null while the document is unfiled.")
    patient_name: Annotated[
        str | None, FromAttribute(lambda item: item.patient_name or None)
    ]
    created_by: UUID
    created_by_name: str
    created_at: datetime
    assignee: Annotated[ColleagueShown | None, FromAttribute(_assignee)] = Field(
        description="The person who is to review the document; null while "
        "nobody is assigned."
    )
    done_at: datetime | None = Field(
        description="Null while the document is in the inbox."
    )


class InboxShown(Shown):
    """A part of the inbox: urgent documents first, then the oldest."""

    documents: list[InboxItemShown]
    next: UUID | None = Field(description="Pass it as `after` to get the next page.")


class InboxCountsShown(Shown):
    """How many documents wait for the caller, and how many are unassigned."""

    mine: int
    unassigned: int


class AssignmentBody(Body):
    """The person who is to look at a document; null for anybody."""

    assignee: Annotated[UUID | None, Field(strict=False)]


@router.get("", responses=shows(InboxShown))
def list_inbox(
    caller: ProgramOrPerson,
    *,
    view: Annotated[
        Literal["mine", "unassigned", "everybody"],
        Query(description="Documents assigned to the caller, to nobody, or all."),
    ] = "everybody",
    after: Annotated[
        UUID | None, Query(description="`next` of the previous page.")
    ] = None,
    per_page: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
) -> Response:
    """List the documents that came in and are not done, if the caller may open them.

    A clinician's inbox has what others filed for their patients; the front desk's has
    what patients sent, and what has no patient or no type yet; both have what was
    assigned to them. Unassigned documents leave the inbox after 30 days.
    """
    now = caller.stores.now()
    read = caller.read(
        lambda session: inbox.list_inbox(
            session,
            caller.actor,
            InboxView[view.upper()],
            now,
            after=after,
            limit=per_page,
        )
    )
    content = {
        "documents": list(map(InboxItemShown.of, read.value.items)),
        "next": read.value.next,
    }
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.get("/counts", responses=shows(InboxCountsShown))
def count_inbox(caller: ProgramOrPerson) -> Response:
    """Count the documents that wait for the caller, and those that are unassigned."""
    now = caller.stores.now()
    read = caller.read(lambda session: inbox.count_inbox(session, caller.actor, now))
    return JsonResponse(
        InboxCountsShown.of(read.value), headers=read_headers(read, caller.after)
    )


@router.get("/colleagues", responses=shows(ColleaguesShown))
def list_colleagues(caller: ProgramOrPerson) -> Response:
    """List the people to whom documents can be assigned."""
    read = caller.read(lambda session: inbox.list_colleagues(session, caller.actor))
    content = {"colleagues": list(map(ColleagueShown.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.post(
    "/{uuid}/assign",
    responses=shows(InboxItemShown, 404, 409, 413, 415),
    openapi_extra=describe_body(AssignmentBody),
)
def assign_document(
    caller: ProgramOrPerson,
    uuid: UUID,
    body: Annotated[AssignmentBody, json_body(AssignmentBody)],
) -> Response:
    """Assign a document to a colleague who may open it, or to nobody.

    A document that was done returns to the inbox. An assignment grants no access: 409
    if the colleague may not open the document otherwise.
    """
    return _do(
        caller,
        lambda session, actor: inbox.assign(session, actor, uuid, body.assignee),
    )


@router.post("/{uuid}/done", responses=shows(InboxItemShown, 404))
def finish_document(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Take a document out of the inbox, for everybody."""
    return _do(caller, lambda session, actor: inbox.finish(session, actor, uuid))


@router.post("/{uuid}/reopen", responses=shows(InboxItemShown, 404))
def reopen_document(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return a document to its place in the inbox."""
    return _do(caller, lambda session, actor: inbox.reopen(session, actor, uuid))


def _do(caller: Caller, action: Callable[[Session, Actor], InboxItem]) -> Response:
    written = caller.write(lambda session: action(session, caller.actor))
    return JsonResponse(
        InboxItemShown.of(written.value), headers=written_headers(written)
    )
