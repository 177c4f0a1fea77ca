"""The second page: the code, which lets the person in."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.sign_in.codes.asking import CODE_PATH
from dashboard.sign_in.cookies import CodeCookie
from dashboard.sign_in.forms import is_own_form, read_form
from dashboard.sign_in.html import go, page, refused
from dashboard.sign_in.limiting import answered, count_try, forgive
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.web.page_scripts import SIGN_IN_PATH
from services.core.errors import NotAllowed
from services.people.sessions import Method, Started
from services.people.sign_in import codes
from services.people.sign_in.codes import CodeCheck, CodeRequest

_UNPROCESSABLE: Final = 422
_TYPED_WITH: Final = str.maketrans("", "", " -\u00a0\u2009")
Outcome = tuple[CodeCheck, Started | None]


def routes(door: SignInContext) -> list[BaseRoute]:
    """Return the page that asks for a code, and what lets in."""
    answering = _SecondPage(door)
    return [
        Route(CODE_PATH, answered(door, answering.show), methods=["GET"]),
        Route(CODE_PATH, answered(door, answering.sign_in), methods=["POST"]),
    ]


class _SecondPage:
    def __init__(self, door: SignInContext) -> None:
        self._door = door

    async def show(self, request: Request) -> Response:
        """Ask for the code."""
        asked = self._door.asked.read(request)
        return go(SIGN_IN_PATH) if asked is None else _page(asked)

    async def sign_in(self, request: Request) -> Response:
        """Let in whoever has the code."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        asked = self._door.asked.read(request)
        if asked is None:
            return _over()
        code = form.get("code", "").translate(_TYPED_WITH)
        if not (len(code) == codes.DIGITS and code.isascii() and code.isdigit()):
            return _page(asked, problem="A code is six digits. Look again.")
        checked, started = await run_in_threadpool(self._try, request, asked, code)
        if started is None:
            return _page(
                asked,
                problem=_sentence(checked.tries_left),
                may_try=checked.tries_left > 0,
            )
        response = go(asked.next)
        self._door.identity.remember(request, response, started)
        self._door.asked.clear(request, response)
        self._door.known.add(request, response, self._asking(asked).address)
        return response

    def _try(self, request: Request, asked: CodeCookie, code: str) -> Outcome:
        asking = self._asking(asked)
        count_try(self._door, request, asking.address)
        method: Method = "demo" if asked.shown is not None else "code"
        operation = self._using_up(request, asking, code, method)
        try:
            checked, started = self._door.write(request, operation)
        except NotAllowed:
            # Deactivated since they asked.
            return CodeCheck(None, 0), None
        if started is not None:
            forgive(self._door, request, asking.address)
        return checked, started

    def _using_up(
        self, request: Request, asking: CodeRequest, code: str, method: Method
    ) -> Callable[[Session], Outcome]:
        """Return what uses a code up and signs in, or neither."""

        def operation(session: Session) -> Outcome:
            checked = codes.check(session, asking, code)
            if checked.user_id is None:
                return checked, None
            return checked, self._door.identity.start(
                session, request, checked.user_id, method=method
            )

        return operation

    def _asking(self, asked: CodeCookie) -> CodeRequest:
        return CodeRequest(asked.email, asked.browser, self._door.key)


def _page(
    asked: CodeCookie, *, problem: str | None = None, may_try: bool = True
) -> Response:
    return page(
        "code.html",
        _UNPROCESSABLE if problem else 200,
        email=asked.email,
        next=asked.next,
        by=asked.by,
        shown=asked.shown,
        problem=problem,
        may_try=may_try,
    )


def _sentence(tries_left: int) -> str:
    if tries_left == 0:
        return "This code does not hold any more. Ask for another one."
    tries = "one try" if tries_left == 1 else f"{tries_left} tries"
    return f"This is not the code. You have {tries} left."


def _over() -> Response:
    """Answer a browser that has asked for no code, or too long ago."""
    return page(
        "message.html",
        _UNPROCESSABLE,
        title="Ask for a code first",
        sentence="This browser has not asked for a code in the last ten minutes.",
    )
