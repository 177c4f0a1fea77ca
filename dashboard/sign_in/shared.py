"""The page behind a link to a document, for somebody who does not sign in."""

from typing import Final
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.core.files.ranges import Span
from api.core.files.sending import FileResponse, attachment, pieces_of
from api.core.origins import network_of
from dashboard.sign_in.forms import is_own_form
from dashboard.sign_in.html import page, refused
from dashboard.sign_in.limiting import answered
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import gettext as _, long_date
from db.postgres import ANONYMOUS
from services.core import throttling
from services.core.errors import ServiceError
from services.documents import records
from services.documents.records.model import VersionRecord
from services.documents.sharing import shares
from services.documents.sharing.links import SHARED_PATH
from services.documents.sharing.shares import SharedVersion

_GONE: Final = 410
_UNAVAILABLE: Final = 503


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page behind the link, and the route of its button.

    Only the button sends the document, and counts: mail programs open links before
    their readers do.
    """
    shared = _Shared(context)
    path = f"{SHARED_PATH}/{{token}}"
    return [
        Route(path, answered(context, shared.show), methods=["GET"]),
        Route(path, answered(context, shared.send), methods=["POST"]),
    ]


class _Shared:
    def __init__(self, context: SignInContext) -> None:
        self._context = context

    async def show(self, request: Request) -> Response:
        """Show who shares a document and until when, but not whose document it is."""
        shared = await run_in_threadpool(self._find, request)
        if shared is None:
            return _gone()
        settings = self._context.settings
        until = shared.expires_at.astimezone(ZoneInfo(settings.timezone))
        return page(
            "shared.html",
            clinic=settings.clinic_name,
            until=f"{long_date(until)}, {until:%H:%M}",
            zone=settings.timezone,
        )

    async def send(self, request: Request) -> Response:
        """Send the document."""
        if not is_own_form(request.headers):
            return refused()
        shared = await run_in_threadpool(self._open, request)
        if shared is None:
            return _gone()
        try:
            return await run_in_threadpool(self._response, shared.version)
        except ServiceError:
            return _unavailable()

    def _find(self, request: Request) -> SharedVersion | None:
        secret = self._secret(request)
        if secret is None:
            return None
        # A link is often followed within the second in which it was made.
        return self._context.database.read_latest(
            lambda session: shares.find(session, secret), identity=ANONYMOUS
        ).value

    def _open(self, request: Request) -> SharedVersion | None:
        secret = self._secret(request)
        if secret is None:
            return None
        return self._context.write(
            request, lambda session: shares.open_link(session, secret)
        )

    def _response(self, version: VersionRecord) -> Response:
        span = Span(0, version.filesize, version.filesize)
        pieces = pieces_of(
            self._context.files, version, span, lambda: self._note_damage(version)
        )
        named = {"Content-Disposition": attachment(version.filename)}
        return FileResponse(pieces, span.length, headers=named)

    def _note_damage(self, version: VersionRecord) -> None:
        self._context.database.write(
            lambda session: records.note_damage(
                session, None, version.document_id, version.number
            ),
            identity=ANONYMOUS,
        )

    def _secret(self, request: Request) -> str | None:
        """Return the link's secret, None if it is not ours; raises LimitReached."""
        limit = throttling.SHARES_PER_NETWORK
        self._context.throttle.take(limit, network_of(request))
        return self._context.links.read(request.path_params["token"])


def _gone() -> Response:
    return page(
        "shared_gone.html",
        _GONE,
        title=_("This link does not work"),
        sentence=_(
            "It may have expired or been revoked. Ask the person who sent it for a "
            "new one."
        ),
    )


def _unavailable() -> Response:
    return page(
        "shared_gone.html",
        _UNAVAILABLE,
        title=_("Not available right now"),
        sentence=_(
            "The document cannot be fetched right now. Try again in a minute; if "
            "that does not help, tell whoever sent you the link."
        ),
    )
