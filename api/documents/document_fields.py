"""/api/document-fields: the fields that an administrator has defined for documents."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import JsonResponse, Shown, read_headers, written_headers
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import shows
from services.core.errors import InvalidInput
from services.documents import fields
from services.documents.fields import DocumentField, FieldDefinition, FieldKind
from services.documents.records.kinds import DocumentType

router = APIRouter(prefix="/api/document-fields", tags=["Documents"])

_CREATED: Final = 201


class DocumentFieldShown(Shown):
    """A field that documents may have; an archived one can no longer be filled in."""

    id: UUID
    key: str = Field(
        description="Name of the field in `custom_fields`, criteria and columns."
    )
    name: str
    kind: FieldKind
    unit: str = Field(description="Unit of a number; empty if it has none.")
    choices: list[str]
    document_types: list[DocumentType] = Field(
        description="Types of documents that have the field; all if empty."
    )
    is_required: bool
    archived_at: datetime | None


class DocumentFieldsShown(Shown):
    """The fields by name, including archived ones."""

    fields: list[DocumentFieldShown]


class FieldBody(Body):
    """A field's definition: its name, its values, and the documents that have it."""

    name: str = ""
    unit: str = ""
    choices: Annotated[tuple[str, ...], Field(strict=False)] = ()
    document_types: Annotated[tuple[str, ...], Field(strict=False)] = ()
    is_required: bool = False

    def definition(self) -> FieldDefinition:
        """Return the definition of the field, or raise InvalidInput."""
        unknown = set(self.document_types) - set(DocumentType)
        if unknown:
            known = ", ".join(DocumentType)
            raise InvalidInput(
                "document_types", f"Each of document_types must be one of {known}."
            )
        return FieldDefinition(
            self.name, self.unit, self.choices, self.document_types, self.is_required
        )


class NewFieldBody(FieldBody):
    """A new field; its kind cannot be changed later."""

    kind: str = FieldKind.TEXT.value

    def kind_of(self) -> FieldKind:
        """Return the kind, or raise InvalidInput."""
        try:
            return FieldKind(self.kind)
        except ValueError as error:
            known = ", ".join(FieldKind)
            raise InvalidInput("kind", f"kind must be one of {known}.") from error


@router.get("", responses=shows(DocumentFieldsShown))
def list_fields(caller: ProgramOrPerson) -> Response:
    """List the fields that documents may have in addition to the built-in ones."""
    read = caller.read(lambda session: fields.list_fields(session, caller.actor))
    content = {"fields": list(map(DocumentFieldShown.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.post(
    "",
    status_code=_CREATED,
    responses=shows(DocumentFieldShown, 409, 413, 415, status=_CREATED),
    openapi_extra=describe_body(NewFieldBody),
)
def add_field(
    caller: ProgramOrPerson, body: Annotated[NewFieldBody, json_body(NewFieldBody)]
) -> Response:
    """Define a field; its key is made from its name, and never changes."""
    return _do(
        caller,
        lambda session: fields.add_field(
            session, caller.actor, body.kind_of(), body.definition()
        ),
        _CREATED,
    )


@router.put(
    "/{uuid}",
    responses=shows(DocumentFieldShown, 404, 409, 413, 415),
    openapi_extra=describe_body(FieldBody),
)
def change_field(
    caller: ProgramOrPerson,
    uuid: UUID,
    body: Annotated[FieldBody, json_body(FieldBody)],
) -> Response:
    """Change a field; a choice that documents use cannot be removed."""
    return _do(
        caller,
        lambda session: fields.change_field(
            session, caller.actor, uuid, body.definition()
        ),
    )


@router.post("/{uuid}/archive", responses=shows(DocumentFieldShown, 404))
def archive_field(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Archive a field: it can no longer be filled in, and its values stay."""
    return _do(
        caller, lambda session: fields.archive_field(session, caller.actor, uuid)
    )


@router.post("/{uuid}/restore", responses=shows(DocumentFieldShown, 404))
def restore_field(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Restore an archived field, so that it can be filled in again."""
    return _do(
        caller, lambda session: fields.restore_field(session, caller.actor, uuid)
    )


def _do(
    caller: Caller, action: Callable[[Session], DocumentField], status: int = 200
) -> Response:
    written = caller.write(action)
    shown = DocumentFieldShown.of(written.value)
    return JsonResponse(shown, status, written_headers(written))
