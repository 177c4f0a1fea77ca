"""/api/document-tags: the tags that documents may have."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api.core.answers import JsonResponse, Shown, read_headers, written_headers
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import ProgramOrPerson
from api.core.documented import shows
from services.core.errors import InvalidInput
from services.documents import tags
from services.documents.tags import TagColour

router = APIRouter(prefix="/api/document-tags", tags=["Documents"])

_CREATED: Final = 201


class DocumentTagShown(Shown):
    """A tag; patients see only tags that are shown to patients."""

    id: UUID
    name: str
    colour: TagColour
    is_shown_to_patients: bool


class DocumentTagsShown(Shown):
    """The tags, by name."""

    tags: list[DocumentTagShown]


class TagDeleted(Shown):
    """From how many documents the tag was removed."""

    documents: int


class TagBody(Body):
    """A tag's name, its colour, and whether patients see it."""

    name: str = ""
    colour: str = TagColour.GRAY.value
    is_shown_to_patients: bool = False

    def colour_of(self) -> TagColour:
        """Return the colour, or raise InvalidInput."""
        try:
            return TagColour(self.colour)
        except ValueError as error:
            known = ", ".join(TagColour)
            raise InvalidInput("colour", f"colour must be one of {known}.") from error


@router.get("", responses=shows(DocumentTagsShown))
def list_tags(caller: ProgramOrPerson) -> Response:
    """List the tags that documents may have."""
    read = caller.read(lambda session: tags.list_tags(session, caller.actor))
    content = {"tags": list(map(DocumentTagShown.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.post(
    "",
    status_code=_CREATED,
    responses=shows(DocumentTagShown, 409, 413, 415, status=_CREATED),
    openapi_extra=describe_body(TagBody),
)
def add_tag(
    caller: ProgramOrPerson, body: Annotated[TagBody, json_body(TagBody)]
) -> Response:
    """Add a tag."""
    written = caller.write(
        lambda session: tags.add_tag(
            session,
            caller.actor,
            body.name,
            body.colour_of(),
            is_shown_to_patients=body.is_shown_to_patients,
        )
    )
    return JsonResponse(
        DocumentTagShown.of(written.value), _CREATED, written_headers(written)
    )


@router.put(
    "/{uuid}",
    responses=shows(DocumentTagShown, 404, 409, 413, 415),
    openapi_extra=describe_body(TagBody),
)
def change_tag(
    caller: ProgramOrPerson, uuid: UUID, body: Annotated[TagBody, json_body(TagBody)]
) -> Response:
    """Change a tag on all documents that have it."""
    written = caller.write(
        lambda session: tags.change_tag(
            session,
            caller.actor,
            uuid,
            name=body.name,
            colour=body.colour_of(),
            is_shown_to_patients=body.is_shown_to_patients,
        )
    )
    return JsonResponse(
        DocumentTagShown.of(written.value), headers=written_headers(written)
    )


@router.delete("/{uuid}", responses=shows(TagDeleted, 404))
def delete_tag(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Delete a tag, and remove it from all documents."""
    written = caller.write(lambda session: tags.delete_tag(session, caller.actor, uuid))
    return JsonResponse({"documents": written.value}, headers=written_headers(written))
