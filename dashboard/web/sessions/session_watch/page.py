"""Puts the script that watches a sign-in, with its data, into Streamlit's page."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Final, Self

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core.dependencies import SESSION
from dashboard.ui.language import gettext as _, using_language
from dashboard.ui.scripts import DIALOGS, RECORD_NUMBERS, read_joined
from dashboard.web.clocks import clock_at
from dashboard.web.languages import language_at
from services.core.actors import COMPACT, Actor
from services.people.sessions import LiveSession

SCRIPT_PATH: Final = "/session/watch.js"
_SCRIPT: Final = read_joined(
    DIALOGS,
    RECORD_NUMBERS,
    *map(
        Path(__file__).with_name,
        (
            "words.js",
            "watch.js",
            "banner.js",
            "broken.js",
            "uploads.js",
            "unsent.js",
            "notices.js",
            "uploader.js",
            "labels.js",
            "drops.js",
            "drawer.js",
            "bar.js",
            "fields.js",
            "days.js",
            "decimals.js",
            "focus.js",
            "keys.js",
            "palette.js",
            "bell.js",
            "menu.js",
            "tour.js",
        ),
    ),
).encode()
# Its address changes with its content, so that browsers may keep it.
_ADDRESS: Final = f"{SCRIPT_PATH}?{sha256(_SCRIPT).hexdigest()[:16]}"
# Inline, because what they decide must be known before anything is drawn.
HEAD_SCRIPT: Final = "\n".join(
    Path(__file__).with_name(name).read_text(encoding="utf-8")
    for name in ("connection.js", "theme.js", "locale.js")
)
_STYLE: Final = Path(__file__).with_name("room.css").read_text(encoding="utf-8")
_TAGS: Final = (
    f"<style>{_STYLE}</style>"
    f'<script>{HEAD_SCRIPT}</script><script src="{_ADDRESS}" defer></script>'
).encode()
_KEPT: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
_OK: Final = 200
_ELEMENT_ID: Final = "chartroom-places"
# Streamlit's own words: to programmers, and in English.
_NO_SCRIPT: Final = re.compile(rb"<noscript>.*?</noscript>", re.DOTALL)
_TITLE: Final = b"<title>Streamlit</title>"
# Streamlit's program replaces what is in it, as soon as it runs.
_ROOT: Final = b'<div id="root"></div>'
# Who is signed in, and the pages that they may open, as data for the script.
Places = Callable[[Actor], Mapping[str, object]]


async def script(request: Request) -> Response:
    """Answer with the script."""
    del request
    return Response(_SCRIPT, media_type="text/javascript", headers=_KEPT)


class WatchedPages:
    """Adds the script to every HTML page of the application behind.

    Also adds the data of the person's menus: a separate request would take a while,
    during which the menus would be missing.
    """

    def __init__(self, app: ASGIApp, places: Places, language: str) -> None:
        self._app = app
        self._places = places
        self._usual = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the script if an HTML page comes back."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        live: LiveSession | None = scope.get(SESSION)
        connection = HTTPConnection(scope)
        language = language_at(connection, self._usual)
        with using_language(language):
            places = self._places(live.actor) if live else {}
            empty = _EmptyPage.of_current_language()
        known = (
            _data_element({**places, "clock": clock_at(connection)}) if live else b""
        )
        is_compact = live is not None and live.actor.list_density == COMPACT
        adding = _Adding(send, known, empty, language, is_compact=is_compact)
        await self._app(_uncompressed(scope), receive, adding.send)


def _data_element(places: Mapping[str, object]) -> bytes:
    """Return data for the script to read: no text in it can end the element."""
    text = json.dumps(places).replace("<", "\\u003c")
    return (
        f'<script id="{_ELEMENT_ID}" type="application/json">{text}</script>'.encode()
    )


@dataclass(frozen=True, slots=True)
class _EmptyPage:
    """What a page shows before Streamlit's program runs, and where it never will."""

    without_scripts: bytes
    root: bytes

    @classmethod
    def of_current_language(cls) -> Self:
        off = escape(
            _(
                "Chartroom needs JavaScript, which is off in this browser. Allow it "
                "for this site in the browser's settings, then reload the page."
            )
        )
        late = escape(
            _(
                "Chartroom is still loading. If this takes longer than a minute, "
                "reload the page. If that does not help, update this browser or use "
                "another one."
            )
        )
        return cls(
            "<noscript><style>.chartroom-late { display: none }</style>"
            f'<p class="chartroom-off">{off}</p></noscript>'.encode(),
            f'<div id="root"><p class="chartroom-late">{late}</p></div>'.encode(),
        )

    def fill(self, body: bytes) -> bytes:
        """Return Streamlit's page with these sentences."""
        body = _NO_SCRIPT.sub(lambda _old: self.without_scripts, body, count=1)
        return body.replace(_TITLE, b"<title>Chartroom</title>", 1).replace(
            _ROOT, self.root, 1
        )


class _Adding:
    """Holds an HTML page back until it is complete, then sends it with the script."""

    def __init__(
        self,
        send: Send,
        known: bytes,
        empty: _EmptyPage,
        language: str,
        *,
        is_compact: bool,
    ) -> None:
        self._send = send
        self._empty = empty
        density = ' data-density="compact"' if is_compact else ""
        self._root = f'<html lang="{language}"{density}>'.encode()
        self._added = known + _TAGS
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_whole(self._start)

    async def _send_whole(self, start: Message) -> None:
        body = bytes(self._body).replace(b"</head>", self._added + b"</head>", 1)
        body = body.replace(b'<html lang="en">', self._root, 1)
        body = self._empty.fill(body)
        left_out = {b"content-length", b"etag", b"last-modified", b"accept-ranges"}
        headers = [pair for pair in start["headers"] if pair[0].lower() not in left_out]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    kind = Headers(raw=list(start["headers"])).get("content-type", "")
    return start["status"] == _OK and kind.startswith("text/html")


def _uncompressed(scope: Scope) -> Scope:
    """Ask for the whole page, uncompressed: a compressed one cannot be added to."""
    left_out = {b"accept-encoding", b"range", b"if-none-match", b"if-modified-since"}
    if not scope["path"].rpartition("/")[2].count("."):
        headers = [pair for pair in scope["headers"] if pair[0] not in left_out]
        # Changed in place, so that the route that routing adds reaches the request log.
        scope["headers"] = headers
    return scope
