"""Sends what a run has drawn a hundred messages at a time, not one by one.

Streamlit's event loop goes round once after each message that it sends, to whichever
page. Each time it polls and releases the interpreter, which a page that computes may
keep for five milliseconds: with twenty pages at work, a page of thirty messages was
ready and took seconds to arrive.
"""

from collections.abc import Sequence
from typing import Any, Final, cast

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.session_manager import ActiveSessionInfo

# A page whose connection has more than 500 messages to send is taken for one that does
# not listen.
_MOST: Final = 100

_flush: Final = AppSession.flush_browser_queue
_send: Final = Runtime._send_message
_tell: Final = Runtime._enqueued_some_message


class _Batch:
    """Messages that wait for one page, up to a limit."""

    def __init__(self, messages: Sequence[ForwardMsg]) -> None:
        self.messages = messages


def send_at_once() -> None:
    """Have Streamlit send what waits for a page in as few batches as the page can take.

    Streamlit has no setting for it. To be called once per process, before pages run.
    """
    AppSession.flush_browser_queue = _flush_in_batches  # type: ignore[method-assign, assignment]
    Runtime._send_message = _send_batch  # type: ignore[method-assign, assignment]
    Runtime._enqueued_some_message = _tell_once  # type: ignore[method-assign, assignment]


def _flush_in_batches(session: AppSession) -> list[ForwardMsg]:
    # Of a thousand pages almost none has a message, but all are asked, again and again.
    if session._browser_queue.is_empty():
        return []
    messages = _flush(session)
    # Streamlit only hands them on, to `_send_batch`.
    return [
        cast("Any", _Batch(messages[begin : begin + _MOST]))
        for begin in range(0, len(messages), _MOST)
    ]


def _send_batch(runtime: Runtime, session: ActiveSessionInfo, batch: Any) -> None:
    for message in batch.messages:
        _send(runtime, session, message)


def _tell_once(runtime: Runtime) -> None:
    """Wake the sender, unless it has been woken and has not begun yet."""
    if not runtime._get_async_objs().need_send_data.is_set():
        _tell(runtime)
