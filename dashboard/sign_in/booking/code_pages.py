"""The page for the code: typed in time, too late or wrong, or the time released."""

from contextlib import suppress
from typing import Final
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.core.origins import network_of
from dashboard.sign_in.booking import own_visit
from dashboard.sign_in.booking.held_times import HeldTime, HeldTimes
from dashboard.sign_in.booking.visitors import BOOKING_PATH, REFUSALS, Visitors
from dashboard.sign_in.codes.refused_codes import why_no_code
from dashboard.sign_in.forms import is_own_form, read_form
from dashboard.sign_in.html import go, refused
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import refusal_text
from services.core.errors import Gone, NotFound, ServiceError
from services.core.throttling import LimitReached
from services.people.sign_in import codes
from services.visits import newcomers
from services.visits.newcomers import NewcomerRecord, limits
from services.visits.newcomers.errors import HoldOver, WrongCode

_UNPROCESSABLE: Final = 422


class CodePages:
    """Asks for the code of the time that a browser holds."""

    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._visitors = Visitors(context)
        self._held = HeldTimes(context)

    async def show_code(self, request: Request) -> Response:
        """Ask for the code."""
        held = self._held.read(request)
        return go(BOOKING_PATH) if held is None else self._show_code(held)

    async def confirm(self, request: Request) -> Response:
        """Confirm the time for somebody who has the code, and show their visit."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        held = self._held.read(request)
        if held is None:
            return go(BOOKING_PATH)
        code = codes.read_code(form.get("code", ""))
        if code is None:
            return self._show_code(held, why_no_code())
        return await self._confirmed(request, held, code)

    async def _confirmed(self, request: Request, held: HeldTime, code: str) -> Response:
        try:
            newcomer = await run_in_threadpool(self._confirm, request, held, code)
        except WrongCode as refusal:
            if refusal.tries_left:
                return self._show_code(held, refusal_text(refusal))
            over = Gone(refusal_text(refusal))
            return await self._choose_again(request, held, over)
        except HoldOver as refusal:
            return await self._choose_again(request, held, refusal)
        except LimitReached:
            # So that it is logged, too.
            raise
        except REFUSALS as refusal:
            way_on = f"{BOOKING_PATH}/doctors/{held.doctor}"
            return self._visitors.refuse(refusal, way_on)
        response = go(f"{own_visit.path_of(self._context, newcomer)}?booked")
        self._held.clear(request, response)
        return response

    async def release(self, request: Request) -> Response:
        """Release the time and start again."""
        if not is_own_form(request.headers):
            return refused()
        held = self._held.read(request)
        if held is None:
            return go(BOOKING_PATH)
        # A time that was released before may be gone.
        with suppress(NotFound):
            await run_in_threadpool(
                self._context.write,
                request,
                lambda session: newcomers.release(session, UUID(held.id)),
            )
        response = go(f"{BOOKING_PATH}/doctors/{held.doctor}")
        self._held.clear(request, response)
        return response

    async def _choose_again(
        self, request: Request, held: HeldTime, refusal: ServiceError
    ) -> Response:
        """Ask for another time; the name is read from the hold that is over."""
        newcomer = await run_in_threadpool(
            self._visitors.read,
            request,
            lambda session: newcomers.find(session, UUID(held.id)),
        )
        typed = {"name": newcomer.name if newcomer else "", "email": held.email}
        response = await self._visitors.ask_when_again(
            request, UUID(held.doctor), typed, refusal
        )
        self._held.clear(request, response)
        return response

    def _confirm(self, request: Request, held: HeldTime, code: str) -> NewcomerRecord:
        limits.count_try(self._context.throttle, network_of(request))
        tried = self._context.write(
            request,
            lambda session: newcomers.confirm(
                session, UUID(held.id), code, key=self._context.key
            ),
        )
        return newcomers.require_confirmed(tried)

    def _show_code(self, held: HeldTime, problem: str | None = None) -> Response:
        return self._visitors.show(
            "book_code.html",
            _UNPROCESSABLE if problem else 200,
            asked=held,
            problem=problem,
        )
