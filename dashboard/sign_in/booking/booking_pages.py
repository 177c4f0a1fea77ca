"""From the doctors to the code: how somebody books who has no account."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID, uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.sign_in.booking import own_visit
from dashboard.sign_in.booking.visitors import (
    BOOKING_PATH,
    CODE_PATH,
    Visitors,
    id_in,
)
from dashboard.sign_in.cookies import SignedCookie
from dashboard.sign_in.forms import is_own_form, read_form
from dashboard.sign_in.html import go, refused
from dashboard.sign_in.limiting import answered
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import gettext as _, refusal_text
from dashboard.web.gate.networks import network_of
from dashboard.web.installation_key import derive
from services.core.errors import Conflict, Gone, InvalidInput, NotFound, TooOften
from services.people.sign_in import codes
from services.visits import newcomers
from services.visits.newcomers import NewcomerRecord, NewcomerRequest, limits
from services.visits.newcomers.errors import NotTheCode

_UNPROCESSABLE: Final = 422
_MINUTES: Final = 60
_TYPED_WITH: Final = str.maketrans("", "", " -\u00a0\u2009")
_DOCTOR: Final = f"{BOOKING_PATH}/doctors/{{doctor:uuid}}"
_TIME: Final = f"{_DOCTOR}/times/{{slot:uuid}}"
_REFUSALS: Final = (NotFound, Conflict, Gone, TooOften)


@dataclass(frozen=True, slots=True)
class _HeldTime:
    """What a browser remembers of the time that it holds; in the demo, the code."""

    id: str
    doctor: str
    email: str
    until: str
    what: str
    shown: str | None = None


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the pages; none where the clinic does not let people book so."""
    if not context.settings.public_booking:
        return []
    pages = _BookingPages(context)
    return [
        Route(path, answered(context, handler), methods=[method])
        for method, path, handler in (
            ("GET", BOOKING_PATH, pages.show_doctors),
            ("GET", _DOCTOR, pages.show_times),
            ("GET", _TIME, pages.show_form),
            ("POST", _TIME, pages.hold),
            ("GET", CODE_PATH, pages.show_code),
            ("POST", CODE_PATH, pages.confirm),
            ("POST", f"{CODE_PATH}/release", pages.release),
        )
    ] + own_visit.routes(context)


class _BookingPages:
    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._visitors = Visitors(context)
        self._cookie = SignedCookie(
            "chartroom-booking",
            derive(context.key, "booking"),
            lifetime_seconds=15 * _MINUTES,
        )

    async def show_doctors(self, request: Request) -> Response:
        """Ask with whom."""
        listed = await run_in_threadpool(self._visitors.doctors, request)
        return self._visitors.show("book_doctors.html", doctors=listed)

    async def show_times(self, request: Request) -> Response:
        """Ask when: the days that have free times, and those of one day."""
        doctor_id, wanted = id_in(request, "doctor"), request.query_params.get("day")
        try:
            times = await run_in_threadpool(
                self._visitors.times, request, doctor_id, wanted
            )
        except NotFound as refusal:
            return self._visitors.refuse(refusal)
        here = f"{BOOKING_PATH}/doctors/{doctor_id}"
        return self._visitors.show_times(times, here=here, back=BOOKING_PATH, own=False)

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
        except _REFUSALS as refusal:
            doctor_id = id_in(request, "doctor")
            way_on = f"{BOOKING_PATH}/doctors/{doctor_id}"
            return self._visitors.refuse(refusal, way_on)
        response = go(CODE_PATH)
        self._cookie.write(request, response, asdict(held))
        return response

    async def show_code(self, request: Request) -> Response:
        """Ask for the code."""
        held = self._held_time(request)
        return go(BOOKING_PATH) if held is None else self._show_code(held)

    async def confirm(self, request: Request) -> Response:
        """Make the time firm for whoever has the code, and show their visit."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        held = self._held_time(request)
        if held is None:
            return go(BOOKING_PATH)
        code = form.get("code", "").translate(_TYPED_WITH)
        if not (len(code) == codes.DIGITS and code.isascii() and code.isdigit()):
            return self._show_code(held, _("A code is six digits. Look again."))
        return await self._confirmed(request, held, code)

    async def _confirmed(
        self, request: Request, held: _HeldTime, code: str
    ) -> Response:
        way_on = f"{BOOKING_PATH}/doctors/{held.doctor}"
        try:
            newcomer = await run_in_threadpool(self._confirm, request, held, code)
        except NotTheCode as refusal:
            if refusal.tries_left:
                return self._show_code(held, refusal_text(refusal))
            return self._visitors.refuse(Gone(refusal_text(refusal)), way_on)
        except _REFUSALS as refusal:
            return self._visitors.refuse(refusal, way_on)
        response = go(f"{own_visit.path_of(self._context, newcomer)}?booked")
        self._cookie.clear(request, response)
        return response

    async def release(self, request: Request) -> Response:
        """Give the time back and begin anew."""
        if not is_own_form(request.headers):
            return refused()
        held = self._held_time(request)
        if held is None:
            return go(BOOKING_PATH)
        # Of a time that was given back before, nothing need be left.
        with suppress(NotFound):
            await run_in_threadpool(
                self._context.write,
                request,
                lambda session: newcomers.release(session, UUID(held.id)),
            )
        response = go(f"{BOOKING_PATH}/doctors/{held.doctor}")
        self._cookie.clear(request, response)
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
            way_on = f"{BOOKING_PATH}/doctors/{doctor_id}"
            gone = NotFound(_("This time is not free any more. Choose another one."))
            return self._visitors.refuse(gone, way_on)
        return self._visitors.show(
            "book_form.html",
            _UNPROCESSABLE if problems else 200,
            doctor=doctor,
            slot=slot,
            problems=problems or {},
            typed=typed,
        )

    def _hold(self, request: Request, typed: dict[str, str]) -> _HeldTime:
        try:
            attempt = UUID(typed["attempt"])
        except ValueError:
            attempt = uuid4()
        wish = NewcomerRequest(
            id_in(request, "slot"), typed["name"], typed["email"], attempt
        )
        limits.count_hold(self._context.throttle, wish.email, network_of(request))
        code, is_demo = codes.new_code(), self._context.settings.is_demo
        newcomer, is_new = self._context.write(
            request,
            lambda session: newcomers.hold(session, wish, code, key=self._context.key),
        )
        newcomers.require_held(newcomer)
        offer = self._context.public_booking
        # The demo's addresses are invented: nothing may be sent there.
        if is_new and not is_demo and offer is not None:
            offer.send_code(code, newcomer.email)
        return self._remembered(newcomer, code if is_demo and is_new else None)

    def _remembered(self, newcomer: NewcomerRecord, shown: str | None) -> _HeldTime:
        until = newcomer.expires_at
        return _HeldTime(
            str(newcomer.id),
            str(newcomer.doctor_id),
            newcomer.email,
            self._visitors.clock(until) if until else "",
            f"{self._visitors.when(newcomer.starts_at)}, {newcomer.doctor_name}",
            shown,
        )

    def _confirm(self, request: Request, held: _HeldTime, code: str) -> NewcomerRecord:
        limits.count_try(self._context.throttle, network_of(request))
        tried = self._context.write(
            request,
            lambda session: newcomers.confirm(
                session, UUID(held.id), code, key=self._context.key
            ),
        )
        return newcomers.require_confirmed(tried)

    def _held_time(self, request: Request) -> _HeldTime | None:
        note = self._cookie.read(request)
        return None if note is None else _HeldTime(**note)

    def _show_code(self, held: _HeldTime, problem: str | None = None) -> Response:
        return self._visitors.show(
            "book_code.html",
            _UNPROCESSABLE if problem else 200,
            asked=held,
            problem=problem,
        )
