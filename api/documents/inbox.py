"""/api/inbox: documents that came in, who looks at each, and that they are done."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import From, JsonResponse, Shown, read_headers, written_headers
from api.core.bodies import Body, describe_body, sent
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from services.core.actors import Actor
from services.documents import inbox
from services.documents.inbox import MOST_LISTED, InboxItem, InboxView
from services.documents.records.kinds import DocumentType

router = APIRouter(prefix="/api/inbox", tags=["Documents"])


class ColleagueShown(Shown):
    """Somebody whom documents can be assigned to."""

    id: UUID
    name: str


class ColleaguesShown(Shown):
    """Whom documents can be assigned to, by name."""

    colleagues: list[ColleagueShown]


def _assignee(item: InboxItem) -> object:
    return ColleagueShown.of(item.assignee) if item.assignee else None


class InboxItemShown(Shown):
    """A document as the inbox has it; its details have the rest."""

    id: UUID
    title: str
    document_type: DocumentType
    urgent: bool
    patient_id: UUID | None = Field(description="Null while it is unfiled.")
    patient_name: Annotated[str | None, From(lambda item: item.patient_name or None)]
    created_by: UUID
    created_by_name: str
    created_at: datetime
    assignee: Annotated[ColleagueShown | None, From(_assignee)] = Field(
        description="Who is to look at it; null while it is whoever comes first."
    )
    done_at: datetime | None = Field(description="Null while it is in the inbox.")


class InboxShown(Shown):
    """A part of the inbox, the urgent and then the oldest first."""

    documents: list[InboxItemShown]
    next: UUID | None = Field(description="What follows comes `after` this.")


class InboxCountsShown(Shown):
    """How many documents wait for the caller, and how many for nobody in particular."""

    mine: int
    unassigned: int


class AssignmentBody(Body):
    """Who is to look at a document; null: whoever comes first."""

    assignee: Annotated[UUID | None, Field(strict=False)]


@router.get("", responses=shows(InboxShown))
def list_inbox(
    caller: ProgramOrPerson,
    *,
    view: Annotated[
        Literal["mine", "unassigned", "everybody"],
        Query(description="What is assigned to the caller, to nobody, or all of it."),
    ] = "everybody",
    after: Annotated[
        UUID | None, Query(description="What `next` of an answer said.")
    ] = None,
    per_page: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
) -> Response:
    """List what came in and nobody is done with, as far as the caller may open it.

    A clinician's inbox has what others filed of their patients; the front desk's what
    patients sent, and what has no patient or no type yet; both have what was assigned.
    What nobody was assigned to leaves it after 30 days.
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
    """Count what waits for the caller, and what for nobody in particular."""
    now = caller.stores.now()
    read = caller.read(lambda session: inbox.count_inbox(session, caller.actor, now))
    return JsonResponse(
        InboxCountsShown.of(read.value), headers=read_headers(read, caller.after)
    )


@router.get("/colleagues", responses=shows(ColleaguesShown))
def list_colleagues(caller: ProgramOrPerson) -> Response:
    """List whom documents can be assigned to."""
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
    body: Annotated[AssignmentBody, sent(AssignmentBody)],
) -> Response:
    """Assign a document to a colleague who may open it, or to nobody in particular.

    It is in the inbox again if it was done. An assignment opens nothing: 409 where the
    colleague may not open the document anyway.
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
    """Put a document back into the inbox, where it was."""
    return _do(caller, lambda session, actor: inbox.reopen(session, actor, uuid))


def _do(caller: Caller, action: Callable[[Session, Actor], InboxItem]) -> Response:
    written = caller.write(lambda session: action(session, caller.actor))
    return JsonResponse(
        InboxItemShown.of(written.value), headers=written_headers(written)
    )
