"""Talks to Streamlit's websocket as its page does, or as no page ever would."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx
from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol


@dataclass
class Shown:
    """What one run of the script put on the page, and in whose session it ran."""

    session_id: str = ""
    texts: list[str] = field(default_factory=list)
    # The kind of each drawn widget, by its id.
    widgets: dict[str, str] = field(default_factory=dict)
    # The whole description of each drawn widget, by its id.
    described: dict[str, str] = field(default_factory=dict)
    # The fragment's id of each widget in a fragment, by the widget's id.
    fragments: dict[str, str] = field(default_factory=dict)
    # The hash of each page, by its path.
    pages: dict[str, str] = field(default_factory=dict)
    # Whether the script ended as it should, without an error of its own.
    is_whole: bool = False


def cookies_of(browser: httpx.Client) -> str:
    """Return the cookies that a browser sends, as one header."""
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def open_page(url: str, *, query: str = "", **who: str | None) -> Shown:
    """Open the websocket, run the script once, and return what it shows.

    Raises websockets.exceptions.InvalidStatus where the handshake is refused.
    """
    with kept_open(url, query=query, **who) as page:
        return page.shown


@contextmanager
def kept_open(url: str, *, query: str = "", **who: str | None) -> Iterator["Page"]:
    """Do the same as open_page, and keep the websocket open."""
    with stream(url, **who) as opened:
        page = Page(opened)
        page.run(query)
        yield page


def stream(
    url: str,
    path: str = "/_stcore/stream",
    *,
    cookies: str = "",
    origin: str | None = None,
    session_id: str = "",
) -> ClientConnection:
    """Open a websocket as Streamlit's page does."""
    subprotocols = ["streamlit", "no-token", *([session_id] if session_id else [])]
    return connect(
        f"{url.replace('http', 'ws', 1)}{path}",
        origin=Origin(origin) if origin else None,
        subprotocols=[Subprotocol(protocol) for protocol in subprotocols],
        additional_headers={"Cookie": cookies} if cookies else {},
    )


class Page:
    """An open page, and what its last run showed."""

    def __init__(self, opened: ClientConnection) -> None:
        self._stream = opened
        self.shown = Shown()

    @property
    def shows_all(self) -> bool:
        """Whether the last run was completed without an error."""
        is_broken = "could not be shown" in str(self.shown.texts)
        return self.shown.is_whole and not is_broken

    def run(self, query: str = "") -> None:
        """Run the script, as a click would."""
        run = BackMsg()
        run.rerun_script.query_string = query
        self._stream.send(run.SerializeToString())
        self.shown = _watch(self._stream)

    def forge(
        self,
        states: Iterable[WidgetState],
        *,
        page_hash: str,
        query: str = "",
        fragment_id: str = "",
    ) -> None:
        """Run a page's script, or a fragment, with arbitrary values of widgets."""
        run = BackMsg()
        run.rerun_script.query_string = query
        run.rerun_script.page_script_hash = page_hash
        run.rerun_script.fragment_id = fragment_id
        run.rerun_script.widget_states.widgets.extend(states)
        self._stream.send(run.SerializeToString())
        self.shown = _watch(self._stream)

    def look_on(self) -> None:
        """Wait for a run that the server starts by itself."""
        self.shown = _watch(self._stream)

    def post(self, message: bytes) -> None:
        """Send arbitrary bytes without waiting for an answer."""
        self._stream.send(message)

    def choose(self, files: Mapping[str, int], query: str = "upload") -> None:
        """Run the script with these files, by id and size, in its uploader."""
        run = BackMsg()
        run.rerun_script.query_string = query
        state = run.rerun_script.widget_states.widgets.add()
        (state.id,) = re.findall(r'file_uploader \{\s+id: "([^"]+)"', self._drawn)
        chosen = state.file_uploader_state_value.uploaded_file_info
        for file_id, size in files.items():
            chosen.add(file_id=file_id, name="a.pdf", size=size)
        self._stream.send(run.SerializeToString())
        self.shown = _watch(self._stream)

    @property
    def _drawn(self) -> str:
        return "".join(self.shown.texts)

    def until_closed(self) -> None:
        """Wait until the server closes the connection, or raise TimeoutError."""
        with suppress(ConnectionClosed):
            while True:
                self._stream.recv(timeout=30)


def _watch(opened: ClientConnection) -> Shown:
    shown = Shown()
    while True:
        try:
            message = ForwardMsg.FromString(opened.recv(timeout=30))
        except ConnectionClosed:
            return shown
        kind = message.WhichOneof("type")
        if kind == "new_session":
            shown.session_id = message.new_session.initialize.session_id
        elif kind == "navigation":
            for page in message.navigation.app_pages:
                shown.pages[page.url_pathname] = page.page_script_hash
        elif kind == "delta":
            shown.texts.append(str(message.delta.new_element))
            drawn = dict(_widgets(message.delta))
            shown.widgets |= drawn
            shown.described |= dict.fromkeys(drawn, shown.texts[-1])
            if fragment_id := message.delta.fragment_id:
                shown.fragments |= dict.fromkeys(drawn, fragment_id)
        elif kind == "script_finished":
            # The run that this one asks for comes next.
            if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                continue
            broken = any("exception {" in text for text in shown.texts)
            finished = ForwardMsg.FINISHED_SUCCESSFULLY
            shown.is_whole = message.script_finished == finished and not broken
            return shown


def _widgets(drawn: Message, kind: str = "") -> Iterator[tuple[str, str]]:
    """Yield the id and the kind of each widget in a drawn message."""
    for described, value in drawn.ListFields():
        if described.name == "id" and isinstance(value, str):
            yield value, kind
        elif isinstance(value, Message):
            yield from _widgets(value, described.name)
