"""The demo's sign-in: a choice of people, and nothing to prove."""

import secrets
from pathlib import Path
from typing import Final
from uuid import UUID

from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from api.dependencies import SIGNED_IN
from dashboard import static_assets
from dashboard.identity import IdentityCookie
from dashboard.leaving import SIGN_IN_PATH, SIGN_OUT_PATH
from db.routing import Database, DatabaseUnavailable
from services import people
from services.actors import Actor, Role

PATHS: Final = (SIGN_IN_PATH, SIGN_OUT_PATH)

_HOME: Final = "/"
_MAX_BODY: Final = 10_000
_SEE_OTHER: Final = 303
_DEEDS: Final = {
    Role.STAFF: "Registers, finds and edits patients; archives, merges and exports.",
    Role.CLINICIAN: "Opens, edits and exports patients' records.",
    Role.ANALYST: "Filters, charts and exports patient lists; opens no record.",
    Role.ADMIN: "Watches the replication and imports records; sees no patient.",
    Role.PATIENT: "Sees their own record.",
}
_POLICY: Final = (
    "default-src 'none'; style-src 'nonce-{nonce}'; font-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TYPEFACE: Final = static_assets.find("media/SourceSansVF-Upright.*.woff2")
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True
)


def create_sign_in(database: Database, cookie: IdentityCookie) -> Starlette:
    """Return /sign-in and /sign-out; only for a demo, where anybody may be anybody."""
    door = _Door(database, cookie)
    return Starlette(
        routes=[
            Route(SIGN_IN_PATH, door.choose, methods=["GET"]),
            Route(SIGN_IN_PATH, door.sign_in, methods=["POST"]),
            Route(SIGN_OUT_PATH, door.ask, methods=["GET"]),
            Route(SIGN_OUT_PATH, door.sign_out, methods=["POST"]),
        ]
    )


def safe_next(target: str | None) -> str:
    """Return a path of this server to go on to, whatever was asked for.

    Browsers take a second slash, or a backslash, for the beginning of a host's name,
    and drop tabs and line breaks before they look.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return _HOME
    if "\\" in target or not target.isprintable() or target.split("?")[0] in PATHS:
        return _HOME
    return target


class _Door:
    def __init__(self, database: Database, cookie: IdentityCookie) -> None:
        self._database = database
        self._cookie = cookie

    async def choose(self, request: Request) -> Response:
        """Show the demo's people."""
        try:
            found = await self._people()
        except DatabaseUnavailable:
            return _unavailable()
        current = request.scope.get(SIGNED_IN)
        return _page(
            "sign_in.html",
            next=safe_next(request.query_params.get("next")),
            people=[_shown(person, current) for person in found],
            current=next((p.name for p in found if p.id == current), None),
        )

    async def sign_in(self, request: Request) -> Response:
        """Let the chosen person in."""
        form = await _form(request)
        if form is None or not _is_own_form(request.headers):
            return _refused()
        try:
            found = await self._people()
        except DatabaseUnavailable:
            return _unavailable()
        chosen = next((p for p in found if str(p.id) == form.get("person")), None)
        if chosen is None:
            return _refused()
        response = _go(safe_next(form.get("next")))
        self._cookie.set(response, chosen.id, secure=_is_secure(request))
        return response

    async def ask(self, request: Request) -> Response:
        """Ask before signing out: a link must not be able to do it."""
        del request
        return _page("sign_out.html")

    async def sign_out(self, request: Request) -> Response:
        """Forget who is here."""
        if not _is_own_form(request.headers):
            return _refused()
        response = _go(SIGN_IN_PATH)
        self._cookie.clear(response, secure=_is_secure(request))
        return response

    async def _people(self) -> tuple[Actor, ...]:
        read = await run_in_threadpool(self._database.read, people.demo_people)
        return read.value


def _shown(person: Actor, current: UUID | None) -> dict[str, object]:
    return {
        "id": person.id,
        "name": person.name,
        "role": person.role.value.capitalize(),
        "deeds": _DEEDS[person.role],
        "is_current": person.id == current,
    }


async def _form(request: Request) -> dict[str, str] | None:
    """Return the form's fields; None for what our page would never send."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > _MAX_BODY:
        return None
    async with request.form(max_files=0, max_fields=10) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def _is_own_form(headers: Headers) -> bool:
    """Whether our own page sends it: a stranger's page may not sign anybody in."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin", "")
    return origin.partition("://")[2] == headers.get("host")


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _go(path: str) -> Response:
    return RedirectResponse(path, status_code=_SEE_OTHER)


def _page(template: str, status: int = 200, **values: object) -> Response:
    nonce = secrets.token_urlsafe(16)
    html = _templates.get_template(template).render(
        nonce=nonce, typeface=_TYPEFACE, **values
    )
    policy = _POLICY.format(nonce=nonce)
    return HTMLResponse(html, status, {"Content-Security-Policy": policy})


def _refused() -> Response:
    sentence = "This did not come from Chartroom's own page, so nothing was done."
    return _page("message.html", 403, title="Not from here", sentence=sentence)


def _unavailable() -> Response:
    sentence = "The database is changing hands. Try again in a few seconds."
    return _page("message.html", 503, title="One moment", sentence=sentence)
