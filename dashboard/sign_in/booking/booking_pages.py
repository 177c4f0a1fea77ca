"""From the choice of a doctor to the code: booking without an account."""

from typing import Final
from uuid import UUID, uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.core.origins import network_of
from dashboard.sign_in.booking import own_visit
from dashboard.sign_in.booking.code_pages import CodePages
from dashboard.sign_in.booking.held_times import HeldTime, HeldTimes
from dashboard.sign_in.booking.visitors import (
    BOOKING_PATH,
    CODE_PATH,
    REFUSALS,
    Visitors,
    id_in,
)
from dashboard.sign_in.forms import is_own_form, read_form
from dashboard.sign_in.html import go, page, refused
from dashboard.sign_in.limiting import answered, note_limit
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import gettext as _, refusal_text
from services.core.errors import InvalidInput, NotFound, TooOften
from services.core.throttling import LimitReached
from services.people.sign_in import codes
from services.visits import newcomers
from services.visits.newcomers import NewcomerRecord, NewcomerRequest, limits

_NOT_FOUND: Final = 404
_UNPROCESSABLE: Final = 422
_TOO_MANY: Final = 429
_DOCTOR: Final = f"{BOOKING_PATH}/doctors/{{doctor:uuid}}"
_TIME: Final = f"{_DOCTOR}/times/{{slot:uuid}}"


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the pages; one that says so if the clinic offers no public booking."""
    if not context.settings.public_booking:
        below = f"{BOOKING_PATH}/{{path:path}}"
        return [Route(path, _show_none) for path in (BOOKING_PATH, below)]
    pages, code = _BookingPages(context), CodePages(context)
    return [
        Route(path, answered(context, handler), methods=[method])
        for method, path, handler in (
            ("GET", BOOKING_PATH, pages.show_doctors),
            ("GET", _DOCTOR, pages.show_times),
            ("POST", _DOCTOR, pages.show_times_again),
            ("GET", _TIME, pages.show_form),
            ("POST", _TIME, pages.hold),
            ("GET", CODE_PATH, code.show_code),
            ("POST", CODE_PATH, code.confirm),
            ("POST", f"{CODE_PATH}/release", code.release),
        )
    ] + own_visit.routes(context)


def _show_none(_request: Request) -> Response:
    """Say that nobody can book here, also to those who still have a link to a visit."""
    return page(
        "message.html",
        _NOT_FOUND,
        title=_("Visits cannot be booked here"),
        sentence=_(
            "This clinic does not offer visits to people without an account. Call the "
            "clinic, also to move or cancel a visit. If you have an account, sign in."
        ),
    )


class _BookingPages:
    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._visitors = Visitors(context)
        self._held = HeldTimes(context)

    async def show_doctors(self, request: Request) -> Response:
        """Ask for a doctor."""
        listed = await run_in_threadpool(self._visitors.doctors, request)
        return self._visitors.show("book_doctors.html", doctors=listed)

    async def show_times(self, request: Request) -> Response:
        """Ask for a time: show the days that have free times, and those of one day."""
        doctor_id, wanted = id_in(request, "doctor"), request.query_params.get("day")
        try:
            times = await run_in_threadpool(
                self._visitors.times, request, doctor_id, wanted
            )
        except NotFound as refusal:
            return self._visitors.refuse(refusal)
        here = f"{BOOKING_PATH}/doctors/{doctor_id}"
        return self._visitors.show_times(times, here=here, back=BOOKING_PATH, own=False)

    async def show_times_again(self, request: Request) -> Response:
        """Ask for a time, for somebody who has already given their name."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        return await self._visitors.ask_when_again(
            request, id_in(request, "doctor"), form
        )

    async def show_form(self, request: Request) -> Response:
        """Ask for name and e-mail address."""
        return await self._show_form(request, attempt=str(uuid4()))

    async def hold(self, request: Request) -> Response:
        """Hold the time, send a code, and ask for it."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        typed = {name: form.get(name, "") for name in ("name", "email", "attempt")}
        try:
            held = await run_in_threadpool(self._hold, request, typed)
        except InvalidInput as refusal:
            field = refusal.property_name.removeprefix("patient_")
            return await self._show_form(
                request, **typed, problems={field: refusal_text(refusal)}
            )
        except TooOften as refusal:
            return await self._put_off(request, refusal, typed)
        except REFUSALS as refusal:
            return await self._visitors.ask_when_again(
                request, id_in(request, "doctor"), typed, refusal
            )
        response = go(CODE_PATH)
        self._held.write(request, response, held)
        return response

    async def _show_form(
        self, request: Request, *, problems: dict[str, str] | None = None, **typed: str
    ) -> Response:
        doctor_id, slot_id = id_in(request, "doctor"), id_in(request, "slot")
        try:
            doctor, slot = await run_in_threadpool(
                self._visitors.slot, request, doctor_id, slot_id
            )
        except NotFound as refusal:
            return self._visitors.refuse(refusal)
        if slot is None:
            gone = NotFound(_("This time is no longer free. Choose another one."))
            return await self._visitors.ask_when_again(request, doctor_id, typed, gone)
        return self._visitors.show(
            "book_form.html",
            _UNPROCESSABLE if problems else 200,
            doctor=doctor,
            slot=slot,
            problems=problems or {},
            typed=typed,
        )

    async def _put_off(
        self, request: Request, refusal: TooOften, typed: dict[str, str]
    ) -> Response:
        """Show what was typed again, to be sent later."""
        if isinstance(refusal, LimitReached):
            await run_in_threadpool(note_limit, self._context, request, refusal)
        response = await self._show_form(
            request, **typed, problems={"time": refusal_text(refusal)}
        )
        response.status_code = _TOO_MANY
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
        return response

    def _hold(self, request: Request, typed: dict[str, str]) -> HeldTime:
        try:
            attempt = UUID(typed["attempt"])
        except ValueError:
            attempt = uuid4()
        wish = NewcomerRequest(
            id_in(request, "slot"), typed["name"], typed["email"], attempt
        )
        address = self._context.address_of(wish.email)
        limits.count_hold(self._context.throttle, address, network_of(request))
        code, is_demo = codes.new_code(), self._context.settings.is_demo
        newcomer, is_new = self._context.write(
            request,
            lambda session: newcomers.hold(session, wish, code, key=self._context.key),
        )
        newcomers.require_held(newcomer)
        offer = self._context.public_booking
        # The demo's addresses are invented: nothing may be sent to them.
        if is_new and not is_demo and offer is not None:
            offer.send_code(code, newcomer.email)
        return self._remembered(newcomer, code if is_demo and is_new else None)

    def _remembered(self, newcomer: NewcomerRecord, shown: str | None) -> HeldTime:
        until = newcomer.expires_at
        return HeldTime(
            str(newcomer.id),
            str(newcomer.doctor_id),
            newcomer.email,
            self._visitors.clock(until) if until else "",
            f"{self._visitors.when(newcomer.starts_at)}, {newcomer.doctor_name}",
            shown,
        )
