"""Our own pages, which work without a websocket and, mostly, without a script."""

import secrets
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.ui.language import (
    LANGUAGE_NAMES,
    current_language,
    gettext,
    gettext as _,
    ngettext,
    refusal_text,
    short_date,
    translated,
)
from dashboard.web import static_assets
from db.disk_space import DiskSpace
from db.postgres import DatabaseUnavailable
from services.core.full_disks import full_disk

_SEE_OTHER: Final = 303
_POLICY: Final = (
    "default-src 'none'; style-src 'nonce-{nonce}'; font-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SCRIPTS: Final = "; script-src 'nonce-{nonce}'; connect-src 'self'"
_TYPEFACE: Final = static_assets.find("media/SourceSansVF-Upright.*.woff2")
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    extensions=["jinja2.ext.i18n"],
)


def sentence_of(said: object) -> str:
    """Return a sentence, or the text of a refusal, in the language of the page."""
    if isinstance(said, Exception):
        return refusal_text(said)
    return translated(str(said)) if said else ""


# The calls that the extension makes of {% trans %}; its own notation for values.
_templates.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
_templates.globals.update(
    language=current_language,
    languages=LANGUAGE_NAMES,
    short_date=short_date,
    told=sentence_of,
)


def page(
    template: str, status: int = 200, *, runs_script: bool = False, **values: object
) -> Response:
    """Return a page; scripts run on it only if allowed, and with its `nonce`."""
    nonce = secrets.token_urlsafe(16)
    html = _templates.get_template(template).render(
        nonce=nonce, typeface=_TYPEFACE, **values
    )
    policy = (_POLICY + (_SCRIPTS if runs_script else "")).format(nonce=nonce)
    return HTMLResponse(html, status, {"Content-Security-Policy": policy})


def form_leading_to(source: str, response: Response) -> Response:
    """Allow the page's form to lead to `source` as well, such as org.example.app:."""
    policy = response.headers["Content-Security-Policy"]
    response.headers["Content-Security-Policy"] = policy.replace(
        "form-action 'self'", f"form-action 'self' {source}"
    )
    return response


def go(path: str) -> Response:
    """Redirect the browser to a path of ours, by GET."""
    return RedirectResponse(path, status_code=_SEE_OTHER)


def refused() -> Response:
    """Answer a form that is not ours."""
    sentence = _(
        "This request did not come from one of Chartroom's own pages, so nothing "
        "was done."
    )
    return page("message.html", 403, title=_("Request refused"), sentence=sentence)


def unavailable(error: DatabaseUnavailable, disks: DiskSpace) -> Response:
    """Answer when no database can, and say so if a full disk is the reason."""
    if full := full_disk(error, disks):
        return page(
            "message.html", 507, title=_("A disk is full"), sentence=full.args[0]
        )
    sentence = _("Database failover in progress. Try again in a few seconds.")
    return page("message.html", 503, title=_("One moment"), sentence=sentence)
