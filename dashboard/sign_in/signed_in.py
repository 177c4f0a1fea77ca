"""Pages beside signing in that are only for people who have signed in."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.core.dependencies import SESSION
from dashboard.sign_in.forms import is_own_form
from dashboard.sign_in.html import go, refused
from dashboard.sign_in.limiting import Handler, answered
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.web.page_scripts import CONFIRM_PATH, SIGN_IN_PATH
from db.postgres import ANONYMOUS
from services.people.sessions import LiveSession
from services.people.sign_in import passkeys

Personal = Callable[[Request, LiveSession], Awaitable[Response]]


def to_sign_in(way_on: str) -> str:
    """Return the address of the sign-in page, with where to go on to afterwards."""
    return f"{SIGN_IN_PATH}?next={quote(way_on, safe='')}"


async def to_proof(context: SignInContext, live: LiveSession, way_on: str) -> str:
    """Return where this person can confirm their identity: by passkey, if any.

    Without a passkey they sign in again: see
    services.people.sign_in.confirmations.require_proof.
    """
    # From the primary: a passkey that was just added or removed counts.
    read = await run_in_threadpool(
        context.database.read_latest,
        lambda session: passkeys.has_any(session, live.actor),
        identity=ANONYMOUS,
    )
    if read.value:
        return f"{CONFIRM_PATH}?next={quote(way_on, safe='')}"
    return to_sign_in(way_on)


def personal(context: SignInContext, handler: Personal) -> Handler:
    """Have strangers sign in first, and refuse forms of other sites."""

    async def answer(request: Request) -> Response:
        live: LiveSession | None = request.scope.get(SESSION)
        if request.method == "POST":
            if not is_own_form(request.headers):
                return refused()
            return go(SIGN_IN_PATH) if live is None else await handler(request, live)
        if live is None:
            query = f"?{request.url.query}" if request.url.query else ""
            return go(to_sign_in(request.url.path + query))
        return await handler(request, live)

    return answered(context, answer)
