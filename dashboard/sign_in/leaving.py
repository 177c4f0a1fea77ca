"""Signing out: it is confirmed first, so that a link alone cannot do it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.sign_in.forms import is_own_form
from dashboard.sign_in.html import go, page, refused, unavailable
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.web.page_scripts import SIGN_IN_PATH, SIGN_OUT_PATH
from db.postgres import DatabaseUnavailable


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page that asks whether to sign out, and the route that does it."""

    async def ask(request: Request) -> Response:
        del request
        return page("sign_out.html")

    async def sign_out(request: Request) -> Response:
        if not is_own_form(request.headers):
            return refused()
        response = go(SIGN_IN_PATH)
        try:
            await context.identity.sign_out(request, response)
        except DatabaseUnavailable as error:
            return unavailable(error, context.disks)
        return response

    return [
        Route(SIGN_OUT_PATH, ask, methods=["GET"]),
        Route(SIGN_OUT_PATH, sign_out, methods=["POST"]),
    ]
