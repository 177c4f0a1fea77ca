"""Limits on asking for codes and trying them, and the answer beyond them."""

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.core.origins import network_of
from dashboard.sign_in.html import page, unavailable
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import gettext as _
from db.postgres import DatabaseUnavailable
from services.core import audit, throttling
from services.core.audit import Action
from services.core.throttling import Limit, LimitReached

Handler = Callable[[Request], Awaitable[Response]]

_TOO_MANY: Final = 429


def answered(context: SignInContext, handler: Handler) -> Handler:
    """Have a route answer 429 beyond a limit, and a sentence without a database."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except LimitReached as refusal:
            await run_in_threadpool(note_limit, context, request, refusal)
            return _too_often(refusal)
        except DatabaseUnavailable as error:
            return unavailable(error, context.disks)

    return answer


def note_limit(context: SignInContext, request: Request, refusal: LimitReached) -> None:
    """Record that a limit was reached, unless that was recorded a short while ago."""
    if not refusal.is_first:
        return

    def operation(session: Session) -> None:
        audit.record(
            session,
            None,
            Action.LIMIT_REACH,
            outcome="refused",
            details={"limit": refusal.limit.name},
        )

    context.write(request, operation)


def count_request(context: SignInContext, request: Request, address: str) -> None:
    """Count a code that is requested; raises LimitReached."""
    _take(
        context,
        request,
        address,
        here=throttling.CODES_PER_CLIENT,
        anywhere=throttling.CODES_PER_ADDRESS,
        network=throttling.CODES_PER_NETWORK,
    )


def count_try(context: SignInContext, request: Request, address: str) -> None:
    """Count a code that is tried; raises LimitReached."""
    _take(
        context,
        request,
        address,
        here=throttling.TRIES_PER_CLIENT,
        anywhere=throttling.TRIES_PER_ADDRESS,
        network=throttling.TRIES_PER_NETWORK,
    )


def reset(context: SignInContext, request: Request, address: str) -> None:
    """Reset the counts of an address whose owner has just signed in from here."""
    for limit in (throttling.CODES_PER_CLIENT, throttling.TRIES_PER_CLIENT):
        context.throttle.reset(limit, address, _place_of(context, request, address))
    for limit in (throttling.CODES_PER_ADDRESS, throttling.TRIES_PER_ADDRESS):
        context.throttle.reset(limit, address)


def _take(
    context: SignInContext,
    request: Request,
    address: str,
    *,
    here: Limit,
    anywhere: Limit,
    network: Limit,
) -> None:
    # Neither strangers everywhere nor those behind the same network address may be able
    # to keep the address's owner out.
    is_stranger = not context.known.knows(request, address)
    if is_stranger:
        context.throttle.take(network, network_of(request))
    context.throttle.take(here, address, _place_of(context, request, address))
    if is_stranger:
        context.throttle.take(anywhere, address)


def _place_of(context: SignInContext, request: Request, address: str) -> str:
    known = context.known.knows(request, address)
    return "its owner's browsers" if known else network_of(request)


def _too_often(refusal: LimitReached) -> Response:
    response = page(
        "message.html",
        _TOO_MANY,
        title=_("Too many attempts"),
        sentence=refusal.args[0],
    )
    response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response
