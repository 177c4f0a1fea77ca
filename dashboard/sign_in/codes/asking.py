"""The first page: who signs in, and how."""

import re
import secrets
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.core.dependencies import SESSION
from dashboard.sign_in.cookies import CodeCookie
from dashboard.sign_in.forms import is_own_form, read_form, safe_next
from dashboard.sign_in.html import go, page, refused
from dashboard.sign_in.limiting import answered, count_request
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.sign_in.ways import ways
from dashboard.ui.language import gettext as _, marked
from dashboard.web.page_scripts import SIGN_IN_PATH
from db.postgres import ANONYMOUS
from services.core.actors import Actor, Role
from services.people.accounts import demo_accounts
from services.people.accounts.demo_accounts import DemoPerson
from services.people.sessions import LiveSession
from services.people.sign_in import codes
from services.people.sign_in.codes import CodeRequest

CODE_PATH: Final = f"{SIGN_IN_PATH}/code"

_UNPROCESSABLE: Final = 422
_LONGEST_ADDRESS: Final = 254
_ADDRESS: Final = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
_ABOUT_ROLES: Final = {
    Role.STAFF: marked(
        "Registers, finds and edits patients; archives, merges and exports."
    ),
    Role.CLINICIAN: marked("Opens and edits the records of the patients they treat."),
    Role.ANALYST: marked("Filters, charts and exports patient lists without names."),
    Role.ADMIN: marked("Manages people, reads the audit log, monitors replication."),
    Role.PATIENT: marked("Sees their own record, and who looked at it."),
}


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page that asks for an address, and the route that sends a code."""
    first_page = _FirstPage(context)
    return [
        Route(SIGN_IN_PATH, answered(context, first_page.show), methods=["GET"]),
        Route(SIGN_IN_PATH, answered(context, first_page.send), methods=["POST"]),
    ]


class _FirstPage:
    def __init__(self, context: SignInContext) -> None:
        self._context = context

    async def show(self, request: Request) -> Response:
        """Ask who signs in."""
        return await self._show(request, safe_next(request.query_params.get("next")))

    async def send(self, request: Request) -> Response:
        """Send a code to the address, if anybody has it, and ask for it."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        way_on, email = safe_next(form.get("next")), form.get("email", "").strip()
        if len(email) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(email):
            return await self._show(
                request, way_on, email=email[:_LONGEST_ADDRESS], is_wrong=True
            )
        code_request = CodeRequest(email, secrets.token_urlsafe(32), self._context.key)
        by = "text" if form.get("by") == "text" else "email"
        code = codes.new_code()
        await run_in_threadpool(self._keep, request, code_request, code, by)
        # An address that nobody has leads to the same page.
        is_demo = self._context.settings.is_demo
        cookie = CodeCookie(
            email, code_request.browser, way_on, by, code if is_demo else None
        )
        response = go(CODE_PATH)
        self._context.code_cookie.write(request, response, cookie)
        return response

    def _keep(
        self, request: Request, code_request: CodeRequest, code: str, by: str
    ) -> None:
        count_request(self._context, request, code_request.address)
        is_demo = self._context.settings.is_demo
        addressee = self._context.write(
            request,
            lambda session: codes.ask(session, code_request, code, is_demo=is_demo),
        )
        # The demo's addresses are invented: nothing may be sent to them.
        if not is_demo:
            self._context.delivery.send(code, addressee, by_text=by == "text")

    async def _show(
        self, request: Request, way_on: str, *, email: str = "", is_wrong: bool = False
    ) -> Response:
        live: LiveSession | None = request.scope.get(SESSION)
        current = live.actor if live is not None else None
        cast = await run_in_threadpool(self._cast)
        return page(
            "ask.html",
            _UNPROCESSABLE if is_wrong else 200,
            next=way_on,
            email=email,
            problem=_("Enter an address like name@example.org.") if is_wrong else None,
            is_demo=self._context.settings.is_demo,
            people=[_shown(person, current) for person in cast],
            current=current,
            can_text=self._context.delivery.gateway is not None,
            ways=ways(self._context),
            may_book=self._context.settings.public_booking,
            has_ended="ended" in request.query_params,
        )

    def _cast(self) -> tuple[DemoPerson, ...]:
        if not self._context.settings.is_demo:
            return ()
        return self._context.database.read(
            demo_accounts.demo_cast, identity=ANONYMOUS
        ).value


def _shown(person: DemoPerson, current: Actor | None) -> dict[str, object]:
    return {
        "email": person.email,
        "name": person.actor.name,
        "role": _(person.actor.role.value).capitalize(),
        "about": _ABOUT_ROLES[person.actor.role],
        "is_current": person.actor == current,
    }
