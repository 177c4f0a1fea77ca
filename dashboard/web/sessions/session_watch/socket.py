"""The websocket on which a page hears of its sign-in and reports input."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal
from uuid import UUID

import anyio
from anyio import to_thread
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.core.dependencies import SESSION
from dashboard.ui.clock import in_zone
from dashboard.web.installation_key import derive
from dashboard.web.sessions.live_sessions import AttendedPage, LiveSessions
from db.cluster.site_position import SitePosition, SiteReader
from db.postgres import Absence
from services.people.sessions import LiveSession

Ending = Literal["idle", "lifetime"]

# Of 15 minutes, the last 2 are warned of, and input is reported every 20 seconds.
_WARNED_SHARE: Final = 2 / 15
_REPORTS_PER_IDLE: Final = 45
_LOOK_EVERY_SECONDS: Final = 1.0
_LOOKS_PER_WARNING: Final = 10
_OVER: Final = 4401
_BLINK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """Whether the database takes changes and, if not, since what time of day.

    For a standby site, the time of day that it shows: the minute is enough for a note.
    """

    state: Literal["well", "changing", "read-only", "standby"]
    since: str | None = None


def database_state(absence: Absence | None, site: SitePosition | None) -> DatabaseState:
    """Return the state for a page; an absence of under half a second is left out."""
    if site is not None:
        as_of = f"{in_zone(site.as_of):%H:%M}" if site.as_of else "?"
        return DatabaseState("standby", as_of)
    if absence is None or absence.seconds < _BLINK_SECONDS:
        return DatabaseState("well")
    since = f"{in_zone(absence.since):%H:%M}"
    return DatabaseState("read-only" if absence.is_lasting else "changing", since)


class SessionSocket:
    """Answers WATCH_PATH; the gate lets only signed-in people's own pages through."""

    def __init__(
        self, live: LiveSessions, *, key: str, site: SiteReader | None = None
    ) -> None:
        self._live = live
        self._site = site
        self._key = key
        self._idle = live.limits.idle.total_seconds()
        self._warned = self._idle * _WARNED_SHARE

    async def follow(self, websocket: WebSocket) -> None:
        """Exchange messages until the page goes away or the sign-in ends."""
        live: LiveSession = websocket.scope[SESSION]
        await websocket.accept()
        with self._live.attend(live) as page:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tell, websocket, page, tasks.cancel_scope)
                await self._hear(websocket, live.record.id)
                tasks.cancel_scope.cancel()

    def _greeting(self, live: LiveSession, database: DatabaseState) -> dict[str, Any]:
        return {
            "kind": "hello",
            "database": asdict(database),
            "unread": live.unread,
            "reportSeconds": self._idle / _REPORTS_PER_IDLE,
            # What somebody typed is kept in their tab, and only this key opens it
            # again.
            "key": derive(self._key, f"typed by {live.actor.id}"),
        }

    async def _hear(self, websocket: WebSocket, session_id: UUID) -> None:
        """Record the input that the page reports, until it goes away."""
        try:
            while True:
                seconds_ago = _input_of(await websocket.receive_text())
                if seconds_ago is not None:
                    self._live.note_input(session_id, seconds_ago=seconds_ago)
        except (WebSocketDisconnect, KeyError):
            return

    async def _tell(
        self, websocket: WebSocket, page: AttendedPage, scope: anyio.CancelScope
    ) -> None:
        """Greet the page, warn it before the end or withdraw that on input, and end.

        In between, send changes of the database's state, and of the number of unread
        notifications.
        """
        warned_of: Ending | None = None
        known_state, known_live = await self._state(), page.live
        try:
            await websocket.send_json(self._greeting(known_live, known_state))
            while not page.is_over:
                warning, seconds = self._judge(page)
                if warning != warned_of:
                    await websocket.send_json(
                        {"kind": "warning", "of": warning, "seconds": seconds}
                    )
                    warned_of = warning
                state = await self._state()
                if state != known_state:
                    await websocket.send_json({"kind": "database", **asdict(state)})
                    known_state = state
                if page.live.unread != known_live.unread:
                    known_live = page.live
                    await websocket.send_json(
                        {"kind": "unread", "unread": known_live.unread}
                    )
                await page.wait_for_news(self._pause(page, warned_of))
            await websocket.send_json({"kind": "over"})
            await websocket.close(_OVER)
        except (WebSocketDisconnect, RuntimeError):
            # The page went away during a message; nobody is left to receive one.
            pass
        scope.cancel()

    async def _state(self) -> DatabaseState:
        site = None
        if self._site is not None and self._site.is_following:
            site = await to_thread.run_sync(self._site.position)
        return database_state(self._live.absence(), site)

    def _pause(self, page: AttendedPage, warned_of: Ending | None) -> float:
        """Return for how long there is nothing to send, unless the page has news.

        A thousand pages that looked every second would keep a tenth of a processor
        busy. Input on any other page may withdraw a warning at any time.
        """
        shortest = min(_LOOK_EVERY_SECONDS, self._warned / _LOOKS_PER_WARNING)
        if warned_of is not None:
            return shortest
        left = min(page.left_seconds(), self._idle - page.silent_seconds())
        return max(left - self._warned, shortest)

    def _judge(self, page: AttendedPage) -> tuple[Ending | None, float]:
        lifetime, idle = page.left_seconds(), self._idle - page.silent_seconds()
        if lifetime <= min(self._warned, idle):
            return "lifetime", lifetime
        return ("idle" if idle <= self._warned else None), idle


def _input_of(text: str) -> float | None:
    """Return how many seconds ago there was input; None if the text does not say."""
    try:
        seconds_ago = float(json.loads(text)["inputSecondsAgo"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return seconds_ago if seconds_ago >= 0 else None
