"""The page behind the link in the e-mail: a newcomer's visit, to move or to cancel."""

from typing import Final
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.core.files.sending import attachment_named
from dashboard import wiring
from dashboard.sign_in.booking.visitors import BOOKING_PATH, Visitors
from dashboard.sign_in.forms import is_own_form, read_form
from dashboard.sign_in.html import go, page, refused
from dashboard.sign_in.limiting import answered
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import gettext as _
from dashboard.ui.language.papers import wording_of_page
from services.core.errors import Conflict, NotFound
from services.visits import newcomers
from services.visits.front_desk.notifications import OWN_VISIT_PATH
from services.visits.front_desk.tickets import newcomers_calendar_file
from services.visits.newcomers import NewcomerRecord, NewcomerStatus

_GONE: Final = 410
_OWN: Final = f"{OWN_VISIT_PATH}/{{token}}"
_SHOWN: Final = frozenset({NewcomerStatus.CONFIRMED, NewcomerStatus.CANCELLED})


def path_of(context: SignInContext, newcomer: NewcomerRecord) -> str:
    """Return the path of a newcomer's own visit, which nobody can forge."""
    return f"{OWN_VISIT_PATH}/{context.visit_links.sign(str(newcomer.id))}"


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page of a visit, and the routes of its buttons.

    Opening it changes nothing: mail programs open links before their readers do.
    """
    own = _OwnVisit(context)
    return [
        Route(path, answered(context, handler), methods=[method])
        for method, path, handler in (
            ("GET", _OWN, own.show),
            ("GET", f"{_OWN}/times", own.show_times),
            ("POST", f"{_OWN}/move", own.move),
            ("POST", f"{_OWN}/cancel", own.cancel),
            ("GET", f"{_OWN}/visit.ics", own.calendar_file),
        )
    ]


class _OwnVisit:
    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._visitors = Visitors(context)

    async def show(self, request: Request) -> Response:
        """Show when and with whom the visit is, and offer to change it."""
        newcomer = await run_in_threadpool(self._find, request)
        return _gone() if newcomer is None else self._show(request, newcomer)

    async def show_times(self, request: Request) -> Response:
        """Ask for another time with the same doctor."""
        newcomer = await run_in_threadpool(self._find, request)
        if newcomer is None or newcomer.status is not NewcomerStatus.CONFIRMED:
            return _gone()
        try:
            times = await run_in_threadpool(
                self._visitors.times,
                request,
                newcomer.doctor_id,
                request.query_params.get("day"),
            )
        except NotFound as refusal:
            return self._visitors.refuse(refusal, self._path(request))
        here = self._path(request)
        return self._visitors.show_times(
            times, here=f"{here}/times", back=here, own=True, move=f"{here}/move"
        )

    async def move(self, request: Request) -> Response:
        """Move the visit to another time."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        try:
            slot_id = UUID(form.get("slot", ""))
        except ValueError:
            return refused()
        return await self._change(request, "moved", slot_id)

    async def cancel(self, request: Request) -> Response:
        """Cancel the visit."""
        if not is_own_form(request.headers):
            return refused()
        return await self._change(request, "cancelled")

    async def calendar_file(self, request: Request) -> Response:
        """Send the visit as an entry for the newcomer's own calendar."""
        newcomer = await run_in_threadpool(self._find, request)
        if newcomer is None:
            return _gone()
        content = newcomers_calendar_file(
            newcomer,
            clinic=wiring.letterhead(self._context.settings),
            wording=wording_of_page(),
        )
        named = {"Content-Disposition": attachment_named("visit.ics")}
        return Response(content, media_type="text/calendar", headers=named)

    async def _change(
        self, request: Request, what: str, slot_id: UUID | None = None
    ) -> Response:
        try:
            is_done = await run_in_threadpool(self._write, request, slot_id)
        except (Conflict, NotFound) as refusal:
            return self._visitors.refuse(refusal, self._path(request))
        return go(f"{self._path(request)}?{what}") if is_done else _gone()

    def _write(self, request: Request, slot_id: UUID | None) -> bool:
        newcomer = self._find(request)
        if newcomer is None:
            return False
        hours = self._context.settings.cancellation_hours
        self._context.write(
            request,
            lambda session: (
                newcomers.cancel(session, newcomer.id, notice_hours=hours)
                if slot_id is None
                else newcomers.move(session, newcomer.id, slot_id, notice_hours=hours)
            ),
        )
        return True

    def _find(self, request: Request) -> NewcomerRecord | None:
        """Return the newcomer of the link, if the visit exists; raises LimitReached."""
        self._visitors.count_look(request)
        newcomer_id = self._context.visit_links.read(request.path_params["token"])
        if newcomer_id is None:
            return None
        # On the primary: the link is followed within the second in which it was made.
        newcomer = self._context.write(
            request, lambda session: newcomers.find(session, UUID(newcomer_id))
        )
        return newcomer if newcomer and newcomer.status in _SHOWN else None

    def _show(self, request: Request, newcomer: NewcomerRecord) -> Response:
        query = request.query_params
        return self._visitors.show(
            "book_own.html",
            visit=newcomer,
            is_cancelled=newcomer.status is NewcomerStatus.CANCELLED,
            done=next(
                (w for w in ("booked", "moved", "cancelled") if w in query), None
            ),
            here=self._path(request),
            hours=f"{self._context.settings.cancellation_hours:g}",
            is_demo=self._context.settings.is_demo,
        )

    def _path(self, request: Request) -> str:
        return f"{OWN_VISIT_PATH}/{request.path_params['token']}"


def _gone() -> Response:
    return page(
        "message.html",
        _GONE,
        title=_("This link does not work"),
        sentence=_(
            "The visit is over, or it is now in your patient record: ask at the front "
            "desk."
        ),
        way_on=BOOKING_PATH,
        way_on_words=_("Book a visit"),
    )
