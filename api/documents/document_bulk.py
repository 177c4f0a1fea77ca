"""/api/documents/bulk: one action on several documents in one call."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.bodies import Body, describe_body, json_body
from api.core.bulk import BulkAnswer, Ids, do_each, require_unused
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from api.documents.document_routes import DocumentChanges
from services.core import reasons
from services.core.errors import InvalidInput
from services.documents import records
from services.documents.records.drafts import ChangedDocument
from services.documents.records.visibility import permission_to_file

router = APIRouter(prefix="/api/documents", tags=["Documents"])


class DocumentsBulk(Body):
    """The documents, and the action on them."""

    documents: Ids
    action: Literal["change", "add_tags", "hold", "delete"]
    changes: DocumentChanges | None = Field(
        None, description="For change: as for a single document, without a title."
    )
    tags: Annotated[tuple[str, ...], Field(strict=False)] = ()
    reason: str = Field("", description="For hold: the reason, such as a case number.")

    def act(self, caller: Caller) -> Callable[[Session, UUID], object]:
        """Return the action on one document, or raise InvalidInput."""
        read = {"change": "changes", "add_tags": "tags", "hold": "reason"}
        require_unused(self, self.action, read)
        match self.action:
            case "change":
                return self._change(caller)
            case "add_tags":
                return self._add_tags(caller)
            case "hold":
                reason = reasons.read(self.reason)
                return lambda session, document_id: records.hold(
                    session, caller.actor, document_id, reason=reason
                )
            case "delete":
                return lambda session, document_id: records.delete(
                    session,
                    caller.actor,
                    document_id,
                    revision=records.look_up(
                        session, caller.actor, document_id
                    ).revision,
                )

    def _change(self, caller: Caller) -> Callable[[Session, UUID], object]:
        changes = self.changes
        if changes is None or not changes.model_fields_set:
            raise InvalidInput("changes", "`changes` must have at least one change.")
        if "title" in changes.model_fields_set:
            raise InvalidInput(
                "changes.title",
                "Several documents cannot be given the same title; omit it.",
            )
        # Refuses the whole call at once if the changes are invalid.
        changes.given()

        def change(session: Session, document_id: UUID) -> object:
            record = records.look_up(session, caller.actor, document_id)
            return records.change(
                session,
                caller.actor,
                document_id,
                changes.applied_to(record),
                revision=record.revision,
            )

        return change

    def _add_tags(self, caller: Caller) -> Callable[[Session, UUID], object]:
        if not self.tags:
            raise InvalidInput("tags", "`tags` must have at least one tag.")

        def add(session: Session, document_id: UUID) -> object:
            record = records.look_up(session, caller.actor, document_id)
            wanted = replace(
                ChangedDocument.of(record), tags=(*record.tags, *self.tags)
            )
            return records.change(
                session, caller.actor, document_id, wanted, revision=record.revision
            )

        return add


@router.post(
    "/bulk",
    responses=shows(BulkAnswer, 413, 415),
    openapi_extra=describe_body(DocumentsBulk),
)
def act_on_several(
    caller: ProgramOrPerson, body: Annotated[DocumentsBulk, json_body(DocumentsBulk)]
) -> Response:
    """Change, tag, hold or delete up to 100 documents, each in its current state.

    Each needs the same rights as a single call: a refusal of one does not keep the
    others from being done, and is reported as its problem in the answer.
    """
    caller.require(permission_to_file(caller.actor))
    return do_each(caller, body.documents, body.act(caller))
