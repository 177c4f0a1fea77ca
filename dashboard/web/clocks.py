"""Endpoint that lets a browser choose how its pages write the time of day."""

from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response

from dashboard.ui.clock import CLOCK_COOKIE, CLOCKS
from dashboard.web.languages import AS_THE_CLINIC, sent_choice

_A_YEAR: Final = 365 * 24 * 60 * 60
_NO_CONTENT: Final = 204
_BAD_REQUEST: Final = 400


def clock_at(connection: HTTPConnection) -> str:
    """Return the clock that was chosen in the browser that sent the request."""
    chosen = connection.cookies.get(CLOCK_COOKIE)
    return chosen if chosen in CLOCKS else AS_THE_CLINIC


async def choose_clock(request: Request) -> Response:
    """Have the browser keep the clock that was sent."""
    chosen = await sent_choice(request, "clock")
    if chosen not in {*CLOCKS, AS_THE_CLINIC}:
        return PlainTextResponse(
            "Choose one of the clocks that are offered.", _BAD_REQUEST
        )
    answer = Response(status_code=_NO_CONTENT)
    answer.set_cookie(
        CLOCK_COOKIE,
        chosen,
        max_age=_A_YEAR,
        secure=request.scope.get("scheme") == "https",
        httponly=True,
        samesite="lax",
    )
    return answer
