"""One person's browser: its cookies, its requests, its websockets."""

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

from benchmarks.crowd.journal import Journal

MOST_SECONDS: Final = 60.0
_XSRF: Final = "_streamlit_xsrf"


class Refused(Exception):
    """The server did not do what was asked; the sentence says what came instead."""


# Errors between a browser and its server; all others are bugs of this benchmark.
UNREACHABLE: Final = (
    Refused,
    OSError,
    TimeoutError,
    WebSocketException,
    httpx.HTTPError,
)


class Interrupted(Exception):
    """The connection was lost before the result of an action was known."""


@dataclass(slots=True)
class Browser:
    """One person's browser: the app's address, and their identity there."""

    address: str
    http: httpx.AsyncClient
    journal: Journal
    # The name and value of the cookie; a stock app has no sign-in.
    cookie: str = ""
    # Chartroom's pages have a second websocket that reports on their sign-in.
    watch_path: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    # How often a page of this browser lost its connection and came back.
    times_lost: int = 0

    @property
    def cookie_header(self) -> str:
        """All cookies as a header."""
        pairs = (f"{name}={value}" for name, value in self.cookies.items())
        return "; ".join(filter(None, (self.cookie, *pairs)))

    @property
    def xsrf_token(self) -> str:
        """The token that Streamlit expects from this browser with changes."""
        return self.cookies.get(_XSRF, "")

    async def get(self, path: str, **headers: str) -> None:
        """Request a page; raises Refused if it is not returned."""
        headers |= {"Cookie": self.cookie_header}
        answer = await self.http.get(self.address + path, headers=headers)
        if answer.status_code != httpx.codes.OK:
            raise Refused(f"HTTP {answer.status_code} for {urlsplit(path).path}")
        self.cookies.update(answer.cookies)

    async def put(self, path: str, name: str, data: bytes) -> None:
        """Send a file as an uploader does; raises Refused."""
        answer = await self.http.put(
            self.address + path,
            files={"file": (name, data, "application/pdf")},
            headers={
                "Cookie": self.cookie_header,
                "Origin": self.address,
                "X-Xsrftoken": self.xsrf_token,
            },
        )
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise Refused(f"HTTP {answer.status_code} for an upload")

    async def connect(self, path: str, *subprotocols: str) -> ClientConnection:
        """Open a websocket; cookies in the answer are kept, too."""
        websocket = await connect(
            self.address.replace("http", "ws", 1) + path,
            origin=Origin(self.address),
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            additional_headers={"Cookie": self.cookie_header},
            compression=None,
            max_size=None,
            ping_interval=None,
            open_timeout=MOST_SECONDS,
        )
        # A front may have chosen another process than the last time, and says so here.
        answer = websocket.response
        for said in answer.headers.get_all("Set-Cookie") if answer else ():
            self.cookies |= {
                kept.key: kept.value for kept in SimpleCookie(said).values()
            }
        return websocket
