"""Talks to Streamlit's websocket as its page in the browser does."""

from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


@dataclass
class Shown:
    """What one run of the script put on the page, and whose session it ran in."""

    session_id: str = ""
    texts: list[str] = field(default_factory=list)


def open_page(
    url: str,
    *,
    cookies: str = "",
    origin: str | None = None,
    session_id: str = "",
    query: str = "",
) -> Shown:
    """Open the websocket, run the script once, and return what it shows.

    Raises websockets.exceptions.InvalidStatus where the handshake is refused.
    """
    subprotocols = ["streamlit", "no-token", *([session_id] if session_id else [])]
    stream = connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        origin=origin,
        subprotocols=subprotocols,
        additional_headers={"Cookie": cookies} if cookies else {},
    )
    with stream:
        run = BackMsg()
        run.rerun_script.query_string = query
        stream.send(run.SerializeToString())
        return _watch(stream)


def _watch(stream) -> Shown:
    shown = Shown()
    while True:
        try:
            message = ForwardMsg.FromString(stream.recv(timeout=30))
        except ConnectionClosed:
            return shown
        kind = message.WhichOneof("type")
        if kind == "new_session":
            shown.session_id = message.new_session.initialize.session_id
        elif kind == "delta":
            shown.texts.append(str(message.delta.new_element))
        elif kind == "script_finished":
            return shown
