"""/api/v1/notifications: a person's notifications, and marking them as read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.core.answers import (
    FromAttribute,
    JsonResponse,
    Shown,
    read_headers,
    written_headers,
)
from api.core.bodies import Body, describe_body, json_body
from api.core.dependencies import ProgramOrPerson
from api.core.documented import shows
from services.core.errors import InvalidInput
from services.messaging import user_notifications
from services.messaging.user_notifications import MOST_LISTED, NotificationTopic

router = APIRouter(prefix="/api/v1/notifications", tags=["People"])


class NotificationShown(Shown):
    """A notification; `subject` is the document, booking, alert or other object."""

    uuid: Annotated[UUID, FromAttribute("id")]
    topic: NotificationTopic
    subject: Annotated[UUID | None, FromAttribute("subject_id")]
    text: Annotated[str, FromAttribute("sentence")]
    created_at: datetime
    read_at: datetime | None


class NotificationsShown(Shown):
    """The caller's own notifications, the newest first."""

    notifications: list[NotificationShown]


class NotificationsRead(Shown):
    """How many notifications were unread before."""

    read: int


class ReadBody(Body):
    """The notifications that were read; all of them if none are named."""

    uuids: Annotated[list[str] | None, Field(max_length=MOST_LISTED)] = None

    def ids(self) -> list[UUID] | None:
        """Return the ids, or raise InvalidInput."""
        try:
            return None if self.uuids is None else list(map(UUID, self.uuids))
        except ValueError as error:
            raise InvalidInput(
                "uuids", "uuids must be UUIDs of notifications."
            ) from error


@router.get("", responses=shows(NotificationsShown))
def list_notifications(
    caller: ProgramOrPerson,
    *,
    unread: bool = False,
    per_page: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
) -> Response:
    """List the caller's notifications of the last 90 days, all or unread ones."""
    read = caller.read(
        lambda session: user_notifications.list_own(
            session, caller.actor, unread_only=unread, limit=per_page
        )
    )
    content = {"notifications": list(map(NotificationShown.of, read.value))}
    return JsonResponse(content, headers=read_headers(read, caller.after))


@router.post(
    "/read",
    responses=shows(NotificationsRead, 413, 415),
    openapi_extra=describe_body(ReadBody, is_required=False),
)
def mark_as_read(
    caller: ProgramOrPerson,
    body: Annotated[ReadBody, json_body(ReadBody, is_required=False)],
) -> Response:
    """Mark the caller's notifications as read."""
    ids = body.ids()
    written = caller.write(
        lambda session: user_notifications.mark_read(session, caller.actor, ids)
    )
    return JsonResponse({"read": written.value}, headers=written_headers(written))
