"""/api/documents/{uuid}/shares: links to a version, for people who do not sign in."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from api.core.answers import JsonResponse, read_headers, written_headers
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import ProgramOrPerson
from api.core.documented import shows
from api.documents.schemas import (
    ShareMade,
    ShareShown,
    SharesShown,
)
from services.documents.sharing import shares
from services.documents.sharing.links import SHARED_PATH

router = APIRouter(prefix="/api/documents/{uuid}/shares", tags=["Documents"])

_CREATED: Final = 201


class ShareBody(Body):
    """For how long a link opens which version."""

    minutes: Annotated[
        int,
        Field(
            description="How long the link works: from 5 minutes to 7 days.",
            json_schema_extra={
                "minimum": shares.SHORTEST_MINUTES,
                "maximum": shares.LONGEST_MINUTES,
            },
        ),
    ]
    version: Annotated[int | None, Field(ge=1, le=1_000_000)] = None


@router.post(
    "",
    status_code=_CREATED,
    responses=shows(ShareMade, 404, 409, 413, 415, status=_CREATED),
    openapi_extra=describe_body(ShareBody),
)
def share_version(
    caller: ProgramOrPerson,
    uuid: UUID,
    body: Annotated[ShareBody, json_body(ShareBody)],
) -> Response:
    """Make a link to a version; its address is returned only this once."""
    written = caller.write(
        lambda session: shares.create(
            session, caller.actor, uuid, body.version, minutes=body.minutes
        )
    )
    new = written.value
    token = caller.stores.papers.links.sign(new.secret)
    made = ShareShown.of(new.share) | {"url": f"{SHARED_PATH}/{token}"}
    return JsonResponse(made, _CREATED, written_headers(written))


@router.get("", responses=shows(SharesShown, 404))
def list_shares(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """List a document's links; patients see only those that they made."""
    read = caller.read(lambda session: shares.list_of(session, caller.actor, uuid))
    content = {"shares": list(map(ShareShown.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.post("/{share}/revoke", responses=shows(ShareShown, 404))
def revoke_share(caller: ProgramOrPerson, uuid: UUID, share: UUID) -> Response:
    """Revoke a link, so that it opens nothing any longer."""
    written = caller.write(
        lambda session: shares.revoke(session, caller.actor, share, document_id=uuid)
    )
    return JsonResponse(ShareShown.of(written.value), headers=written_headers(written))
