"""The second page: the code, which lets the person in."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.core.dependencies import SESSION
from dashboard.sign_in.codes.asking import CODE_PATH
from dashboard.sign_in.codes.refused_codes import why_no_code, why_refused
from dashboard.sign_in.cookies import CodeCookie
from dashboard.sign_in.forms import is_own_form, read_form
from dashboard.sign_in.html import go, page, refused
from dashboard.sign_in.limiting import answered, count_try, reset
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import gettext as _
from services.core.errors import NotAllowed
from services.people.sessions import Method, NewSession
from services.people.sign_in import codes
from services.people.sign_in.codes import CodeRequest, RefusedCode

_HOME: Final = "/"
_UNPROCESSABLE: Final = 422
Outcome = NewSession | RefusedCode


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page that asks for a code, and the route that signs in."""
    second_page = _SecondPage(context)
    return [
        Route(CODE_PATH, answered(context, second_page.show), methods=["GET"]),
        Route(CODE_PATH, answered(context, second_page.sign_in), methods=["POST"]),
    ]


class _SecondPage:
    def __init__(self, context: SignInContext) -> None:
        self._context = context

    async def show(self, request: Request) -> Response:
        """Ask for the code."""
        cookie = self._context.code_cookie.read(request)
        return _over(request) if cookie is None else _page(cookie)

    async def sign_in(self, request: Request) -> Response:
        """Sign in the person who has the code."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        cookie = self._context.code_cookie.read(request)
        if cookie is None:
            return _over(request)
        code = codes.read_code(form.get("code", ""))
        if code is None:
            return _page(cookie, problem=why_no_code())
        started = await run_in_threadpool(self._try, request, cookie, code)
        if isinstance(started, RefusedCode):
            return _page(
                cookie,
                problem=why_refused(started, again=_("Request a new one.")),
                may_try=started.tries_left > 0,
            )
        response = go(cookie.next)
        self._context.identity.remember(request, response, started)
        self._context.code_cookie.clear(request, response)
        self._context.known.add(request, response, self._code_request(cookie).address)
        return response

    def _try(self, request: Request, cookie: CodeCookie, code: str) -> Outcome:
        code_request = self._code_request(cookie)
        count_try(self._context, request, code_request.address)
        method: Method = "demo" if cookie.shown is not None else "code"
        operation = self._using_up(request, code_request, code, method)
        try:
            started = self._context.write(request, operation)
        except NotAllowed:
            # Deactivated since they asked.
            return RefusedCode()
        if not isinstance(started, RefusedCode):
            reset(self._context, request, code_request.address)
        return started

    def _using_up(
        self, request: Request, code_request: CodeRequest, code: str, method: Method
    ) -> Callable[[Session], Outcome]:
        """Return an operation that uses a code up and signs in, or does neither."""

        def operation(session: Session) -> Outcome:
            user = codes.check(session, code_request, code)
            if isinstance(user, RefusedCode):
                return user
            return self._context.identity.start(session, request, user, method=method)

        return operation

    def _code_request(self, cookie: CodeCookie) -> CodeRequest:
        return CodeRequest(cookie.email, cookie.browser, self._context.key)


def _page(
    cookie: CodeCookie, *, problem: str | None = None, may_try: bool = True
) -> Response:
    return page(
        "code.html",
        _UNPROCESSABLE if problem else 200,
        email=cookie.email,
        next=cookie.next,
        by=cookie.by,
        shown=cookie.shown,
        problem=problem,
        may_try=may_try,
    )


def _over(request: Request) -> Response:
    """Answer a browser that asked for no code, or too long ago, or keeps no cookies."""
    if request.scope.get(SESSION) is not None:
        # The code was entered in another tab.
        return go(_HOME)
    return page(
        "message.html",
        _UNPROCESSABLE,
        title=_("Request a code first"),
        sentence=_(
            "No code was requested in this browser in the last ten minutes. If you "
            "have just requested one, your browser blocks cookies: allow them for "
            "this address, because nobody can sign in without them."
        ),
    )
