"""An open page that talks to its server over the websocket as a browser does.

It sends a person's actions and waits for the end of the run; it draws the messages,
keeps large ones as a browser does, and refreshes what refreshes itself. If the
connection is lost it reconnects, and then has the page run as a browser does: with the
values of its widgets, and only if something was under way.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import Any, Final, Self
from urllib.parse import urlsplit
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import FileURLs, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from benchmarks.crowd.browser import (
    MOST_SECONDS,
    UNREACHABLE,
    Browser,
    Interrupted,
    Refused,
)
from benchmarks.crowd.journal import Kind
from benchmarks.crowd.screen import Screen
from benchmarks.crowd.widget_states import event_of, is_kept, state_of

_STREAM: Final = "/_stcore/stream"
_REPORT_SECONDS: Final = 20.0
# Streamlit's browser side waits this long between two attempts to reconnect.
_RETRY_SECONDS: Final = 0.5


class Tab:
    """One open page."""

    def __init__(self, browser: Browser, stream: ClientConnection) -> None:
        self.screen = Screen()
        self._browser = browser
        self._stream = stream
        self._watch: ClientConnection | None = None
        self._reported_at = perf_counter()
        self._session_id = ""
        self._query = ""
        self._states: dict[str, WidgetState] = {}
        self._kept_messages: dict[str, ForwardMsg] = {}
        self._turn = asyncio.Lock()
        self._finished: asyncio.Future[Kind] | None = None
        self._addresses: asyncio.Future[FileURLs] | None = None
        # The last run asked for, and whether its answer may be another one's.
        self._last_run = ClientState()
        self._is_interrupted = False
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._is_leaving = False
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def open(cls, browser: Browser, path: str) -> Self:
        """Open a page by its address; raises Refused, OSError, WebSocketException."""
        begun = perf_counter()
        await browser.get(path, **{"Sec-Fetch-Dest": "document"})
        await asyncio.gather(
            browser.get("/_stcore/health", **{"Sec-Fetch-Dest": "empty"}),
            browser.get("/_stcore/host-config", **{"Sec-Fetch-Dest": "empty"}),
        )
        tab = cls(browser, await browser.connect(_STREAM, *_protocols(browser)))
        try:
            if browser.watch_path:
                tab._watch = await browser.connect(browser.watch_path)
            await tab._show(path, begun)
        except BaseException:
            await tab.close()
            raise
        return tab

    async def close(self) -> None:
        """Leave like a browser whose tab is closed."""
        self._is_leaving = True
        self._stop_timers()
        for websocket in filter(None, (self._watch, self._stream)):
            with suppress(ConnectionClosed, OSError):
                await websocket.close()
        self._listening.cancel()

    async def go(self, page: str, query: str = "") -> None:
        """Go to another page by the menu."""
        self._query, self._states = query, {}
        state = ClientState(page_script_hash=self.screen.pages[page])
        await self._run(state, "rerun")

    async def press(self, key: str, fields: Mapping[str, Any] | None = None) -> None:
        """Press a button; a form's button also sends the values of its fields."""
        changes = {**(fields or {}), key: True}
        await self.change(changes, pressed=key)

    async def change(self, changes: Mapping[str, Any], *, pressed: str = "") -> None:
        """Give widgets new values, and run the fragment or page of the last one."""
        last = self.screen.find(pressed or list(changes)[-1])
        states = [state_of(self.screen.find(k), v) for k, v in changes.items()]
        await self._use(states, last.fragment_id)

    async def tell(self, key: str, event: str, value: Any) -> None:
        """Trigger an event in a component of ours."""
        component = self.screen.find(key)
        await self._use([event_of(component, event, value)], component.fragment_id)

    async def choose_file(self, key: str, name: str, data: bytes) -> None:
        """Choose a file in an uploader: it is sent, then the page runs."""
        begun = perf_counter()
        self._addresses = asyncio.get_running_loop().create_future()
        request = BackMsg()
        request.file_urls_request.request_id = str(uuid4())
        request.file_urls_request.file_names.append(name)
        request.file_urls_request.session_id = self._session_id
        try:
            await self._stream.send(request.SerializeToString())
        except ConnectionClosed as lost:
            raise Interrupted from lost
        urls = await asyncio.wait_for(self._addresses, MOST_SECONDS)
        await self._browser.put(urls.upload_url, name, data)
        self._browser.journal.add("upload", perf_counter() - begun)
        info = UploadedFileInfo(
            name=name, size=len(data), file_id=urls.file_id, file_urls=urls
        )
        await self.change({key: [info]})

    async def _show(self, path: str, begun: float) -> None:
        parts = urlsplit(path)
        self._query = parts.query
        await self._run(ClientState(page_name=parts.path.strip("/")), "open", begun)

    async def _use(self, states: Iterable[WidgetState], fragment_id: str) -> None:
        run = ClientState(page_script_hash=self.screen.page_hash)
        run.fragment_id = fragment_id
        used = {state.id: state for state in states}
        kept = {id_: state for id_, state in used.items() if is_kept(state)}
        self._states |= kept
        run.widget_states.widgets.extend((self._states | used).values())
        await self._report_input()
        await self._run(run, "click" if fragment_id else "rerun")

    async def _run(
        self, run: ClientState, kind: Kind, begun: float | None = None
    ) -> None:
        """Have the page run, wait for the end, and record how long that took."""
        begun = perf_counter() if begun is None else begun
        self._describe(run)
        async with self._turn:
            # Another page may have been opened while its refresh waited: Streamlit does
            # not answer for a fragment that no longer exists.
            if kind == "refresh" and run.fragment_id not in self._timers:
                return
            self._finished = asyncio.get_running_loop().create_future()
            self._last_run, self._is_interrupted = run, False
            # A connection that is lost now is noticed by the task that listens.
            with suppress(ConnectionClosed):
                await self._stream.send(_request(run))
            try:
                ended_as = await asyncio.wait_for(self._finished, MOST_SECONDS)
            except TimeoutError as silence:
                lost = ", although it came back" * self._is_interrupted
                raise Refused(f"No answer to a {kind}{lost}") from silence
        if self._is_interrupted and _is_trigger(run):
            raise Interrupted
        # A click may have led to another page: then all of it was waited for.
        if kind == "click":
            kind = ended_as
        self._browser.journal.add(kind, perf_counter() - begun)
        # What refreshes itself reports on servers, and not on anybody's action.
        alerts = self.screen.alerts if kind != "refresh" else []
        if refusals := [*self.screen.exceptions, *alerts]:
            raise Refused(refusals[0])

    def _describe(self, run: ClientState) -> None:
        """Add to a request what a browser tells about itself with each."""
        run.query_string = self._query
        run.cached_message_hashes.extend(self._kept_messages)
        run.context_info.timezone = "UTC"
        run.context_info.locale = "en-GB"
        run.context_info.url = self._browser.address

    async def _report_input(self) -> None:
        now = perf_counter()
        if self._watch and now - self._reported_at > _REPORT_SECONDS:
            self._reported_at = now
            with suppress(ConnectionClosed):
                await self._watch.send(json.dumps({"inputSecondsAgo": 0}))

    async def _listen(self) -> None:
        while True:
            with suppress(ConnectionClosed):
                async for frame in self._stream:
                    message = ForwardMsg.FromString(bytes(frame))
                    self._take(self._whole(message))
            if self._is_leaving:
                return
            try:
                await self._come_back()
            except UNREACHABLE as trouble:
                lost = Refused(f"The connection was lost for good: {trouble!r}")
                for waited in (self._finished, self._addresses):
                    if waited is not None and not waited.done():
                        waited.set_exception(lost)
                return

    async def _come_back(self) -> None:
        """Reconnect, to whichever server answers, and have the page run again."""
        lost_at = perf_counter()
        has_timers = bool(self._timers)
        self._stop_timers()
        self._is_interrupted = True
        if self._addresses is not None and not self._addresses.done():
            self._addresses.set_exception(Interrupted())
        while True:
            try:
                await self._reconnect()
                break
            except UNREACHABLE:
                if perf_counter() - lost_at > MOST_SECONDS:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)
        self._browser.times_lost += 1
        self._browser.journal.add("reconnect", perf_counter() - lost_at)
        is_running = self._finished is not None and not self._finished.done()
        if is_running or has_timers or self._last_run.fragment_id:
            again = ClientState(page_script_hash=self.screen.page_hash)
            if not self.screen.page_hash:
                again.page_name = self._last_run.page_name
            again.widget_states.widgets.extend(self._states.values())
            self._describe(again)
            await self._stream.send(_request(again))

    async def _reconnect(self) -> None:
        await self._browser.get("/_stcore/health", **{"Sec-Fetch-Dest": "empty"})
        protocols = (*_protocols(self._browser), self._session_id)
        self._stream = await self._browser.connect(_STREAM, *filter(None, protocols))
        if self._watch is not None:
            with suppress(ConnectionClosed, OSError):
                await self._watch.close()
            self._watch = await self._browser.connect(self._browser.watch_path)

    def _whole(self, message: ForwardMsg) -> ForwardMsg:
        """Return the message, from the kept ones if the server only refers to it."""
        if message.HasField("ref_hash"):
            whole = ForwardMsg()
            whole.CopyFrom(self._kept_messages[message.ref_hash])
            whole.metadata.CopyFrom(message.metadata)
            return whole
        if message.metadata.cacheable:
            self._kept_messages[message.hash] = message
        return message

    def _take(self, message: ForwardMsg) -> None:
        fragments = frozenset(message.metadata.run.fragment_ids)
        self.screen.take(message)
        match message.WhichOneof("type"):
            case "new_session":
                self._session_id = message.new_session.initialize.session_id
                if not fragments:
                    self._stop_timers()
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "file_urls_response" if self._addresses is not None:
                self._addresses.set_result(message.file_urls_response.file_urls[0])
            case "auto_rerun":
                self._start_timer(message.auto_rerun)
            case "script_finished":
                self._finish(message.script_finished, fragments)

    def _finish(self, status: int, fragments: frozenset[str]) -> None:
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return
        self.screen.settle(fragments)
        if not fragments:
            shown = self.screen.ids()
            self._states = {i: s for i, s in self._states.items() if i in shown}
        if self._finished is not None and not self._finished.done():
            self._finished.set_result("click" if fragments else "rerun")

    def _start_timer(self, wanted: Any) -> None:
        if (timer := self._timers.pop(wanted.fragment_id, None)) is not None:
            timer.cancel()
        self._timers[wanted.fragment_id] = asyncio.create_task(
            self._refresh(wanted.fragment_id, wanted.interval)
        )

    async def _refresh(self, fragment_id: str, every_seconds: float) -> None:
        """Run a fragment again and again, as the browser does by itself."""
        while True:
            await asyncio.sleep(every_seconds)
            # A request is waited for even if its page is being left.
            await asyncio.shield(self._refresh_once(fragment_id))

    async def _refresh_once(self, fragment_id: str) -> None:
        run = ClientState(page_script_hash=self.screen.page_hash)
        run.fragment_id, run.is_auto_rerun = fragment_id, True
        run.widget_states.widgets.extend(self._states.values())
        try:
            await self._run(run, "refresh")
        except (Refused, TimeoutError, ConnectionClosed) as refusal:
            if not self._is_leaving:
                self._browser.journal.fail(f"refresh: {refusal!r}")

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


def _protocols(browser: Browser) -> tuple[str, str]:
    """Return what Streamlit's browser side sends instead of headers."""
    return "streamlit", browser.xsrf_token or "no-token"


def _request(run: ClientState) -> bytes:
    return bytes(BackMsg(rerun_script=run).SerializeToString())


def _is_trigger(run: ClientState) -> bool:
    """Return whether somebody pressed something, which no later run repeats."""
    return not all(map(is_kept, run.widget_states.widgets))
