"""Where a request comes from, as the audit log is told."""

from typing import Final
from uuid import UUID

from starlette.requests import HTTPConnection

from services.audit import Origin

# The server puts these into a request's scope, where no client can reach them.
REQUEST_ID: Final = "chartroom.request_id"
SESSION_ID: Final = "chartroom.session_id"


def origin_of(request: HTTPConnection) -> Origin:
    """Return the request's id, its sign-in and its network address."""
    session_id: UUID | None = request.scope.get(SESSION_ID)
    network = request.client.host if request.client else None
    return Origin(request.scope.get(REQUEST_ID), session_id, network)
