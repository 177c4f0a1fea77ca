"""Accepts what our own pages' forms send, and nothing else."""

from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request

from dashboard.web.page_scripts import SIGN_IN_PATH, SIGN_OUT_PATH

_HOME: Final = "/"
_MAX_BODY: Final = 10_000
# Somebody who has just signed in is not sent there again.
_NOT_AGAIN: Final = (SIGN_IN_PATH, f"{SIGN_IN_PATH}/code", SIGN_OUT_PATH)


def safe_next(target: str | None) -> str:
    """Return a path of this server to go on to, whatever was requested.

    Browsers take a second slash, or a backslash, for the beginning of a host name, and
    drop tabs and line breaks before they look.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return _HOME
    path = target.split("?")[0]
    if "\\" in target or not target.isprintable() or path in _NOT_AGAIN:
        return _HOME
    return target


async def read_form(request: Request) -> dict[str, str] | None:
    """Return the form's fields; None for what our page would never send."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > _MAX_BODY:
        return None
    async with request.form(max_files=0, max_fields=10) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def is_own_form(headers: Headers) -> bool:
    """Return whether our own page sends it: another site's may not sign anybody in."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin", "")
    return origin.partition("://")[2] == headers.get("host")
